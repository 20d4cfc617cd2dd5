using StreamScoring.Topology.Dsl;
using StreamScoring.Topology.Execution;
using StreamScoring.Topology.Processing;
using StreamScoring.Topology.Testing;
using static StreamScoring.Topology.Tests.TestTopologies;

namespace StreamScoring.Topology.Tests.Execution;

public sealed class BatchNodeTests
{
    private static string[] Numbers(int from, int count) => [.. Enumerable.Range(from, count).Select(i => $"{i}")];

    [Fact]
    public void The_whole_micro_batch_goes_to_the_model_in_one_call()
    {
        var model = new RecordingBatchProcessor();
        using var driver = Drive(
            s => s.ProcessBatch(model).To("out", TextOut), new TopologyTestDriverOptions { Batching = TestBatching.Fixed(10) });
        driver.Input().PipeValueList(Numbers(0, 10));
        Assert.Equal([10], model.BatchSizes);
        Assert.Equal(Numbers(0, 10).Select(v => v + "!"), driver.Output().ReadValueList());
    }

    [Fact]
    public void A_batch_larger_than_the_models_limit_goes_in_chunks()
    {
        var model = new RecordingBatchProcessor();
        using var driver = Drive(
            s => s.ProcessBatch(model, new BatchOptions { MaxRecords = 4 }).To("out", TextOut),
            new TopologyTestDriverOptions { Batching = TestBatching.Fixed(10) });
        driver.Input().PipeValueList(Numbers(0, 10));
        Assert.Equal([4, 4, 2], model.BatchSizes);
        Assert.Equal(Numbers(0, 10).Select(v => v + "!"), driver.Output().ReadValueList());
    }

    [Fact]
    public void What_is_flat_mapped_before_the_model_is_scored_in_the_same_batch()
    {
        var model = new RecordingBatchProcessor();
        using var driver = Drive(
            s => s.FlatMapValues(v => v.Split(' ')).ProcessBatch(model).To("out", TextOut),
            new TopologyTestDriverOptions { Batching = TestBatching.Fixed(10) });
        driver.Input().PipeValueList(["a b", "c", "d e f"]);
        Assert.Equal([6], model.BatchSizes);
        Assert.Equal(["a!", "b!", "c!", "d!", "e!", "f!"], driver.Output().ReadValueList());
    }

    [Fact]
    public void A_bad_record_is_dead_lettered_alone_and_in_its_place()
    {
        var model = new RecordingBatchProcessor();
        using var driver = Drive(s => s.ProcessBatch(model, named: "model").To("out", TextOut), WithDeadLetters(TestBatching.Fixed(8)));
        driver.Input().PipeValueList(["0", "1", "bad 2", "3", "4", "5", "6", "bad 7"]);
        Assert.Equal(["0!", "1!", "3!", "4!", "5!", "6!"], driver.Output().ReadValueList());
        var letters = driver.Output("dlq").ReadRecordList();
        Assert.Equal(["bad 2", "bad 7"], letters.Select(l => l.Value));
        Assert.All(letters, l => Assert.Equal("model", l.Headers.GetText("streamscoring_node")));
        Assert.Equal(2, driver.DeadLetters);
        Assert.Equal(8, model.BatchSizes[0]);
    }

    [Fact]
    public void Outputs_and_dead_letters_come_in_input_order()
    {
        var topology = Build(s => s.ProcessBatch(new RecordingBatchProcessor()).To("out", TextOut));
        using var executor = topology.CreateExecutors(new ExecutorOptions { DeadLetterTopic = "dlq" })[0];
        var result = executor.Execute(Records("0", "bad 1", "2", "bad 3", "bad 4", "5"), CancellationToken.None);
        Assert.Equal(
            ["out:0!", "dlq:bad 1", "out:2!", "dlq:bad 3", "dlq:bad 4", "out:5!"],
            result.Outputs.Select(o => $"{o.Topic}:{System.Text.Encoding.UTF8.GetString(o.Value!)}"));
        Assert.Equal([1, 1, 1, 1, 1, 1], result.InputCounts);
        Assert.Equal(3, result.DeadLetters);
    }

    [Fact]
    public void A_model_may_name_the_records_it_cannot_score()
    {
        var calls = 0;
        using var driver = Drive(s => s.ProcessBatch(new NamingProcessor(() => calls++)).To("out", TextOut), WithDeadLetters(TestBatching.Fixed(4)));
        driver.Input().PipeValueList(["a", "bad", "c", "d"]);
        Assert.Equal(["a", "c", "d"], driver.Output().ReadValueList());
        Assert.Equal(["bad"], driver.Output("dlq").ReadValueList());
        Assert.Equal(1, calls);
    }

    [Fact]
    public void Results_in_any_order_are_put_into_input_order()
    {
        using var driver = Drive(
            s => s.ProcessBatch(new BackwardsProcessor()).To("out", TextOut),
            new TopologyTestDriverOptions { Batching = TestBatching.Fixed(3) });
        driver.Input().PipeValueList(["a", "b", "c"]);
        Assert.Equal(["a1", "a2", "b1", "b2", "c1", "c2"], driver.Output().ReadValueList());
    }

    [Fact]
    public void A_model_that_fails_on_everything_stops_the_stream_instead_of_emptying_it_into_the_dead_letters()
    {
        var model = new RecordingBatchProcessor { IsBad = _ => true };
        var options = new TopologyTestDriverOptions
        {
            Executors = new ExecutorOptions { DeadLetterTopic = "dlq", MaxConsecutiveFailures = 20 },
            Batching = TestBatching.Fixed(8),
        };
        using var driver = Drive(s => s.ProcessBatch(model, named: "model").To("out", TextOut), options);
        var exception = Assert.Throws<StreamProcessingException>(() => driver.Input().PipeValueList(Numbers(0, 100)));
        Assert.Equal("model", exception.Node);
        Assert.Contains("20 records in a row", exception.Message);
        Assert.Contains("cannot score '19'", exception.Message);
        Assert.Equal(16, driver.Output("dlq").QueueSize);
    }

    [Fact]
    public void Bad_records_among_good_ones_never_stop_the_stream()
    {
        var options = new TopologyTestDriverOptions
        {
            Executors = new ExecutorOptions { DeadLetterTopic = "dlq", MaxConsecutiveFailures = 5 },
            Batching = TestBatching.Fixed(7),
        };
        using var driver = Drive(s => s.ProcessBatch(new RecordingBatchProcessor()).To("out", TextOut), options);
        driver.Input().PipeValueList(Enumerable.Range(0, 200).Select(i => i % 4 == 0 ? $"{i}" : $"bad {i}"));
        Assert.Equal(50, driver.Output().QueueSize);
        Assert.Equal(150, driver.Output("dlq").QueueSize);
    }

    [Fact]
    public void Without_a_dead_letter_topic_the_first_bad_record_stops_the_stream()
    {
        using var driver = Drive(
            s => s.ProcessBatch(new RecordingBatchProcessor(), named: "model").To("out", TextOut),
            new TopologyTestDriverOptions { Batching = TestBatching.Fixed(4) });
        var exception = Assert.Throws<StreamProcessingException>(() => driver.Input().PipeValueList(["a", "bad b", "c"]));
        Assert.Equal("model", exception.Node);
        Assert.Equal(1, exception.Record!.Offset);
        Assert.Contains("in-0@1", exception.Message);
        Assert.Contains("cannot score 'bad b' (A dead-letter topic would", exception.Message);
    }

    [Fact]
    public void Cancelling_ends_the_batch_and_fails_no_record()
    {
        using var stop = new CancellationTokenSource();
        var topology = Build(s => s.Score<string>((_, _, token) =>
        {
            stop.Cancel();
            token.ThrowIfCancellationRequested();
        }).To("out", TextOut));
        using var executor = topology.CreateExecutors(new ExecutorOptions { DeadLetterTopic = "dlq" })[0];
        Assert.Throws<OperationCanceledException>(() => executor.Execute(Records("a", "b"), stop.Token));
        // The executor is fit for the next batch.
        Assert.Empty(executor.Execute([], CancellationToken.None).Outputs);
    }

    [Fact]
    public void Score_gives_each_record_its_value()
    {
        using var driver = Drive(
            s => s.Score<string>((batch, results, _) =>
            {
                for (var i = 0; i < batch.Length; i++) results[i] = batch[i].Value + i;
            }).To("out", TextOut),
            new TopologyTestDriverOptions { Batching = TestBatching.Fixed(2) });
        driver.Input().PipeValueList(["a", "b", "c"]);
        Assert.Equal(["a0", "b1", "c0"], driver.Output().ReadValueList());
    }

    [Fact]
    public void The_widest_model_and_the_most_impatient_one_set_the_limits()
    {
        var topology = Build(s => s
            .ProcessBatch(new RecordingBatchProcessor(), new BatchOptions { MaxRecords = 8, Linger = TimeSpan.FromMilliseconds(50) })
            .ProcessBatch(new RecordingBatchProcessor(), new BatchOptions { MaxRecords = 128, Linger = TimeSpan.FromMilliseconds(2), MaxBytes = 1000 })
            .To("out", TextOut));
        using var executor = topology.CreateExecutors()[0];
        Assert.Equal(new BatchLimits(128, 1000, TimeSpan.FromMilliseconds(2)), executor.Limits);
        Assert.True(executor.IsStateless);
    }

    [Fact]
    public async Task A_stateless_sub_topology_runs_on_several_threads_at_once()
    {
        var topology = Build(s => s.FlatMapValues(v => new[] { v + "a", v + "b" })
            .ProcessBatch(new RecordingBatchProcessor()).To("out", TextOut));
        using var executor = topology.CreateExecutors(new ExecutorOptions { DeadLetterTopic = "dlq" })[0];
        await Task.WhenAll(Enumerable.Range(0, 4).Select(thread => Task.Run(() =>
        {
            for (var round = 0; round < 200; round++)
            {
                var prefix = $"{thread}-{round}-";
                var result = executor.Execute(Records(prefix + "x", "bad" + prefix, prefix + "y"), CancellationToken.None);
                Assert.Equal(
                    [prefix + "xa!", prefix + "xb!", "bad" + prefix, prefix + "ya!", prefix + "yb!"],
                    result.Outputs.Select(o => System.Text.Encoding.UTF8.GetString(o.Value!)));
            }
        })));
    }

    private static ConsumedRecord[] Records(params string[] values) =>
        [.. values.Select((v, i) => new ConsumedRecord("in", 0, i, 1000 + i, null, System.Text.Encoding.UTF8.GetBytes(v), new RecordHeaders()))];

    private sealed class NamingProcessor(Action called) : IBatchProcessor<string, string, string, string>
    {
        public void Process(
            ReadOnlySpan<Record<string, string>> batch, BatchOutput<string, string> output, CancellationToken cancellationToken)
        {
            called();
            for (var i = 0; i < batch.Length; i++)
            {
                output.Forward(i, batch[i]);
                if (batch[i].Value == "bad") output.Fail(i, new InvalidDataException("bad"));
            }
        }
    }

    private sealed class BackwardsProcessor : IBatchProcessor<string, string, string, string>
    {
        public void Process(
            ReadOnlySpan<Record<string, string>> batch, BatchOutput<string, string> output, CancellationToken cancellationToken)
        {
            for (var i = batch.Length - 1; i >= 0; i--)
            {
                output.Forward(i, batch[i].WithValue(batch[i].Value + "1"));
                output.Forward(i, batch[i].WithValue(batch[i].Value + "2"));
            }
        }
    }
}
