using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.Extensions.Logging.Abstractions;
using StreamScoring.Testing.Brokers;
using StreamScoring.Topology.Kafka;
using StreamScoring.Topology.Kafka.Embedded;
using StreamScoring.Topology.Processing;

namespace StreamScoring.Topology.Tests.Kafka;

/// <summary>States, the uncaught-exception policy, health, and a stop that is heard whatever the broker does.</summary>
public sealed class LifecycleTests
{
    private const int Count = 1_000;
    private const int Keys = 20;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_stream_tells_its_states_in_order()
    {
        using var kafka = NewKafka();
        using var run = new Run(kafka.BootstrapServers, new CopyExecutor("in", "out"));
        Assert.Equal(KafkaStreamState.Created, run.Stream.State);
        await run.ReachAsync(KafkaStreamState.Running);
        Assert.True(run.Stream.GetHealth() is { IsLive: true, IsReady: true });
        await run.StopAsync();
        Assert.Equal(
            [KafkaStreamState.Rebalancing, KafkaStreamState.Running, KafkaStreamState.PendingShutdown, KafkaStreamState.NotRunning],
            run.States.Where((state, i) => i == 0 || state != KafkaStreamState.Rebalancing || run.States.ElementAt(i - 1) != KafkaStreamState.PendingShutdown));
        Assert.False(run.Stream.GetHealth().IsReady);
    }

    [Fact]
    public async Task A_failure_ends_the_stream_unless_a_handler_says_otherwise()
    {
        using var kafka = NewKafka();
        Raw.Produce(kafka.BootstrapServers, "in", Count, Keys);
        using var run = new Run(kafka.BootstrapServers, new CopyExecutor("in", "out") { BeforeBatch = _ => throw new InvalidDataException("broken") });
        Assert.Equal("broken", (await Assert.ThrowsAsync<InvalidDataException>(() => run.Running.WaitAsync(Limit, Stop))).Message);
        Assert.Equal(KafkaStreamState.Error, run.States.Last());
        Assert.True(run.Stream.GetHealth() is { IsLive: false, IsReady: false });
    }

    [Theory]
    [InlineData(ProcessingGuarantee.ExactlyOnce)]
    [InlineData(ProcessingGuarantee.AtLeastOnce)]
    public async Task A_worker_that_fails_is_replaced_where_the_handler_says_so(ProcessingGuarantee guarantee)
    {
        using var kafka = NewKafka();
        Raw.Produce(kafka.BootstrapServers, "in", Count, Keys);
        var (batches, asked) = (0, 0);
        using var run = new Run(
            kafka.BootstrapServers,
            new CopyExecutor("in", "out")
            {
                BeforeBatch = _ =>
                {
                    if (Interlocked.Increment(ref batches) == 5) throw new InvalidDataException("broken once");
                },
            },
            new KafkaStreamOptions
            {
                BootstrapServers = kafka.BootstrapServers,
                Guarantee = guarantee,
                UncaughtExceptionHandler = error =>
                {
                    Assert.Equal("broken once", error.Message);
                    Interlocked.Increment(ref asked);
                    return UncaughtExceptionResponse.ReplaceThread;
                },
            });
        await run.ReachAsync(KafkaStreamState.Rebalancing);
        var records = Raw.Consume(kafka.BootstrapServers, "out", Count);
        await run.ReachAsync(KafkaStreamState.Running);
        await run.StopAsync();

        // The embedded broker forgets transactional offsets: there, what was committed before the failure comes again.
        Raw.AssertEachInOrderAtLast(records, Count, Keys);
        Assert.Equal(1, asked);
        Assert.Equal(KafkaStreamState.NotRunning, run.Stream.State);
        Assert.DoesNotContain(KafkaStreamState.Error, run.States);
        Assert.True(run.Stream.GetSnapshot().SubTopologies[0].RecordsIn >= Count, "the counters go on over the replacement");
    }

    [Fact]
    public async Task A_handler_that_throws_ends_the_stream_with_the_first_error()
    {
        using var kafka = NewKafka();
        Raw.Produce(kafka.BootstrapServers, "in", Count, Keys);
        using var run = new Run(
            kafka.BootstrapServers, new CopyExecutor("in", "out") { BeforeBatch = _ => throw new InvalidDataException("broken") },
            new KafkaStreamOptions
            {
                BootstrapServers = kafka.BootstrapServers, UncaughtExceptionHandler = _ => throw new NotSupportedException("handler"),
            });
        Assert.Equal("broken", (await Assert.ThrowsAsync<InvalidDataException>(() => run.Running.WaitAsync(Limit, Stop))).Message);
    }

    [Fact]
    public async Task A_stop_is_heard_while_the_producer_cannot_start()
    {
        using var run = new Run("127.0.0.1:1", new CopyExecutor("in", "out"));
        await run.ReachAsync(KafkaStreamState.Rebalancing);
        Assert.True(run.Stream.GetHealth() is { IsLive: true, IsReady: false });
        var waited = Stopwatch.StartNew();
        await run.StopAsync();
        Assert.True(waited.Elapsed < TimeSpan.FromSeconds(10), $"stopped after {waited.Elapsed}");
        Assert.Equal(KafkaStreamState.NotRunning, run.Stream.State);
    }

    [Theory]
    [InlineData(ProcessingGuarantee.ExactlyOnce)]
    [InlineData(ProcessingGuarantee.AtLeastOnce)]
    public async Task A_stop_is_heard_while_the_broker_is_away(ProcessingGuarantee guarantee)
    {
        using var kafka = NewKafka();
        var batches = 0;
        using var run = new Run(
            kafka.BootstrapServers, new CopyExecutor("in", "out") { BeforeBatch = _ => Interlocked.Increment(ref batches) },
            new KafkaStreamOptions { BootstrapServers = kafka.BootstrapServers, Guarantee = guarantee });
        await run.ReachAsync(KafkaStreamState.Running);
        Raw.Produce(kafka.BootstrapServers, "in", Count, Keys);
        SpinWait.SpinUntil(() => Volatile.Read(ref batches) > 0, Limit);
        kafka.StopBroker(1);
        var waited = Stopwatch.StartNew();
        await run.StopAsync();
        Assert.True(waited.Elapsed < TimeSpan.FromSeconds(20), $"stopped after {waited.Elapsed}");
    }

    [Theory]
    [InlineData(ProcessingGuarantee.ExactlyOnce)]
    [InlineData(ProcessingGuarantee.AtLeastOnce)]
    public async Task A_stop_is_heard_while_the_last_commit_is_not_answered(ProcessingGuarantee guarantee)
    {
        await using var proxy = new FaultProxy();
        await using var broker = await KafkaHomeBroker.StartOrSkipAsync(new KafkaHomeOptions { AdvertisedPort = proxy.LeadTo });
        await broker.CreateTopicAsync("in", 4, Stop);
        await broker.CreateTopicAsync("out", 4, Stop);
        var bootstrap = $"127.0.0.1:{proxy.Port}";
        Raw.Produce(bootstrap, "in", Count, Keys);
        using var run = new Run(
            bootstrap, new CopyExecutor("in", "out"),
            new KafkaStreamOptions { BootstrapServers = bootstrap, Guarantee = guarantee, CommitInterval = TimeSpan.FromSeconds(10) });
        // All is produced, and its offsets wait for the interval.
        await run.ReachAsync(KafkaStreamState.Running);
        await Run.WaitForAsync(() => run.Stream.GetSnapshot() is { SubTopologies: [{ RecordsOut: Count }] }, "through");
        proxy.Freeze();
        var waited = Stopwatch.StartNew();
        await run.StopAsync();
        proxy.Thaw();
        Assert.True(waited.Elapsed < TimeSpan.FromSeconds(25), $"stopped after {waited.Elapsed}");
    }

    [Fact]
    public async Task A_batch_that_never_ends_makes_the_stream_dead_and_a_broker_that_is_away_does_not()
    {
        using var kafka = NewKafka();
        var clock = new JumpingClock();
        using var gate = new ManualResetEventSlim();
        using var entered = new ManualResetEventSlim();
        using var run = new Run(
            kafka.BootstrapServers,
            new CopyExecutor("in", "out")
            {
                BeforeBatch = _ =>
                {
                    entered.Set();
                    gate.Wait(Stop);
                },
            },
            new KafkaStreamOptions { BootstrapServers = kafka.BootstrapServers, StallTimeout = TimeSpan.FromSeconds(10) }, clock);
        await run.ReachAsync(KafkaStreamState.Running);
        kafka.StopBroker(1);
        clock.JumpMonotonic(TimeSpan.FromSeconds(11));
        await Run.WaitForAsync(() => run.Stream.GetHealth().IsLive, "alive without its broker");
        kafka.RestartBroker(1);

        Raw.Produce(kafka.BootstrapServers, "in", 1, 1);
        Assert.True(entered.Wait(Limit, Stop));
        clock.JumpMonotonic(TimeSpan.FromSeconds(11));
        await Run.WaitForAsync(() => !run.Stream.GetHealth().IsLive && run.Stream.GetHealth().Reason.StartsWith("scorer", StringComparison.Ordinal), "stalled");
        gate.Set();
        await Run.WaitForAsync(() => run.Stream.GetHealth().IsLive, "alive again");
        await run.StopAsync();
    }

    // Deadlines go by the monotonic clock: a wall clock that is set changes nothing.
    [Fact]
    public async Task A_wall_clock_that_jumps_changes_nothing()
    {
        using var kafka = NewKafka();
        Raw.Produce(kafka.BootstrapServers, "in", Count / 2, Keys);
        var clock = new JumpingClock();
        var batches = 0;
        using var run = new Run(
            kafka.BootstrapServers,
            new CopyExecutor("in", "out")
            {
                BeforeBatch = _ => clock.JumpWallClock(TimeSpan.FromDays(Interlocked.Increment(ref batches) % 2 == 0 ? 400 : -400)),
            },
            new KafkaStreamOptions { BootstrapServers = kafka.BootstrapServers, Guarantee = ProcessingGuarantee.AtLeastOnce }, clock);
        await run.ReachAsync(KafkaStreamState.Running);
        Raw.Produce(kafka.BootstrapServers, "in", Count / 2, Keys, first: Count / 2);
        Raw.AssertEachOnceInOrder(Raw.Consume(kafka.BootstrapServers, "out", Count), Count, Keys);
        Assert.True(run.Stream.GetHealth() is { IsLive: true, IsReady: true });
        await run.StopAsync();
        Assert.True(batches > 2, "the clock jumped");
    }

    [Theory]
    [InlineData(ProcessingGuarantee.ExactlyOnce)]
    [InlineData(ProcessingGuarantee.AtLeastOnce)]
    public async Task A_wall_clock_set_back_and_forth_by_an_hour_delays_neither_commits_nor_punctuators(ProcessingGuarantee guarantee)
    {
        using var kafka = NewKafka();
        Raw.Produce(kafka.BootstrapServers, "in", Count, Keys);
        var (clock, calls) = (new JumpingClock(), 0);
        var interval = TimeSpan.FromMilliseconds(200);
        var topology = TestTopologies.Build(stream => stream
            .Process(() => new LambdaProcessor(
                static (context, record) => context.Forward(record),
                context => context.Schedule(interval, PunctuationType.WallClockTime, _ =>
                {
                    if (context.TaskId.Partition == 0) Interlocked.Increment(ref calls);
                })))
            .To("out", TestTopologies.TextOut));
        using var stream = new KafkaStream(
            topology, new KafkaStreamOptions { BootstrapServers = kafka.BootstrapServers, Guarantee = guarantee }, NullLoggerFactory.Instance, clock);
        using var stop = new CancellationTokenSource();
        var startedAt = Stopwatch.GetTimestamp();
        var running = stream.RunAsync(stop.Token);
        await Run.WaitForAsync(() => calls > 0 && stream.GetSnapshot().SubTopologies[0].RecordsIn >= Count, "running");
        var sent = Count;
        foreach (var hours in new[] { -1, 2, -1 })
        {
            clock.JumpWallClock(TimeSpan.FromHours(hours));
            var (callsBefore, commitsBefore) = (Volatile.Read(ref calls), stream.GetSnapshot().Commits);
            Raw.Produce(kafka.BootstrapServers, "in", Count, Keys, first: sent);
            sent += Count;
            await Run.WaitForAsync(
                () => Volatile.Read(ref calls) >= callsBefore + 3 && stream.GetSnapshot().Commits > commitsBefore
                    && stream.GetSnapshot().SubTopologies[0].RecordsIn >= sent,
                $"going on after {hours} h");
        }
        await stop.CancelAsync();
        await running.WaitAsync(Limit, Stop);
        Raw.AssertEachOnceInOrder(Raw.Consume(kafka.BootstrapServers, "out", sent), sent, Keys);
        Assert.InRange(calls, 10, Stopwatch.GetElapsedTime(startedAt) / interval);
    }

    private static EmbeddedKafka NewKafka()
    {
        var kafka = EmbeddedKafka.Start();
        kafka.CreateTopic("in", 4);
        kafka.CreateTopic("out", 4);
        return kafka;
    }

    private sealed class Run : IDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly Lazy<Task> _running;

        internal Run(string bootstrapServers, CopyExecutor executor, KafkaStreamOptions? options = null, TimeProvider? clock = null)
        {
            Stream = new KafkaStream(
                [executor], options ?? new KafkaStreamOptions { BootstrapServers = bootstrapServers }, NullLoggerFactory.Instance,
                clock ?? TimeProvider.System);
            Assert.True(Stream.GetHealth() is { IsLive: true, IsReady: false });
            Assert.Equal(KafkaStreamState.Created, Stream.State);
            Stream.StateChanged += States.Enqueue;
            _running = new Lazy<Task>(() => Stream.RunAsync(_stop.Token));
        }

        internal KafkaStream Stream { get; }

        internal ConcurrentQueue<KafkaStreamState> States { get; } = new();

        internal Task Running => _running.Value;

        internal Task ReachAsync(KafkaStreamState state)
        {
            _ = Running;
            return WaitForAsync(() => States.Contains(state), $"{state}");
        }

        internal static async Task WaitForAsync(Func<bool> condition, string what)
        {
            var waited = Stopwatch.StartNew();
            while (!condition())
            {
                Assert.True(waited.Elapsed < Limit, $"not {what} after {Limit}");
                await Task.Delay(10, Stop);
            }
        }

        internal async Task StopAsync()
        {
            await _stop.CancelAsync();
            await Running.WaitAsync(Limit, LifecycleTests.Stop);
        }

        public void Dispose()
        {
            _stop.Cancel();
            if (_running.IsValueCreated) ((IAsyncResult)Running).AsyncWaitHandle.WaitOne(Limit);
            Stream.Dispose();
            _stop.Dispose();
        }
    }

    /// <summary>The system's clocks, but for what a test adds to them.</summary>
    private sealed class JumpingClock : TimeProvider
    {
        private long _wallTicks;
        private long _monotonicTicks;

        internal void JumpWallClock(TimeSpan by) => Interlocked.Add(ref _wallTicks, by.Ticks);

        internal void JumpMonotonic(TimeSpan by) =>
            Interlocked.Add(ref _monotonicTicks, (long)(by.TotalSeconds * TimestampFrequency));

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + TimeSpan.FromTicks(Interlocked.Read(ref _wallTicks));

        public override long GetTimestamp() => base.GetTimestamp() + Interlocked.Read(ref _monotonicTicks);
    }
}
