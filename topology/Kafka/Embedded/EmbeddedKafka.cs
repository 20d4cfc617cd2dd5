using System.Runtime.InteropServices;
using System.Text;
using Confluent.Kafka;
using StreamScoring.Topology.Kafka.Internal;

namespace StreamScoring.Topology.Kafka.Embedded;

/// <summary>
/// A Kafka on loopback inside this process: librdkafka's mock cluster. It speaks the real protocol to any client,
/// consumer groups and transactions included, and is meant for trying things out and for tests.
/// </summary>
/// <remarks>
/// Limits: nothing is on disk; a partition keeps its last <see cref="RetainedBytesPerPartition"/> bytes or
/// <see cref="RetainedBatchesPerPartition"/> record batches and silently drops older ones, consumed or not; topics
/// cannot be created by an admin client (a producer or consumer that asks for one creates it, with four partitions);
/// offsets cannot be looked up by time. Transactions are accepted but not kept apart: a reader gets the records of open
/// and aborted ones too, whatever its isolation level, and offsets sent to a transaction are not stored. So exactly-once
/// can be had only on a real Kafka; on this one at-least-once promises more. A client that must not lose records watches its consumers' lag.
/// Source: librdkafka's rdkafka_mock.h and rdkafka_mock.c.
/// </remarks>
public sealed class EmbeddedKafka : IDisposable
{
    /// <summary>Bytes kept in each partition: 5 MiB.</summary>
    public const long RetainedBytesPerPartition = 5L << 20;

    /// <summary>Record batches kept in each partition: 100,000.</summary>
    public const int RetainedBatchesPerPartition = 100_000;

    private nint _client;
    private nint _cluster;
    private readonly Lock _lock = new();

    private EmbeddedKafka(nint client, nint cluster, string bootstrapServers)
    {
        _client = client;
        _cluster = cluster;
        BootstrapServers = bootstrapServers;
    }

    /// <summary>host:port of every broker, comma-separated; what clients take as <c>bootstrap.servers</c>.</summary>
    public string BootstrapServers { get; }

    /// <summary>Starts the brokers, each on a free port of 127.0.0.1.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Fewer than 1 or more than 9 brokers.</exception>
    /// <exception cref="InvalidOperationException">librdkafka could not open its listeners.</exception>
    public static EmbeddedKafka Start(EmbeddedKafkaOptions? options = null)
    {
        options ??= new EmbeddedKafkaOptions();
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Brokers, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.Brokers, 9);

        var error = new byte[512];
        var configuration = Librdkafka.NewConfiguration();
        // The client only carries the cluster and talks to nobody: no warning about its missing bootstrap servers.
        _ = Librdkafka.SetConfiguration(configuration, "log_level", "3", error, (nuint)error.Length);
        var client = MockCluster.NewClient(MockCluster.Producer, configuration, error, (nuint)error.Length);
        if (client == 0)
        {
            Librdkafka.DestroyConfiguration(configuration);
            throw new InvalidOperationException("The embedded broker did not start: " + ReadText(error));
        }

        var cluster = MockCluster.NewCluster(client, options.Brokers);
        if (cluster == 0)
        {
            MockCluster.DestroyClient(client);
            throw new InvalidOperationException(
                "The embedded broker did not start: librdkafka could not listen on 127.0.0.1.");
        }

        MockCluster.SetInitialRebalanceDelay(cluster, (int)options.InitialRebalanceDelay.TotalMilliseconds);
        var bootstrapServers = Marshal.PtrToStringUTF8(MockCluster.Bootstraps(cluster))!;
        return new EmbeddedKafka(client, cluster, bootstrapServers);
    }

    /// <summary>Creates a topic with one replica on each broker.</summary>
    /// <param name="name">Topic name by Kafka's rules: letters, digits, '.', '_' and '-', at most 249.</param>
    /// <param name="partitions">Partitions, 1 to 10,000.</param>
    /// <exception cref="KafkaException">The topic exists.</exception>
    public void CreateTopic(string name, int partitions)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentOutOfRangeException.ThrowIfLessThan(partitions, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(partitions, 10_000);
        Check(cluster => MockCluster.CreateTopic(cluster, name, partitions, replicationFactor: 1));
    }

    /// <summary>Takes a broker down: its listener closes and its connections break. For fault tests.</summary>
    /// <param name="brokerId">1 to the number of brokers.</param>
    public void StopBroker(int brokerId) => Check(cluster => MockCluster.SetBrokerDown(cluster, brokerId));

    /// <summary>Brings a stopped broker back on its port. For fault tests.</summary>
    /// <param name="brokerId">1 to the number of brokers.</param>
    public void RestartBroker(int brokerId) => Check(cluster => MockCluster.SetBrokerUp(cluster, brokerId));

    /// <summary>Another broker leads a partition from now on. For fault tests.</summary>
    /// <param name="topic">The topic.</param>
    /// <param name="partition">Number of the partition.</param>
    /// <param name="brokerId">1 to the number of brokers.</param>
    public void MoveLeader(string topic, int partition, int brokerId) =>
        Check(cluster => MockCluster.SetLeader(cluster, topic, partition, brokerId));

    /// <summary>Another broker coordinates a consumer group from now on. For fault tests.</summary>
    /// <param name="groupId">The group.</param>
    /// <param name="brokerId">1 to the number of brokers.</param>
    public void MoveGroup(string groupId, int brokerId) => Check(cluster => MockCluster.SetCoordinator(cluster, "group", groupId, brokerId));

    /// <summary>Another broker coordinates a producer's transactions from now on. For fault tests.</summary>
    /// <param name="transactionalId">The producer's.</param>
    /// <param name="brokerId">1 to the number of brokers.</param>
    public void MoveTransactions(string transactionalId, int brokerId) =>
        Check(cluster => MockCluster.SetCoordinator(cluster, "transaction", transactionalId, brokerId));

    /// <summary>Answers the next requests of a kind with errors, in turn. For fault tests.</summary>
    /// <param name="apiKey">Kafka protocol API key, e.g. 28 for TxnOffsetCommit.</param>
    /// <param name="errors">Broker error codes, one for each request.</param>
    public void PushRequestErrors(short apiKey, params ReadOnlySpan<ErrorCode> errors)
    {
        var codes = new int[errors.Length];
        for (var i = 0; i < errors.Length; i++) codes[i] = (int)errors[i];
        lock (_lock)
        {
            MockCluster.PushRequestErrors(Live(), apiKey, (nuint)codes.Length, codes);
        }
    }

    /// <summary>Stops the brokers; everything they held is gone.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_cluster == 0) return;
            MockCluster.DestroyCluster(_cluster);
            MockCluster.DestroyClient(_client);
            _cluster = 0;
            _client = 0;
        }
    }

    private void Check(Func<nint, int> call)
    {
        lock (_lock)
        {
            var code = call(Live());
            if (code != 0) throw new KafkaException((ErrorCode)code);
        }
    }

    private nint Live()
    {
        ObjectDisposedException.ThrowIf(_cluster == 0, this);
        return _cluster;
    }

    private static string ReadText(byte[] buffer)
    {
        var end = Array.IndexOf(buffer, (byte)0);
        return Encoding.UTF8.GetString(buffer, 0, end < 0 ? buffer.Length : end);
    }
}
