using System.Text;
using Confluent.Kafka;
using Microsoft.Extensions.Logging.Abstractions;
using StreamScoring.Topology.Dsl;
using StreamScoring.Topology.Execution;
using StreamScoring.Topology.Kafka;
using StreamScoring.Topology.Kafka.Embedded;
using StreamScoring.Topology.Processing;
using StreamScoring.Topology.Serialization;
using StreamScoring.Topology.Testing;
using StreamScoring.Topology.Tests.Kafka;
using static StreamScoring.Topology.Tests.TestTopologies;

namespace StreamScoring.Topology.Tests.Testing;

/// <summary>What the test driver says is what the engine does on a Kafka.</summary>
public sealed class DriverAndEngineAgreeTests
{
    private const int Count = 2_000;
    private const int Keys = 20;

    // Two sub-topologies: a model that fails on some records, then state for each partition.
    private static StreamTopology Build()
    {
        var builder = new StreamsBuilder();
        builder.Stream("in", Text)
            .ProcessBatch(new RecordingBatchProcessor { IsBad = value => value.EndsWith('7') }, named: "model")
            .Through("middle", TextOut)
            .Process(() => new CountingProcessor())
            .To("out", TextOut);
        return builder.Build();
    }

    [Fact]
    public async Task Outputs_and_dead_letters_are_the_same_for_each_key()
    {
        using var driver = new TopologyTestDriver(Build(), WithDeadLetters(TestBatching.Fixed(50)) with { Partitions = 1 });
        driver.Input().PipeKeyValueList(Enumerable.Range(0, Count).Select(i => Pair($"k{i % Keys}", $"{i}")));
        var expected = ByKey(driver.Output().ReadKeyValueList());
        var expectedLetters = ByKey(driver.Output("dlq").ReadKeyValueList());

        using var kafka = EmbeddedKafka.Start();
        foreach (var topic in new[] { "in", "middle", "out", "dlq" }) kafka.CreateTopic(topic, 1);
        Raw.Produce(kafka.BootstrapServers, "in", Count, Keys);
        using var stream = Start(kafka, Build().CreateExecutors(new ExecutorOptions { DeadLetterTopic = "dlq" }));
        using var stop = new CancellationTokenSource();
        var running = stream.RunAsync(stop.Token);
        var outputs = Raw.Consume(kafka.BootstrapServers, "out", Count * 9 / 10);
        var letters = Raw.Consume(kafka.BootstrapServers, "dlq", Count / 10);
        await stop.CancelAsync();
        await running;

        Assert.Equal(expected, ByKey(outputs.Select(Decode)));
        Assert.Equal(expectedLetters, ByKey(letters.Select(Decode)));
        Assert.Equal(Count, outputs.Count + letters.Count);
        var header = letters[0].Message.Headers.Single(h => h.Key == "streamscoring_node");
        Assert.Equal("model", Encoding.UTF8.GetString(header.GetValueBytes()));
    }

    [Fact]
    public async Task Punctuators_fire_in_the_engine_too()
    {
        var builder = new StreamsBuilder();
        builder.Stream("in", Text).Process(() => new LambdaProcessor((_, _) => { }, context =>
            context.Schedule(TimeSpan.FromMilliseconds(50), PunctuationType.WallClockTime, now =>
                context.Forward(new Record<string, string>($"{context.TaskId}", "tick", now, new RecordHeaders())))))
            .To("out", Produced.With(Serdes.String, Serdes.String));
        using var kafka = EmbeddedKafka.Start();
        kafka.CreateTopic("in", 2);
        kafka.CreateTopic("out", 1);
        using var stream = Start(kafka, builder.Build().CreateExecutors());
        using var stop = new CancellationTokenSource();
        var running = stream.RunAsync(stop.Token);
        using var consumer = new ConsumerBuilder<string, string>(new ConsumerConfig
        {
            BootstrapServers = kafka.BootstrapServers, GroupId = "reader", AutoOffsetReset = AutoOffsetReset.Earliest,
        }).Build();
        consumer.Subscribe("out");
        var tasks = new HashSet<string>();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        for (var ticks = 0; ticks < 6 || tasks.Count < 2; ticks++) tasks.Add(consumer.Consume(patience.Token).Message.Key);
        consumer.Close();
        await stop.CancelAsync();
        await running;
        Assert.Equal(["0_0", "0_1"], tasks.Order());
    }

    private static KafkaStream Start(EmbeddedKafka kafka, IReadOnlyList<IBatchExecutor> executors) => new(
        executors,
        new KafkaStreamOptions { BootstrapServers = kafka.BootstrapServers, Guarantee = ProcessingGuarantee.AtLeastOnce },
        NullLoggerFactory.Instance,
        TimeProvider.System);

    private static KeyValuePair<string, string> Decode(ConsumeResult<byte[], byte[]> record) =>
        Pair(Encoding.UTF8.GetString(record.Message.Key), Encoding.UTF8.GetString(record.Message.Value));

    private static Dictionary<string, string> ByKey(IEnumerable<KeyValuePair<string, string>> records) =>
        records.GroupBy(r => r.Key, r => r.Value).ToDictionary(g => g.Key, g => string.Join(' ', g));
}
