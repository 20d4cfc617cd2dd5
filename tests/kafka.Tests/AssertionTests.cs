using System.Text;
using Confluent.Kafka;
using StreamScoring.Testing.Assertions;
using StreamScoring.Testing.Brokers;
using StreamScoring.Testing.Records;
using StreamScoring.Topology;
using StreamScoring.Topology.Dsl;
using StreamScoring.Topology.Processing;
using StreamScoring.Topology.Serialization;
using StreamScoring.Topology.Testing;
using Xunit.Sdk;

namespace StreamScoring.Testing.Tests;

public sealed class AssertionTests(KafkaFixture kafka)
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public void A_topology_whose_answers_depend_on_the_batch_is_found_out()
    {
        static void Pipe(TopologyTestDriver driver)
        {
            var input = driver.CreateInputTopic("in", Serdes.String, Serdes.String);
            for (var i = 0; i < 40; i++) input.PipeInput($"k{i % 3}", $"v{i}");
        }

        TopologyAssert.IsIndependentOfBatching(() => Build(stream => stream.MapValues(value => value + "!")), Pipe, "out");
        var error = Assert.Throws<TrueException>(() => TopologyAssert.IsIndependentOfBatching(() => Build(stream => stream.ProcessBatch(new BatchSizes())), Pipe, "out"));
        Assert.Contains("With batches of 2, topic out holds other records of key", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_failed_in_the_driver_fails_the_test()
    {
        using var driver = new TopologyTestDriver(
            Build(stream => stream.MapValues(value => value == "bad" ? throw new FormatException(value) : value)),
            new TopologyTestDriverOptions { Executors = new() { DeadLetterTopic = "dead" } });
        var input = driver.CreateInputTopic("in", Serdes.String, Serdes.String);
        input.PipeInput("k", "good");
        TopologyAssert.NothingFailed(driver);
        input.PipeInput("k", "bad");
        Assert.Throws<TrueException>(() => TopologyAssert.NothingFailed(driver));
        Assert.Throws<EqualException>(() => TopologyAssert.Holds(driver.CreateOutputTopic("out", Serdes.String, Serdes.String), ("k", "other")));
    }

    [Fact]
    public async Task What_is_missing_doubled_or_strange_in_a_topic_is_named()
    {
        var broker = await kafka.UseAsync(KafkaKind.Embedded);
        var topic = await broker.NewTopicAsync("assert", 2, Stop);
        KafkaRecords.Produce(broker, topic, new[] { ("a", 1), ("b", 1), ("a", 2), ("c", 5) }.Select(record => new Message<byte[], byte[]>
        {
            Key = Encoding.UTF8.GetBytes(record.Item1),
            Value = BitConverter.GetBytes(record.Item2),
        }));

        var error = Assert.Throws<TrueException>(() => KafkaAssert.EachOnce(broker, topic, ["a", "b", "d"], Stop));

        Assert.Contains("1 missing (d), 1 there more than once (a), 1 never sent (c)", error.Message, StringComparison.Ordinal);
        var records = KafkaRecords.ConsumeAll(broker, [topic], null, Stop);
        KafkaAssert.InOrderForEachKey(records, record => BitConverter.ToInt32(record.Message.Value));
        Assert.Throws<TrueException>(() => KafkaAssert.InOrderForEachKey(records, record => -BitConverter.ToInt32(record.Message.Value)));
    }

    private static StreamTopology Build(Func<IKStream<string, string>, IKStream<string, string>> steps)
    {
        var builder = new StreamsBuilder();
        steps(builder.Stream("in", Consumed.With(Serdes.String, Serdes.String))).To("out", Produced.With(Serdes.String, Serdes.String));
        return builder.Build();
    }

    /// <summary>As a model does whose batch shares one scale.</summary>
    private sealed class BatchSizes : IBatchProcessor<string, string, string, string>
    {
        public void Process(ReadOnlySpan<Record<string, string>> batch, BatchOutput<string, string> output, CancellationToken cancellationToken)
        {
            for (var i = 0; i < batch.Length; i++) output.Forward(i, batch[i] with { Value = $"{batch[i].Value} of {batch.Length}" });
        }
    }
}
