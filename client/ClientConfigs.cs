using Confluent.Kafka;

namespace StreamScoring.Client;

/// <summary>The librdkafka settings of the client's producer and consumer: a person waits, so nothing lingers.</summary>
internal static class ClientConfigs
{
    private static readonly HashSet<string> Reserved = new(StringComparer.Ordinal)
    {
        "bootstrap.servers", "group.id", "enable.auto.commit", "enable.auto.offset.store", "isolation.level", "auto.offset.reset",
        "allow.auto.create.topics", "enable.idempotence", "acks", "request.required.acks", "transactional.id", "enable.partition.eof",
    };

    private static readonly string[] ConsumerOnly = ["fetch.", "queued.", "max.poll.interval.ms", "session.timeout.ms", "max.partition.fetch.bytes", "check.crcs"];

    private static readonly string[] ProducerOnly =
        ["linger.ms", "batch.", "compression.", "queue.buffering.", "message.timeout.ms", "delivery.timeout.ms", "retries", "message.send.max.retries", "partitioner", "request.timeout.ms"];

    internal static bool IsReserved(string name) => Reserved.Contains(name);

    internal static ProducerConfig Producer(ScoringClientOptions options)
    {
        var config = new ProducerConfig
        {
            BootstrapServers = options.BootstrapServers,
            ClientId = "streamscoring-client",
            EnableIdempotence = true,
            Acks = Acks.All,
            LingerMs = 0,
            // As the stream and the JVM's clients choose partitions.
            Partitioner = Partitioner.Murmur2Random,
            AllowAutoCreateTopics = false,
            SocketNagleDisable = true,
        };
        Apply(config, options, ConsumerOnly);
        return config;
    }

    internal static ConsumerConfig Consumer(ScoringClientOptions options)
    {
        var config = new ConsumerConfig
        {
            BootstrapServers = options.BootstrapServers,
            ClientId = "streamscoring-client",
            // librdkafka wants one; without commits and subscription no group comes of it.
            GroupId = "streamscoring-client",
            EnableAutoCommit = false,
            EnableAutoOffsetStore = false,
            // What an aborted transaction answered was never said.
            IsolationLevel = IsolationLevel.ReadCommitted,
            AutoOffsetReset = AutoOffsetReset.Earliest,
            AllowAutoCreateTopics = false,
            FetchWaitMaxMs = 500,
            FetchQueueBackoffMs = 5,
            QueuedMaxMessagesKbytes = 64 << 10,
            SocketNagleDisable = true,
        };
        Apply(config, options, ProducerOnly);
        return config;
    }

    private static void Apply(ClientConfig config, ScoringClientOptions options, string[] others)
    {
        foreach (var (name, value) in options.Properties)
        {
            if (!IsReserved(name) && !Array.Exists(others, prefix => name.StartsWith(prefix, StringComparison.Ordinal))) config.Set(name, value);
        }
    }
}
