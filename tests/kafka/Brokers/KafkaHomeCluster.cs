using System.Diagnostics;
using StreamScoring.Testing.Internal;
using Xunit;

namespace StreamScoring.Testing.Brokers;

/// <summary>
/// Some Apache Kafka nodes of this test's own that are one cluster: each is broker and controller, topics have a replica on
/// each and take writes while one node is away. Nodes are stopped, killed and started again one by one.
/// </summary>
public sealed class KafkaHomeCluster : IKafkaBroker, IAsyncDisposable
{
    private KafkaHomeCluster(IReadOnlyList<KafkaHomeBroker> nodes) => Nodes = nodes;

    /// <inheritdoc/>
    public string Name => $"{Nodes.Count} nodes of {Nodes[0].Name}";

    /// <inheritdoc/>
    public string BootstrapServers => string.Join(',', Nodes.Select(static node => node.BootstrapServers));

    /// <summary>The nodes, in the order of their <see cref="KafkaHomeBroker.NodeId"/>.</summary>
    public IReadOnlyList<KafkaHomeBroker> Nodes { get; }

    /// <summary>Starts the nodes and waits until all of them belong to the cluster; skips the test without a distribution.</summary>
    /// <param name="nodes">How many; an odd number, as the controllers vote.</param>
    /// <param name="options">Of each node.</param>
    /// <exception cref="InvalidOperationException">A node ended while it started.</exception>
    /// <exception cref="TimeoutException">They did not come together in time.</exception>
    public static async Task<KafkaHomeCluster> StartOrSkipAsync(int nodes = 3, KafkaHomeOptions? options = null)
    {
        options ??= new KafkaHomeOptions();
        if (!KafkaHome.Find(options.Home, out var home, out var why)) Assert.Skip($"needs a Kafka of its own: {why}");

        var stop = TestContext.Current.CancellationToken;
        var cluster = new KafkaHomeCluster([.. ClusterNode.Plan(nodes).Select(node => KafkaHomeBroker.Prepare(options, home, node))]);
        try
        {
            // Together: a node alone has no majority, and does not answer.
            await Task.WhenAll(cluster.Nodes.Select(node => node.StartFirstAsync(stop)));
            await cluster.WaitForAsync(nodes, options.StartTimeout, stop);
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc/>
    public Task CreateTopicAsync(string name, int partitions, CancellationToken cancellationToken = default) =>
        KafkaAdmin.CreateTopicAsync(BootstrapServers, name, partitions, cancellationToken);

    /// <summary>The node that leads a partition now; null between two leaders.</summary>
    public KafkaHomeBroker? LeaderOf(string topic, int partition)
    {
        var leader = KafkaAdmin.LeaderOf(BootstrapServers, topic, partition);
        return Nodes.FirstOrDefault(node => node.NodeId == leader);
    }

    /// <summary>
    /// Waits until every partition of a topic has all its replicas in sync: then any one node can go without a loss.
    /// </summary>
    /// <exception cref="TimeoutException">Not within a minute.</exception>
    public async Task WaitUntilInSyncAsync(string topic, CancellationToken cancellationToken = default)
    {
        var waited = Stopwatch.StartNew();
        while (!KafkaAdmin.IsInSync(BootstrapServers, topic, Nodes.Count))
        {
            if (waited.Elapsed > TimeSpan.FromMinutes(1)) throw new TimeoutException($"The replicas of {topic} are not in sync after {waited.Elapsed}.");
            await Task.Delay(100, cancellationToken);
        }
    }

    /// <summary>Kills the nodes and removes their folders.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var node in Nodes) await node.DisposeAsync();
    }

    private async Task WaitForAsync(int nodes, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var waited = Stopwatch.StartNew();
        while (KafkaAdmin.BrokersOf(BootstrapServers) < nodes)
        {
            if (waited.Elapsed > timeout) throw new TimeoutException($"The {nodes} nodes did not come together within {timeout}.");
            await Task.Delay(100, cancellationToken);
        }
    }
}
