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

        internal async Task StartOrSkipAsync() => Broker ??= await KafkaHomeBroker.StartOrSkipAsync();
    }
}
