using System.Text;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;
using StreamScoring.Testing.Brokers;
using StreamScoring.Topology.Kafka;

namespace StreamScoring.Topology.Tests.Kafka;

/// <summary>
/// A cluster of three real brokers that go one at a time while a stream runs exactly-once: other brokers lead its input and its
/// output, keep its transactions and its group, and nothing is lost or comes twice. A broker that is killed is missed by the
/// others only when its session is over and its replicas have left the in-sync sets: that takes half a minute.
/// </summary>
[Trait("Category", "Chaos")]
public sealed class ClusterTests
{
    private const int Step = 500;
    private const int Keys = 40;
    private const string Group = "clustered";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(180);
    private static readonly string[] Topics = ["in", "out", "__transaction_state", "__consumer_offsets"];

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public Task The_broker_of_the_transactions_goes_and_comes_back() => RunAsync(static (cluster, transactions, _) =>
        [(Node: cluster.LeaderOf("__transaction_state", transactions)!, IsKilled: false)]);

    [Fact]
    public Task All_brokers_go_and_come_back_one_after_the_other() => RunAsync(static (cluster, _, _) =>
        [.. cluster.Nodes.Select(static node => (node, false)), .. cluster.Nodes.Select(static node => (node, true))]);

    [Fact]
    public Task The_broker_of_the_group_is_killed_and_comes_back() => RunAsync(static (cluster, _, group) =>
        [(Node: cluster.LeaderOf("__consumer_offsets", group)!, IsKilled: true)]);

    private static async Task RunAsync(Func<KafkaHomeCluster, int, int, IReadOnlyList<(KafkaHomeBroker Node, bool IsKilled)>> plan)
    {
        await using var cluster = await KafkaHomeCluster.StartOrSkipAsync();
        await cluster.CreateTopicAsync("in", 4, Stop);
        await cluster.CreateTopicAsync("out", 4, Stop);
        var lines = new LogLines();
        using var logs = LoggerFactory.Create(logging => logging.SetMinimumLevel(LogLevel.Debug).AddProvider(lines));
        using var stream = new KafkaStream(
            [new CopyExecutor("in", "out")],
            new KafkaStreamOptions
            {
                BootstrapServers = cluster.BootstrapServers, GroupId = Group, InstanceId = "one", CommitInterval = TimeSpan.FromMilliseconds(50),
            },
            logs, TimeProvider.System);
        using var stop = new CancellationTokenSource();
        var running = stream.RunAsync(stop.Token);
        var sent = 0;
        await SendAndAwaitAsync();

        var transactions = PartitionOf($"{Group}-one");
        var group = PartitionOf(Group);
        foreach (var (node, isKilled) in plan(cluster, transactions, group))
        {
            foreach (var topic in Topics) await cluster.WaitUntilInSyncAsync(topic, Stop);
            var led = Topics.Select(topic => (Topic: topic, Partitions: Led(cluster, topic, node))).ToList();
            // Four partitions on three nodes: each leads some of the input and some of the output.
            Assert.All(led.Take(2), static entry => Assert.NotEmpty(entry.Partitions));

            // 1. It goes while records are on their way.
            Send();
            await (isKilled ? node.KillAsync() : node.StopAsync());
            // 2. Others lead what it led, and the stream goes on without it.
            await WaitForAsync(() => led.All(entry => entry.Partitions.All(partition => cluster.LeaderOf(entry.Topic, partition) is { } leader && leader != node)));
            await SendAndAwaitAsync();
            // 3. It comes back while records are on their way.
            Send();
            await node.StartAgainAsync(Stop);
            await SendAndAwaitAsync();
        }
        await stop.CancelAsync();
        await running;

        var records = Raw.Consume(cluster.BootstrapServers, "out", sent, Limit);
        if (records.Count < sent) Assert.Fail(Explain(cluster, records, sent, lines));
        Raw.AssertEachOnceInOrder(records, sent, Keys);
        Raw.AssertCommittedToTheEnd(cluster.BootstrapServers, Group, "in", sent);

        void Send()
        {
            Raw.Produce(cluster.BootstrapServers, "in", Step, Keys, first: sent);
            sent += Step;
        }

        Task SendAndAwaitAsync()
        {
            Send();
            return WaitForAsync(() => stream.GetSnapshot().SubTopologies[0].RecordsIn >= sent);
        }

        async Task WaitForAsync(Func<bool> condition)
        {
            var startedAt = TimeProvider.System.GetTimestamp();
            while (!condition())
            {
                if (running.IsCompleted) await running;
                Assert.True(TimeProvider.System.GetElapsedTime(startedAt) < Limit, $"not within {Limit}, sent {sent}, {stream.GetSnapshot().SubTopologies[0]}, {stream.GetHealth().Reason}:\n{string.Join('\n', lines.Lines.TakeLast(60))}");
                await Task.Delay(50, Stop);
            }
        }
    }

    /// <summary>Whether what is missing was never read, never written, or stands behind a transaction that is open.</summary>
    private static string Explain(KafkaHomeCluster cluster, List<ConsumeResult<byte[], byte[]>> records, int sent, LogLines lines)
    {
        var come = records.Select(static record => Encoding.UTF8.GetString(record.Message.Value)).ToHashSet();
        var missing = Enumerable.Range(0, sent).Where(number => !come.Contains($"{number}"));
        var said = new StringBuilder($"{records.Count} of {sent} are committed, missing {string.Join(',', missing)}");
        foreach (var isolation in new[] { IsolationLevel.ReadUncommitted, IsolationLevel.ReadCommitted })
        {
            using var consumer = new ConsumerBuilder<byte[], byte[]>(
                new ConsumerConfig { BootstrapServers = cluster.BootstrapServers, GroupId = Group, IsolationLevel = isolation }).Build();
            foreach (var topic in new[] { "in", "out" })
            {
                var ends = Enumerable.Range(0, 4).Select(partition => consumer.QueryWatermarkOffsets(new TopicPartition(topic, partition), TimeSpan.FromSeconds(10)).High);
                said.Append(null, $"\n{isolation} ends of {topic}: {string.Join(' ', ends)}");
            }
            if (isolation == IsolationLevel.ReadUncommitted)
                said.Append(null, $"\ncommitted offsets: {string.Join(' ', consumer.Committed(Enumerable.Range(0, 4).Select(partition => new TopicPartition("in", partition)), TimeSpan.FromSeconds(10)))}");
        }
        foreach (var record in records.GroupBy(static record => record.Partition.Value)) said.Append(null, $"\nread of out-{record.Key} up to {record.Max(static last => last.Offset.Value)}");
        return said.Append('\n').AppendJoin('\n', lines.Lines.Where(static line => !line.StartsWith("Debug librdkafka", StringComparison.Ordinal)).TakeLast(80)).ToString();
    }

    private static List<int> Led(KafkaHomeCluster cluster, string topic, KafkaHomeBroker node) =>
        [.. Enumerable.Range(0, 4).Where(partition => cluster.LeaderOf(topic, partition) == node)];

    /// <summary>Where a coordinator keeps a name: Java's hash of it, positive, modulo the partitions.</summary>
    private static int PartitionOf(string name)
    {
        var hash = 0;
        foreach (var character in name) hash = unchecked((hash * 31) + character);
        return (hash & int.MaxValue) % 4;
    }
}
