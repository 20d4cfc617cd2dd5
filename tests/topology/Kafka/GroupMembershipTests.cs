using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using StreamScoring.Testing.Brokers;
using StreamScoring.Topology.Kafka;

namespace StreamScoring.Topology.Tests.Kafka;

/// <summary>Instances that come and go under each kind of group membership: on a real broker, exactly-once.</summary>
public sealed class GroupMembershipTests(GroupMembershipTests.OwnBroker kafka) : IClassFixture<GroupMembershipTests.OwnBroker>
{
    private const int Count = 2_000;
    private const int Keys = 40;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan MaxPoll = TimeSpan.FromSeconds(2);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("static")]
    [InlineData("consumer")]
    public async Task Partitions_are_shared_and_given_back(string membership)
    {
        await kafka.StartOrSkipAsync();
        var (input, output) = (membership + ".in", membership + ".out");
        await kafka.Broker!.CreateTopicAsync(input, 4, Stop);
        await kafka.Broker.CreateTopicAsync(output, 4, Stop);
        Raw.Produce(kafka.Broker.BootstrapServers, input, Count / 2, Keys);

        using var first = NewStream(input, output, membership, "one");
        using var second = NewStream(input, output, membership, "two");
        using var stopFirst = new CancellationTokenSource();
        using var stopSecond = new CancellationTokenSource();
        var firstRun = first.RunAsync(stopFirst.Token);
        await WaitForAsync(() => Partitions(first) == 4, firstRun);
        var secondRun = second.RunAsync(stopSecond.Token);
        await WaitForAsync(() => (Partitions(first), Partitions(second)) == (2, 2), firstRun, secondRun);
        Assert.True(second.GetHealth() is { IsLive: true, IsReady: true });

        Raw.Produce(kafka.Broker.BootstrapServers, input, Count / 2, Keys, first: Count / 2);
        await stopSecond.CancelAsync();
        await secondRun;
        var records = Raw.Consume(kafka.Broker.BootstrapServers, output, Count, Limit);
        await stopFirst.CancelAsync();
        await firstRun;
        Raw.AssertEachOnceInOrder(records, Count, Keys);
        Raw.AssertCommittedToTheEnd(kafka.Broker.BootstrapServers, membership, input, Count);
    }

    // The consumer thread polls whatever the scorers do.
    [Fact]
    public async Task A_model_that_hangs_longer_than_max_poll_keeps_its_partitions()
    {
        await kafka.StartOrSkipAsync();
        var (input, output) = ("hanging.in", "hanging.out");
        await kafka.Broker!.CreateTopicAsync(input, 4, Stop);
        await kafka.Broker.CreateTopicAsync(output, 4, Stop);
        Raw.Produce(kafka.Broker.BootstrapServers, input, Count, Keys);

        var batches = 0;
        var lines = new LogLines();
        // So few records in flight that the hanging ones are all of them.
        using var stream = NewStream(input, output, "hanging", new CopyExecutor(input, output)
        {
            BeforeBatch = _ =>
            {
                if (Interlocked.Increment(ref batches) <= 2) Stop.WaitHandle.WaitOne(MaxPoll * 2);
            },
        }, lines, maxInFlight: 100);
        using var stop = new CancellationTokenSource();
        var run = stream.RunAsync(stop.Token);
        var records = Raw.Consume(kafka.Broker.BootstrapServers, output, Count, Limit);
        await stop.CancelAsync();
        await run;

        Raw.AssertEachOnceInOrder(records, Count, Keys);
        Raw.AssertCommittedToTheEnd(kafka.Broker.BootstrapServers, "hanging", input, Count);
        Assert.Single(lines.Lines, static line => line.Contains("Partitions assigned", StringComparison.Ordinal));
        Assert.Equal(0, stream.GetSnapshot().Aborts);
    }

    [Fact]
    public async Task Partitions_lost_because_polls_stopped_go_to_another_and_nothing_is_done_twice()
    {
        await kafka.StartOrSkipAsync();
        var (input, output) = ("late.in", "late.out");
        await kafka.Broker!.CreateTopicAsync(input, 4, Stop);
        await kafka.Broker.CreateTopicAsync(output, 4, Stop);
        Raw.Produce(kafka.Broker.BootstrapServers, input, Count / 2, Keys);

        var lines = new LogLines();
        bool holds = false, stalls = false;
        using var held = new ManualResetEventSlim();
        using var taken = new ManualResetEventSlim();
        using var first = NewStream(input, output, "late", new CopyExecutor(input, output)
        {
            // What is in work when the polls stop is done only when another has the partitions.
            BeforeBatch = _ =>
            {
                if (!Volatile.Read(ref holds)) return;
                held.Set();
                taken.Wait(Limit, Stop);
            },
            OnConsumerThread = () =>
            {
                if (Volatile.Read(ref stalls)) taken.Wait(Limit, Stop);
            },
        }, lines);
        using var second = NewStream(input, output, "late", new CopyExecutor(input, output), new LogLines());
        using var stopFirst = new CancellationTokenSource();
        using var stopSecond = new CancellationTokenSource();
        var firstRun = first.RunAsync(stopFirst.Token);
        await WaitForAsync(() => Partitions(first) == 4, firstRun);
        var secondRun = second.RunAsync(stopSecond.Token);
        await WaitForAsync(() => (Partitions(first), Partitions(second)) == (2, 2), firstRun, secondRun);

        Volatile.Write(ref holds, true);
        Raw.Produce(kafka.Broker.BootstrapServers, input, Count / 4, Keys, first: Count / 2);
        Assert.True(held.Wait(Limit, Stop));
        Volatile.Write(ref stalls, true);
        await WaitForAsync(() => Partitions(second) == 4, firstRun, secondRun);
        taken.Set();
        Raw.Produce(kafka.Broker.BootstrapServers, input, Count / 4, Keys, first: Count / 4 * 3);

        // It comes back, and they share.
        await WaitForAsync(() => (Partitions(first), Partitions(second)) == (2, 2), firstRun, secondRun);
        var records = Raw.Consume(kafka.Broker.BootstrapServers, output, Count, Limit);
        await stopFirst.CancelAsync();
        await stopSecond.CancelAsync();
        await firstRun;
        await secondRun;
        Raw.AssertEachOnceInOrder(records, Count, Keys);
        Raw.AssertCommittedToTheEnd(kafka.Broker.BootstrapServers, "late", input, Count);
        Assert.Contains(lines.Lines, static line => line.Contains("Local_MaxPollExceeded", StringComparison.Ordinal));
        Assert.Contains(lines.Lines, static line => line.Contains("Partitions lost", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("consumer", "session.timeout.ms")]
    [InlineData("consumer", "heartbeat.interval.ms")]
    [InlineData("consumer", "partition.assignment.strategy")]
    [InlineData("classic", "group.remote.assignor")]
    public void What_does_not_go_with_the_protocol_is_said_before_anything_starts(string protocol, string property)
    {
        var options = new KafkaStreamOptions
        {
            BootstrapServers = "localhost:1",
            Properties = new Dictionary<string, string> { ["group.protocol"] = protocol, [property] = "1" },
        };
        Assert.Contains(options.Validate(), mistake => mistake.Contains(property, StringComparison.Ordinal) && mistake.Contains("group.protocol", StringComparison.Ordinal));
    }

    private KafkaStream NewStream(string input, string output, string membership, string instance) => new(
        [new CopyExecutor(input, output)],
        new KafkaStreamOptions
        {
            BootstrapServers = kafka.Broker!.BootstrapServers, GroupId = membership, InstanceId = instance,
            CommitInterval = TimeSpan.FromMilliseconds(20),
            Properties = membership == "static"
                // It does not leave the group: its partitions move when its session is over.
                ? new Dictionary<string, string> { ["group.instance.id"] = instance, ["session.timeout.ms"] = "6000" }
                : new Dictionary<string, string> { ["group.protocol"] = "consumer" },
        },
        NullLoggerFactory.Instance, TimeProvider.System);

    private KafkaStream NewStream(
        string input, string output, string group, CopyExecutor executor, LogLines lines, int maxInFlight = 32_768) => new(
        [executor],
        new KafkaStreamOptions
        {
            BootstrapServers = kafka.Broker!.BootstrapServers, GroupId = group, CommitInterval = TimeSpan.FromMilliseconds(20),
            MaxInFlightRecords = maxInFlight, ScorerThreads = 2,
            Properties = new Dictionary<string, string>
            {
                ["max.poll.interval.ms"] = $"{MaxPoll.TotalMilliseconds}", ["session.timeout.ms"] = "1500", ["heartbeat.interval.ms"] = "300",
            },
        },
        LoggerFactory.Create(logging => logging.SetMinimumLevel(LogLevel.Debug).AddProvider(lines)), TimeProvider.System);

    private static int Partitions(KafkaStream stream) => stream.GetSnapshot().SubTopologies[0].Partitions;

    private static async Task WaitForAsync(Func<bool> condition, params Task[] running)
    {
        var startedAt = TimeProvider.System.GetTimestamp();
        while (!condition())
        {
            foreach (var run in running)
            {
                if (run.IsCompleted) await run;
            }
            Assert.True(TimeProvider.System.GetElapsedTime(startedAt) < Limit, "the partitions were not shared in time");
            await Task.Delay(50, Stop);
        }
    }

    /// <summary>A broker of these tests' own.</summary>
    public sealed class OwnBroker : IAsyncLifetime
    {
        internal KafkaHomeBroker? Broker { get; private set; }

        public ValueTask InitializeAsync() => ValueTask.CompletedTask;

        public async ValueTask DisposeAsync()
        {
            if (Broker is not null) await Broker.DisposeAsync();
        }

        internal async Task StartOrSkipAsync() => Broker ??= await KafkaHomeBroker.StartOrSkipAsync(new KafkaHomeOptions
        {
            Properties = new Dictionary<string, string> { ["group.min.session.timeout.ms"] = "1000" },
        });
    }
}
