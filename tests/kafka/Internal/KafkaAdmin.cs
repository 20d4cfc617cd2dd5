using System.Diagnostics;
using System.Net.Sockets;
using Confluent.Kafka;
using Confluent.Kafka.Admin;

namespace StreamScoring.Testing.Internal;

/// <summary>What the fixtures ask of a cluster, through Confluent's admin client.</summary>
internal static class KafkaAdmin
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LeaderTimeout = TimeSpan.FromSeconds(30);

    /// <summary>Waits until the cluster gives its metadata.</summary>
    /// <param name="bootstrapServers">host:port, comma-separated.</param>
    /// <param name="timeout">How long to wait.</param>
    /// <param name="isHopeless">Ends the wait early, with false.</param>
    /// <param name="cancellationToken">Gives up.</param>
    internal static async Task<bool> AnswersAsync(
        string bootstrapServers, TimeSpan timeout, Func<bool> isHopeless, CancellationToken cancellationToken)
    {
        var waited = Stopwatch.StartNew();
        while (waited.Elapsed < timeout && !isHopeless())
        {
            if (await AcceptsAsync(bootstrapServers, cancellationToken))
            {
                using var admin = Connect(bootstrapServers);
                if (TryGetMetadata(admin, null) is { Brokers.Count: > 0 }) return true;
            }
            await Task.Delay(Pause, cancellationToken);
        }
        return false;
    }

    internal static async Task CreateTopicAsync(
        string bootstrapServers, string name, int partitions, CancellationToken cancellationToken)
    {
        using var admin = Connect(bootstrapServers);
        try
        {
            await admin.CreateTopicsAsync(
                [new TopicSpecification { Name = name, NumPartitions = partitions }],
                new CreateTopicsOptions { OperationTimeout = LeaderTimeout, RequestTimeout = LeaderTimeout });
        }
        catch (CreateTopicsException error)
        {
            throw new KafkaException(error.Results[0].Error, error);
        }

        var waited = Stopwatch.StartNew();
        while (!HasLeaders(admin, name, partitions))
        {
            if (waited.Elapsed > LeaderTimeout)
            {
                throw new TimeoutException($"Topic {name} has no leader for each partition after {LeaderTimeout}.");
            }
            await Task.Delay(Pause, cancellationToken);
        }
    }

    /// <summary>Brokers that belong to the cluster now; 0 where none answers.</summary>
    internal static int BrokersOf(string bootstrapServers)
    {
        using var admin = Connect(bootstrapServers);
        return TryGetMetadata(admin, null)?.Brokers.Count ?? 0;
    }

    /// <summary>Node that leads a partition; negative where none does.</summary>
    internal static int LeaderOf(string bootstrapServers, string topic, int partition)
    {
        using var admin = Connect(bootstrapServers);
        return TryGetMetadata(admin, topic)?.Topics[0].Partitions.FirstOrDefault(found => found.PartitionId == partition)?.Leader ?? -1;
    }

    /// <summary>Whether each partition has so many replicas in sync.</summary>
    internal static bool IsInSync(string bootstrapServers, string topic, int replicas)
    {
        using var admin = Connect(bootstrapServers);
        return TryGetMetadata(admin, topic)?.Topics[0].Partitions is { Count: > 0 } partitions
            && partitions.All(partition => partition.InSyncReplicas.Length >= replicas);
    }

    private static bool HasLeaders(IAdminClient admin, string name, int partitions) =>
        TryGetMetadata(admin, name)?.Topics is [{ Error.Code: ErrorCode.NoError } topic]
        && topic.Partitions.Count == partitions
        && topic.Partitions.All(partition => partition.Leader >= 0);

    // A plain connection first: an admin client at a closed port backs off and costs threads.
    private static async Task<bool> AcceptsAsync(string bootstrapServers, CancellationToken cancellationToken)
    {
        var first = bootstrapServers.Split(',')[0];
        if (!Uri.TryCreate("tcp://" + first[(first.LastIndexOf('/') + 1)..], UriKind.Absolute, out var address)) return true;
        using var socket = new TcpClient();
        try
        {
            await socket.ConnectAsync(address.Host, address.Port < 0 ? 9092 : address.Port, cancellationToken);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static Metadata? TryGetMetadata(IAdminClient admin, string? topic)
    {
        var timeout = TimeSpan.FromSeconds(5);
        try
        {
            return topic is null ? admin.GetMetadata(timeout) : admin.GetMetadata(topic, timeout);
        }
        catch (KafkaException)
        {
            return null;
        }
    }

    private static IAdminClient Connect(string bootstrapServers) =>
        new AdminClientBuilder(new AdminClientConfig { BootstrapServers = bootstrapServers })
            .SetLogHandler((_, _) => { })
            .SetErrorHandler((_, _) => { })
            .Build();
}
