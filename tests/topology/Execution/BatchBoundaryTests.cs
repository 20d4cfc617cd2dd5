using CsCheck;
using StreamScoring.Topology.Dsl;
using StreamScoring.Topology.Processing;
using StreamScoring.Topology.Testing;
using static StreamScoring.Topology.Tests.TestTopologies;

namespace StreamScoring.Topology.Tests.Execution;

/// <summary>What comes out must not depend on how the input was cut into batches.</summary>
public sealed class BatchBoundaryTests
{
    private static readonly string[] Values = ["a", "bb", "ccc", "bad", "none", "two halves", "poison", "x"];

    private static readonly Gen<(int Key, string Value, int TimestampMs)[]> Inputs = Gen.Select(
        Gen.Int[0, 4], Gen.Int[0, Values.Length - 1].Select(i => Values[i]), Gen.Int[0, 500]).Array[1, 60];

    private static readonly (string Name, StreamTopology Topology)[] Topologies =
    [
        ("model", Build(s => s.ProcessBatch(new RecordingBatchProcessor()).To("out", TextOut))),
        ("state before and after the model, punctuators, branches of different lengths", Build(Elaborate)),
        ("models behind each other and around", Build(s =>
        {
            var once = s.FlatMapValues(v => v.Split(' ')).ProcessBatch(new RecordingBatchProcessor(), new BatchOptions { MaxRecords = 3 });
            var twice = once.Filter((_, v) => v != "none!").ProcessBatch(new RecordingBatchProcessor { IsBad = v => v == "poison!" });
            s.Merge(once).Merge(twice).ProcessBatch(new RecordingBatchProcessor { IsBad = _ => false }).To("out", TextOut);
        })),
        ("through a topic", Build(s => s.ProcessBatch(new RecordingBatchProcessor()).Through("half-way", TextOut)
            .Process(() => new CountingProcessor()).To("out", TextOut))),
    ];

    [Fact]
    public void Any_batch_boundaries_give_the_same_topics_record_by_record() =>
        Gen.Select(Gen.Int[0, Topologies.Length - 1], Inputs, Gen.Int[2, 70]).Sample((which, input, size) =>
        {
            var (name, topology) = Topologies[which];
            var expected = Run(topology, input, TestBatching.OneByOne, partitions: 1);
            Assert.True(expected.SequenceEqual(Run(topology, input, TestBatching.Fixed(size), partitions: 1)), name);
        }, iter: 150);

    [Fact]
    public void Interleaved_partitions_and_random_boundaries_keep_each_keys_records_and_order() =>
        Gen.Select(Gen.Int[0, Topologies.Length - 1], Inputs, Gen.Int).Sample((which, input, seed) =>
        {
            var (name, topology) = Topologies[which];
            // Timestamps rise, so that the punctuators of a task do not depend on the order between partitions.
            var rising = input.Select((r, i) => (r.Key, r.Value, TimestampMs: i * 20)).ToArray();
            var expected = Run(topology, rising, TestBatching.OneByOne, partitions: 3);
            var actual = Run(topology, rising, TestBatching.Random(seed), partitions: 3);
            Assert.True(expected.Order().SequenceEqual(actual.Order()), name);
            Assert.True(expected.GroupBy(KeyOf).OrderBy(g => g.Key).Select(g => string.Join('\n', g))
                .SequenceEqual(actual.GroupBy(KeyOf).OrderBy(g => g.Key).Select(g => string.Join('\n', g))), name);
        }, iter: 150);

    [Fact]
    public void The_same_seed_cuts_the_same_batches()
    {
        static List<int> Sizes()
        {
            var model = new RecordingBatchProcessor();
            using var driver = Drive(
                s => s.ProcessBatch(model).To("out", TextOut), new TopologyTestDriverOptions { Batching = TestBatching.Random(42, 8) });
            driver.Input().PipeValueList(Enumerable.Range(0, 100).Select(i => $"{i}"));
            return model.BatchSizes;
        }
        var sizes = Sizes();
        Assert.Equal(sizes, Sizes());
        Assert.Equal(100, sizes.Sum());
        Assert.True(sizes.Distinct().Count() > 3);
    }

    private static void Elaborate(IKStream<string, string> s)
    {
        var counted = s.Process(() => new LambdaProcessor(
            (context, record) =>
            {
                context.Forward(record);
                if (record.Value == "x") context.Forward(record.WithValue("x twice"));
            },
            context => context.Schedule(TimeSpan.FromMilliseconds(100), PunctuationType.StreamTime, now =>
                context.Forward(new Record<string, string>($"tick-{context.TaskId}", $"tick {now}", now, new RecordHeaders())))));
        var scored = counted.ProcessBatch(new RecordingBatchProcessor(), new BatchOptions { MaxRecords = 5 });
        scored.Merge(counted.Filter((_, v) => v.Length > 1)).Process(() => new CountingProcessor()).Process(() => new LambdaProcessor(
            (context, record) => context.Forward(record),
            context => context.Schedule(TimeSpan.FromMilliseconds(150), PunctuationType.StreamTime, now =>
                context.Forward(new Record<string, string>($"tock-{context.TaskId}", $"tock {now}", now, new RecordHeaders())))))
            .MapValues(v => v.StartsWith("poison") ? throw new FormatException("poison") : v)
            .To("out", TextOut);
        counted.To("direct", TextOut);
    }

    private static string KeyOf(string line) => string.Join(' ', line.Split(' ')[..2]);

    private static List<string> Run(
        StreamTopology topology, (int Key, string Value, int TimestampMs)[] input, TestBatching batching, int partitions)
    {
        using var driver = new TopologyTestDriver(topology, WithDeadLetters(batching) with { Partitions = partitions });
        driver.Input().PipeRecordList(input.Select(r => new TestRecord<string, string>($"k{r.Key}", r.Value)
        {
            TimestampMs = r.TimestampMs,
            Headers = new RecordHeaders().Add("client", r.Value),
        }));
        var lines = new List<string>();
        foreach (var topic in new[] { "out", "direct", "half-way", "dlq" })
        {
            lines.AddRange(driver.Output(topic).ReadRecordList().Select(r =>
                $"{topic} {r.Key} {r.Value} {r.TimestampMs} {r.Headers.GetText("client")} {r.Headers.GetText("__streams.errors.message")}"));
        }
        return lines;
    }
}
