using System.Buffers;
using System.Text;
using StreamScoring.Schemas;
using StreamScoring.Schemas.Registry;
using StreamScoring.Topology.Dsl;
using StreamScoring.Topology.Execution;
using StreamScoring.Topology.Processing;
using StreamScoring.Topology.Serialization;
using StreamScoring.Topology.Testing;
using static StreamScoring.Topology.Tests.TestTopologies;

namespace StreamScoring.Topology.Tests.Execution;

/// <summary>
/// A record that cannot be read yet waits, and its partition with it; other partitions flow, no handler is asked, and
/// what has state sees each record once and in order.
/// </summary>
public sealed class WaitingRecordTests : IDisposable
{
    private readonly ReadableLater _serde = new();

    public void Dispose() => _serde.Dispose();

    [Fact]
    public void Its_partition_waits_in_order_and_the_others_flow()
    {
        using var driver = Driver(s => s.To("out", TextOut), TestBatching.Fixed(8));
        Pipe(driver, (0, "a"), (1, "later b"), (0, "c"), (1, "d"), (2, "e"));
        Assert.Equal(["a", "c", "e"], driver.Output().ReadValueList());

        Pipe(driver, (1, "f"), (2, "g"));
        Assert.Equal(["g"], driver.Output().ReadValueList());
        driver.AdvanceWallClockTime(TimeSpan.FromSeconds(1));
        Assert.Empty(driver.Output().ReadValueList());

        _serde.IsReady = true;
        driver.AdvanceWallClockTime(TimeSpan.FromSeconds(1));
        Assert.Equal(["later b", "d", "f"], driver.Output().ReadValueList());
        Assert.Equal((0, 0), (driver.DeadLetters, driver.Skipped));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(100)]
    public void A_processor_with_state_sees_each_record_once_and_in_order(int batch)
    {
        using var driver = Driver(s => s.Process(() => new CountingProcessor()).To("out", TextOut), TestBatching.Fixed(batch));
        Pipe(driver, (0, "a"), (1, "x"), (0, "later b"), (0, "c"), (1, "y"));
        Pipe(driver, (0, "d"), (1, "z"));
        _serde.IsReady = true;
        driver.AdvanceWallClockTime(TimeSpan.FromSeconds(1));
        var values = driver.Output().ReadValueList().ToLookup(value => "xyz".Contains(value[0], StringComparison.Ordinal));
        Assert.Equal(["a#1", "later b#2", "c#3", "d#4"], values[false]);
        Assert.Equal(["x#1", "y#2", "z#3"], values[true]);
    }

    [Fact]
    public void The_batch_says_which_inputs_wait()
    {
        using var executor = Assert.Single(Topology(s => s.To("out", TextOut)).CreateExecutors());
        var result = executor.Execute(
            [Record(0, 0, "a"), Record(1, 0, "later b"), Record(0, 1, "c"), Record(1, 1, "d")], TestContext.Current.CancellationToken);
        Assert.Equal([1, 3], result.Waiting);
        Assert.Equal([1, 0, 1, 0], result.InputCounts);
        Assert.Equal((0, 0), (result.DeadLetters, result.Skipped));
    }

    private StreamTopology Topology(Action<IKStream<string, string>> define)
    {
        var builder = new StreamsBuilder();
        define(builder.Stream("in", Consumed.With(Serdes.String, _serde)));
        return builder.Build();
    }

    private TopologyTestDriver Driver(Action<IKStream<string, string>> define, TestBatching batching) =>
        new(Topology(define), new TopologyTestDriverOptions { Partitions = 3, Batching = batching });

    private static void Pipe(TopologyTestDriver driver, params (int Partition, string Value)[] records)
    {
        using var hold = driver.Hold();
        foreach (var (partition, value) in records) driver.Input().PipeInput("k", value, new RecordHeaders(), partition: partition);
    }

    private static ConsumedRecord Record(int partition, long offset, string value) =>
        new("in", partition, offset, 1_000, [1], Encoding.UTF8.GetBytes(value), new RecordHeaders());

    /// <summary>Text, of which some needs a schema that a registry has not given yet.</summary>
    private sealed class ReadableLater : ISerde<string>, IDisposable
    {
        private readonly SchemaRegistryClient _silent = new(new SchemaRegistryOptions
        {
            Urls = [new Uri("http://127.0.0.1:9")], Patience = TimeSpan.Zero, Retries = 0,
        });

        public bool IsReady { get; set; }

        public void Dispose() => _silent.Dispose();

        public void Serialize(string value, IBufferWriter<byte> destination, in SerdeContext context) =>
            Serdes.String.Serialize(value, destination, context);

        public string Deserialize(ReadOnlySpan<byte> data, in SerdeContext context)
        {
            var text = Serdes.String.Deserialize(data, context);
            if (!IsReady && text.StartsWith("later", StringComparison.Ordinal)) _silent.GetSchema(1);
            return text;
        }
    }
}
