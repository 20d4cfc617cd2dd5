using Confluent.Kafka;

namespace StreamScoring.Topology.Kafka.Internal;

/// <summary>The librdkafka settings of a stream's clients. Each value that is not librdkafka's own has its reason.</summary>
internal static class ClientConfigs
{
    // Set by the stream: a user's value would break a promise.
    private static readonly HashSet<string> Reserved = new(StringComparer.Ordinal)
    {
        "group.id", "bootstrap.servers", "enable.auto.commit", "enable.auto.offset.store", "isolation.level",
        "transactional.id", "enable.idempotence", "acks", "request.required.acks", "enable.partition.eof",
        "auto.offset.reset", "delivery.report.only.error",
    };

    // librdkafka refuses a property of the other client type, with a warning at best: each goes where it belongs.
    private static readonly string[] ConsumerOnly =
    [
        "group.", "partition.assignment.strategy", "session.timeout.ms", "heartbeat.interval.ms", "max.poll.interval.ms",
        "queued.", "fetch.", "max.partition.fetch.bytes", "check.crcs", "auto.commit.interval.ms",
    ];

    private static readonly string[] ProducerOnly =
    [
        "transaction.timeout.ms", "queue.buffering.", "linger.ms", "batch.", "compression.", "partitioner",
        "message.timeout.ms", "delivery.timeout.ms", "retries", "message.send.max.retries", "sticky.partitioning.linger.ms",
        "request.timeout.ms", "enable.gapless.guarantee",
    ];

    internal static bool IsReserved(string property) => Reserved.Contains(property);

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
        Apply(options, config, ProducerOnly);
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
        Apply(options, config, ConsumerOnly);
        return config;
    }

    internal static AdminClientConfig Admin(string bootstrapServers, IReadOnlyDictionary<string, string> properties)
    {
        var config = new AdminClientConfig { BootstrapServers = bootstrapServers, ClientId = "streamscoring" };
        Apply(properties, config, ConsumerOnly, ProducerOnly);
        return config;
    }

    private static void Apply(KafkaStreamOptions options, ClientConfig config, string[] notFor)
    {
        Apply(options.Properties, config, notFor, []);
        if (options.InstanceId is not null && config is ConsumerConfig consumer && !options.Properties.ContainsKey("group.protocol"))
        {
            consumer.GroupInstanceId = options.InstanceId;
        }
        // KIP-848: the broker assigns, and sets the session by its own configuration.
        if (config is ConsumerConfig && options.Properties.TryGetValue("group.protocol", out var protocol) &&
            protocol.Equals("consumer", StringComparison.OrdinalIgnoreCase))
        {
            config.Remove("session.timeout.ms");
            config.Remove("heartbeat.interval.ms");
            config.Remove("partition.assignment.strategy");
        }
    }

    private static void Apply(
        IReadOnlyDictionary<string, string> properties, ClientConfig config, string[] notFor, string[] norFor)
    {
        foreach (var (key, value) in properties)
        {
            if (!StartsWithAny(key, notFor) && !StartsWithAny(key, norFor)) config.Set(key, value);
        }
    }

    private static bool StartsWithAny(string key, string[] prefixes)
    {
        foreach (var prefix in prefixes)
        {
            if (key.StartsWith(prefix, StringComparison.Ordinal)) return true;
        }
        return false;
    }

    private static void Remove(this ClientConfig config, string key)
    {
        // Config has no removal: an unset value is what a null means to it.
        config.Set(key, null);
    }
}
