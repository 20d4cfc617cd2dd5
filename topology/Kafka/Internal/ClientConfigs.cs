using Confluent.Kafka;

namespace StreamScoring.Topology.Kafka.Internal;

/// <summary>The librdkafka settings of a stream's clients. Each value that is not librdkafka's own has its reason.</summary>
internal static class ClientConfigs
{
    private const int SessionTimeoutMs = 10_000;
    private const double MaxLingerMs = 250;

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
            SessionTimeoutMs = SessionTimeoutMs,
            // A member hears of a rebalance with its heartbeat: who takes over after an orderly stop does so within this time.
            HeartbeatIntervalMs = 1_000,
            MaxPollIntervalMs = 300_000,
            // The default 100,000 messages a partition is all memory and no speed where models are the bottleneck; a low
            // mark needs a short backoff, else the fetcher stalls for its default of 1 s.
            QueuedMinMessages = 8_000,
            QueuedMaxMessagesKbytes = 16 * 1024,
            FetchQueueBackoffMs = 20,
            FetchWaitMaxMs = 100,
            SocketKeepaliveEnable = true,
            // The default of 10 s is what a broker that is back would be kept waiting, and a stop while it is away.
            ReconnectBackoffMaxMs = 1_000,
        };
        Apply(options, config);
        return config;
    }

    /// <param name="options">The stream's.</param>
    /// <param name="transactionalId">Null: at-least-once.</param>
    /// <param name="largestBatch">Bytes that a topic takes in one batch: of small records too.</param>
    internal static ProducerConfig Producer(KafkaStreamOptions options, string? transactionalId, long largestBatch = long.MaxValue)
    {
        var config = new ProducerConfig
        {
            BootstrapServers = options.BootstrapServers,
            ClientId = "streamscoring",
            EnableIdempotence = true,
            Acks = Acks.All,
            // A request for each partition every 2 ms costs broker and client more than its records do. Nobody waits for it:
            // at-least-once sends at once what nothing else will follow.
            LingerMs = 10,
            // Java's default: co-partitions our topics with those written by JVM clients (librdkafka's own is CRC32).
            Partitioner = Partitioner.Murmur2Random,
            QueueBufferingMaxMessages = 500_000,
            SocketKeepaliveEnable = true,
            // The default of 10 s is what a broker that is back would be kept waiting, and a stop while it is away.
            ReconnectBackoffMaxMs = 1_000,
        };
        // A topic that a client named and deleted must not come back by our answer to it.
        if (options.Replies is not null) config.AllowAutoCreateTopics = false;
        if (transactionalId is not null)
        {
            config.TransactionalId = transactionalId;
            // Before the commit nobody reads it, and the commit sends at once what lingers: few requests, with many records each,
            // and half of the interval to send them.
            config.LingerMs = Math.Max(10, Math.Min(MaxLingerMs, options.CommitInterval.TotalMilliseconds / 2));
            // What readers of committed records wait for where this process dies and no successor takes its name. As long as
            // the session: its partitions move then too.
            config.TransactionTimeoutMs = SessionTimeoutMs + (int)options.CommitInterval.TotalMilliseconds;
            // The commit tells; but what becomes of answers is told for each.
            config.EnableDeliveryReports = options.Replies is not null;
        }
        else
        {
            config.MessageTimeoutMs = (int)options.DeliveryTimeout.TotalMilliseconds;
            config.DeliveryReportFields = "status";
        }
        KafkaProperties.Apply(config, options.Properties);
        if (largestBatch < TopicLimits.BatchBytesOf(options)) config.BatchSize = (int)largestBatch;
        return config;
    }

    /// <summary>The producer of at-least-once answers: people wait for them, and nobody waits long.</summary>
    internal static ProducerConfig Answers(KafkaStreamOptions options)
    {
        var config = Producer(options, transactionalId: null);
        config.ClientId = "streamscoring-answers";
        config.LingerMs = 0;
        config.QueueBufferingMaxMessages = 50_000;
        config.QueueBufferingMaxKbytes = 64 << 10;
        config.MessageTimeoutMs = (int)options.Replies!.DeliveryTimeout.TotalMilliseconds;
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
        if (KafkaProperties.UsesConsumerProtocol(options.Properties))
        {
            config.SessionTimeoutMs = null;
            config.HeartbeatIntervalMs = null;
            config.PartitionAssignmentStrategy = null;
        }
    }
}
