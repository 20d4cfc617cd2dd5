using Microsoft.Extensions.Time.Testing;
using StreamScoring.Topology.Dsl;
using StreamScoring.Topology.Execution;
using StreamScoring.Topology.Processing;
using StreamScoring.Topology.Testing;
using static StreamScoring.Topology.Tests.TestTopologies;

namespace StreamScoring.Topology.Tests.Execution;

public sealed class ProcessorTests
{
    [Fact]
    public void Each_partition_has_a_processor_of_its_own()
    {
        using var driver = Drive(
            s => s.Process(() => new CountingProcessor()).To("out", TextOut), new TopologyTestDriverOptions { Partitions = 2 });
        var input = driver.Input();
        foreach (var partition in new[] { 0, 1, 0, 0, 1 })
            input.PipeInput("k", "v", new RecordHeaders(), partition: partition);
        Assert.Equal(["v#1", "v#1", "v#2", "v#3", "v#2"], driver.Output().ReadValueList());
    }

    [Fact]
    public void The_context_knows_the_task_and_the_input_record()
    {
        var seen = new List<string>();
        using var driver = Drive(
            s => s.Process(() => new LambdaProcessor(
                (context, record) =>
                {
                    var m = context.Metadata!.Value;
                    seen.Add($"{context.TaskId} {context.NodeName} {m.Topic}-{m.Partition}@{m.Offset} {m.TimestampMs} {m.Headers.GetText("h")} {context.CurrentStreamTimeMs}");
                },
                context => seen.Add($"{context.TaskId} {context.Metadata is null} {context.CurrentStreamTimeMs}")), "p"),
            new TopologyTestDriverOptions { Partitions = 2 });
        driver.Input().PipeInput("k", "v", new RecordHeaders().Add("h", "x"), timestampMs: 500, partition: 1);
        driver.Input().PipeInput("k", "v", new RecordHeaders().Add("h", "y"), timestampMs: 400, partition: 1);
        Assert.Equal(
            ["0_0 True -1", "0_1 True -1", "0_1 p in-1@0 500 x 500", "0_1 p in-1@1 400 y 500"], seen);
    }

    [Fact]
    public void Forward_reaches_every_child_or_the_one_that_is_named()
    {
        using var driver = Drive(s =>
        {
            var processed = s.Process(() => new LambdaProcessor((context, record) =>
            {
                if (record.Value == "all") context.Forward(record);
                else context.Forward(record, record.Value);
            }));
            processed.Filter((_, _) => true, "left").To("l", TextOut);
            processed.Filter((_, _) => true, "right").To("r", TextOut);
        }, WithDeadLetters());
        driver.Input().PipeValueList(["all", "left", "right", "nowhere"]);
        Assert.Equal(["all", "left"], driver.Output("l").ReadValueList());
        Assert.Equal(["all", "right"], driver.Output("r").ReadValueList());
        Assert.Contains("has no child 'nowhere'; it has: left, right", driver.Output("dlq").ReadRecord().Headers.GetText("__streams.errors.message"));
    }

    [Fact]
    public void Branches_never_share_headers()
    {
        using var driver = Drive(s =>
        {
            IKStream<string, string> Mark(string mark) => s.Process(() => new LambdaProcessor((context, record) =>
            {
                record.Headers.Add("mark", mark);
                context.Forward(record);
                record.Headers.Add("late", mark);
            }));
            Mark("a").To("a", TextOut);
            Mark("b").To("b", TextOut);
            s.To("plain", TextOut);
        });
        var headers = new RecordHeaders().Add("client", "c");
        driver.Input().PipeInput("k", "v", headers);
        static string[] Text(TestRecord<string, string> record) => [.. record.Headers.Select(h => $"{h.Key}={System.Text.Encoding.UTF8.GetString(h.Value!)}")];
        Assert.Equal(["client=c", "mark=a"], Text(driver.Output("a").ReadRecord()));
        Assert.Equal(["client=c", "mark=b"], Text(driver.Output("b").ReadRecord()));
        Assert.Equal(["client=c"], Text(driver.Output("plain").ReadRecord()));
        Assert.Single(headers);
    }

    [Fact]
    public void A_failure_that_a_processor_swallows_still_fails_the_record()
    {
        using var driver = Drive(s => s.Process(() => new LambdaProcessor((context, record) =>
        {
            try
            {
                context.Forward(record);
            }
            catch (FormatException)
            {
                context.Forward(record.WithValue("0"));
            }
        })).MapValues(v => $"{int.Parse(v)}", "parse").To("out", TextOut), WithDeadLetters());
        driver.Input().PipeValueList(["1", "x", "2"]);
        Assert.Equal(["1", "2"], driver.Output().ReadValueList());
        var letter = driver.Output("dlq").ReadRecord();
        Assert.Equal("x", letter.Value);
        Assert.Equal("parse", letter.Headers.GetText("streamscoring_node"));
        Assert.Equal("System.FormatException", letter.Headers.GetText("__streams.errors.exception"));
    }

    [Fact]
    public void Stream_time_punctuators_follow_the_timestamps_of_their_task()
    {
        using var driver = Drive(s => s.Process(() => Punctuated(PunctuationType.StreamTime, 100)).To("out", TextOut));
        var input = driver.Input();
        foreach (var timestampMs in new long[] { 1020, 1050, 990, 1100, 1350, 1399, 1400 }) input.PipeInput("k", "v", timestampMs);
        Assert.Equal(
            ["v@1020", "tick 1020", "v@1050", "v@990", "v@1100", "tick 1100", "v@1350", "tick 1350", "v@1399", "v@1400", "tick 1400"],
            driver.Output().ReadValueList());
    }

    [Fact]
    public void Wall_clock_punctuators_follow_the_clock_and_make_up_for_nothing()
    {
        using var driver = Drive(s => s.Process(() => Punctuated(PunctuationType.WallClockTime, 100)).To("out", TextOut));
        var startMs = driver.TimeProvider.GetUtcNow().ToUnixTimeMilliseconds();
        var output = driver.Output();
        driver.AdvanceWallClockTime(TimeSpan.FromMilliseconds(99));
        Assert.True(output.IsEmpty);
        driver.AdvanceWallClockTime(TimeSpan.FromMilliseconds(1));
        Assert.Equal([$"tick {startMs + 100}"], output.ReadValueList());
        driver.AdvanceWallClockTime(TimeSpan.FromMilliseconds(550));
        Assert.Equal([$"tick {startMs + 650}"], output.ReadValueList());
        driver.AdvanceWallClockTime(TimeSpan.FromMilliseconds(50));
        Assert.Equal([$"tick {startMs + 700}"], output.ReadValueList());
    }

    [Fact]
    public void The_engine_learns_when_the_next_punctuation_is_due()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UnixEpoch.AddDays(1));
        ICancellable? schedule = null;
        var topology = Build(s => s.Process(() => new LambdaProcessor(
            (_, _) => { },
            context => schedule = context.Schedule(TimeSpan.FromSeconds(10), PunctuationType.WallClockTime, _ => { }))));
        using var executor = topology.CreateExecutors(new ExecutorOptions { TimeProvider = time })[0];
        Assert.False(executor.IsStateless);
        Assert.Null(executor.NextPunctuation);
        executor.OpenTasks([3]);
        Assert.Equal(time.GetUtcNow().AddSeconds(10), executor.NextPunctuation);
        time.Advance(TimeSpan.FromSeconds(25));
        executor.Punctuate(time.GetUtcNow());
        Assert.Equal(DateTimeOffset.UnixEpoch.AddDays(1).AddSeconds(30), executor.NextPunctuation);
        schedule!.Cancel();
        executor.Punctuate(time.GetUtcNow());
        Assert.Null(executor.NextPunctuation);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(-1)]
    public void A_wall_clock_that_is_set_neither_delays_nor_hastens_a_punctuator(int hours)
    {
        var time = new SetClock();
        var calls = new List<long>();
        var topology = Build(s => s.Process(() => new LambdaProcessor(
            (_, _) => { },
            context => context.Schedule(TimeSpan.FromSeconds(10), PunctuationType.WallClockTime, calls.Add))));
        using var executor = topology.CreateExecutors(new ExecutorOptions { TimeProvider = time })[0];
        executor.OpenTasks([0]);
        time.Advance(TimeSpan.FromSeconds(9));
        time.Set(TimeSpan.FromHours(hours));
        executor.Punctuate(time.GetUtcNow());
        Assert.Empty(calls);
        Assert.Equal(time.GetUtcNow().AddSeconds(1), executor.NextPunctuation);
        time.Advance(TimeSpan.FromSeconds(1));
        executor.Punctuate(time.GetUtcNow());
        // What it is told is the time that the machine shows.
        Assert.Equal([time.GetUtcNow().ToUnixTimeMilliseconds()], calls);
        time.Set(TimeSpan.Zero);
        Assert.Equal(time.GetUtcNow().AddSeconds(10), executor.NextPunctuation);
    }

    [Fact]
    public void A_punctuator_can_cancel_itself_and_schedule_another()
    {
        using var driver = Drive(s => s.Process(() =>
        {
            ICancellable? first = null;
            return new LambdaProcessor((_, _) => { }, context =>
            {
                void Second(long now) => context.Forward(new Record<string, string>("k", "second", now, new RecordHeaders()));
                first = context.Schedule(TimeSpan.FromSeconds(1), PunctuationType.WallClockTime, now =>
                {
                    context.Forward(new Record<string, string>("k", "first", now, new RecordHeaders()));
                    first!.Cancel();
                    context.Schedule(TimeSpan.FromSeconds(1), PunctuationType.WallClockTime, Second);
                });
            });
        }).To("out", TextOut));
        for (var i = 0; i < 3; i++) driver.AdvanceWallClockTime(TimeSpan.FromSeconds(1));
        Assert.Equal(["first", "second", "second"], driver.Output().ReadValueList());
    }

    [Fact]
    public void What_a_punctuator_forwards_goes_through_the_models_too()
    {
        using var driver = Drive(s => s.Process(() => Punctuated(PunctuationType.WallClockTime, 100))
            .ProcessBatch(new RecordingBatchProcessor()).To("out", TextOut));
        driver.AdvanceWallClockTime(TimeSpan.FromMilliseconds(100));
        Assert.EndsWith("!", driver.Output().ReadValue());
        Assert.True(driver.Output().IsEmpty);
    }

    [Fact]
    public void A_punctuator_that_throws_stops_the_stream_as_there_is_no_record_to_dead_letter()
    {
        using var driver = Drive(s => s.Process(() => new LambdaProcessor((_, _) => { }, context =>
            context.Schedule(TimeSpan.FromSeconds(1), PunctuationType.WallClockTime, _ => throw new TimeoutException("too late"))), "p"),
            WithDeadLetters());
        var exception = Assert.Throws<StreamProcessingException>(() => driver.AdvanceWallClockTime(TimeSpan.FromSeconds(1)));
        Assert.Equal("p", exception.Node);
        Assert.Null(exception.Record);
        Assert.Contains("too late", exception.Message);
    }

    [Fact]
    public void What_a_stream_time_punctuator_sent_stays_when_the_record_that_set_it_off_fails()
    {
        using var driver = Drive(
            s => s.Process(() => Punctuated(PunctuationType.StreamTime, 100))
                .MapValues(v => v.StartsWith("bad") ? throw new FormatException() : v).To("out", TextOut),
            WithDeadLetters(TestBatching.Fixed(3)));
        using (driver.Hold())
        {
            driver.Input().PipeInput("k", "good", 1000);
            driver.Input().PipeInput("k", "bad", 1100);
            driver.Input().PipeInput("k", "good", 1101);
        }
        Assert.Equal(["good@1000", "tick 1000", "tick 1100", "good@1101"], driver.Output().ReadValueList());
        Assert.Equal(["bad"], driver.Output("dlq").ReadValueList());
    }

    [Fact]
    public void A_commit_can_be_asked_for()
    {
        using var driver = Drive(s => s.Process(() => new LambdaProcessor((context, record) =>
        {
            if (record.Value == "commit") context.Commit();
        })));
        driver.Input().PipeInput("k", "v");
        Assert.False(driver.TakeCommitRequest());
        driver.Input().PipeInput("k", "commit");
        Assert.True(driver.TakeCommitRequest());
        Assert.False(driver.TakeCommitRequest());
    }

    [Fact]
    public void Tasks_are_closed_even_if_one_processor_throws()
    {
        var closed = new List<TaskId>();
        var topology = Build(s => s.Process(() =>
        {
            TaskId id = default;
            return new LambdaProcessor((_, _) => { }, context => id = context.TaskId, () =>
            {
                closed.Add(id);
                throw new InvalidOperationException("close");
            });
        }));
        var executor = topology.CreateExecutors()[0];
        executor.OpenTasks([0, 1, 2]);
        executor.CloseTasks([1]);
        Assert.Equal([new TaskId(0, 1)], closed);
        executor.Dispose();
        Assert.Equal([new TaskId(0, 1), new(0, 0), new(0, 2)], closed);
    }

    [Fact]
    public void A_processor_that_cannot_start_says_where()
    {
        var topology = Build(s => s.Process(() => new LambdaProcessor((_, _) => { }, _ => throw new FileNotFoundException("no such file")), "p"));
        using var executor = topology.CreateExecutors()[0];
        var exception = Assert.Throws<StreamProcessingException>(() => executor.OpenTasks([4]));
        Assert.Equal("p", exception.Node);
        Assert.Contains("task 0_4 could not start: no such file", exception.Message);
    }

    [Fact]
    public void A_record_of_a_partition_that_is_not_owned_is_refused()
    {
        var topology = Build(s => s.Process(() => new CountingProcessor()));
        using var executor = topology.CreateExecutors()[0];
        var exception = Assert.Throws<InvalidOperationException>(() => executor.Execute(
            [new ConsumedRecord("in", 7, 0, 0, null, null, new RecordHeaders())], CancellationToken.None));
        Assert.Contains("in-7 is not owned here", exception.Message);
    }

    [Fact]
    public void Nothing_can_be_forwarded_outside_of_processing()
    {
        IProcessorContext<string, string>? kept = null;
        using var driver = Drive(s => s.Process(() => new LambdaProcessor((_, _) => { }, context => kept = context), "p"));
        Assert.Contains("'p'", Assert.Throws<InvalidOperationException>(
            () => kept!.Forward(new Record<string, string>("k", "v", 0, new RecordHeaders()))).Message);
    }

    private static LambdaProcessor Punctuated(PunctuationType type, int intervalMs) => new(
        (context, record) => context.Forward(record.Value == "bad" ? record : record.WithValue($"{record.Value}@{record.TimestampMs}")),
        context => context.Schedule(TimeSpan.FromMilliseconds(intervalMs), type, now =>
            context.Forward(new Record<string, string>("tick", $"tick {now}", now, new RecordHeaders()))));

    /// <summary>A clock whose wall time somebody sets, while its monotonic time goes on.</summary>
    private sealed class SetClock : TimeProvider
    {
        private TimeSpan _passed;
        private TimeSpan _set;

        internal void Advance(TimeSpan by) => _passed += by;

        internal void Set(TimeSpan by) => _set = by;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _passed.Ticks;

        public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch.AddDays(1) + _passed + _set;
    }
}
