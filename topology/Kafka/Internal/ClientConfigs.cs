using Confluent.Kafka;

namespace StreamScoring.Topology.Kafka.Internal;

/// <summary>The librdkafka settings of a stream's clients. Each value that is not librdkafka's own has its reason.</summary>
internal static class ClientConfigs
{
    internal static ConsumerConfig Consumer(KafkaStreamOptions options)
    {
        var exactlyOnce = options.Guarantee == ProcessingGuarantee.ExactlyOnce;
        var config = new ConsumerConfig
        {
            BootstrapServers = options.BootstrapServers,
            GroupId = options.GroupId,
            ClientId = "streamscoring",
            EnableAutoCommit = !exactlyOnce,
            EnableAutoOffsetStore = false,
            AutoCommitIntervalMs = (int)options.CommitInterval.TotalMilliseconds,
            AutoOffsetReset = options.AutoOffsetReset,
            IsolationLevel = IsolationLevel.ReadCommitted,
            PartitionAssignmentStrategy = PartitionAssignmentStrategy.CooperativeSticky,
            // The end of a partition counts transaction markers: only EOF events tell that everything is read.
            EnablePartitionEof = true,
            AllowAutoCreateTopics = false,
            // A killed member's partitions move after this long. Heartbeats have their own thread: scoring delays none.
            SessionTimeoutMs = 10_000,
            HeartbeatIntervalMs = 3_000,
            MaxPollIntervalMs = 300_000,
            // The default 100,000 messages a partition is all memory and no speed where models are the bottleneck; a low
            // mark needs a short backoff, else the fetcher stalls for its default of 1 s.
            QueuedMinMessages = 2_000,
            QueuedMaxMessagesKbytes = 16 * 1024,
            FetchQueueBackoffMs = 20,
            FetchWaitMaxMs = 50,
            SocketKeepaliveEnable = true,
        };
        Apply(options, config);
        return config;
    }

    internal static ProducerConfig Producer(KafkaStreamOptions options, string? transactionalId)
    {
        var config = new ProducerConfig
        {
            BootstrapServers = options.BootstrapServers,
            ClientId = "streamscoring",
            EnableIdempotence = true,
            Acks = Acks.All,
            LingerMs = 2,
            // Java's default: co-partitions our topics with those written by JVM clients (librdkafka's own is CRC32).
            Partitioner = Partitioner.Murmur2Random,
            QueueBufferingMaxMessages = 500_000,
            SocketKeepaliveEnable = true,
        };
        if (transactionalId is not null)
        {
            config.TransactionalId = transactionalId;
            config.TransactionTimeoutMs = 15_000;
        }
        else
        {
            config.MessageTimeoutMs = (int)options.DeliveryTimeout.TotalMilliseconds;
            config.DeliveryReportFields = "status";
        }
        KafkaProperties.Apply(config, options.Properties);
        return config;
    }

    internal static AdminClientConfig Admin(string bootstrapServers, IReadOnlyDictionary<string, string> properties)
    {
        var config = new AdminClientConfig { BootstrapServers = bootstrapServers, ClientId = "streamscoring" };
        KafkaProperties.Apply(config, properties);
        return config;
    }

    private static void Apply(KafkaStreamOptions options, ConsumerConfig config)
    {
        KafkaProperties.Apply(config, options.Properties);
        // KIP-848: the broker assigns, and sets the session by its own configuration.
        if (options.Properties.TryGetValue("group.protocol", out var protocol) &&
            protocol.Equals("consumer", StringComparison.OrdinalIgnoreCase))
        {
            // A null takes a setting back.
            config.Set("session.timeout.ms", null);
            config.Set("heartbeat.interval.ms", null);
            config.Set("partition.assignment.strategy", null);
        }
    }
}
