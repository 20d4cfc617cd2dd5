using Confluent.Kafka;
using Microsoft.Extensions.Logging;
using StreamScoring.App.Configuration;

namespace StreamScoring.App.Kafka;

/// <summary>Builds the program's own clients; those of the stream are the engine's.</summary>
internal sealed class KafkaClients(KafkaSettings settings, string bootstrapServers, ILoggerFactory logs)
{
    // Each client type warns about, or refuses, properties of the other.
    private static readonly string[] ConsumerOnly =
    [
        "group.", "partition.assignment.strategy", "session.timeout.ms", "heartbeat.interval.ms", "max.poll.interval.ms",
        "queued.", "fetch.", "max.partition.fetch.bytes", "check.crcs", "auto.commit.interval.ms", "auto.offset.reset",
        "isolation.level", "enable.auto.", "enable.partition.eof",
    ];

    private static readonly string[] ProducerOnly =
    [
        "transaction", "queue.buffering.", "linger.ms", "batch.", "compression.", "partitioner", "message.timeout.ms",
        "delivery.", "retries", "message.send.max.retries", "sticky.partitioning.linger.ms", "request.timeout.ms",
        "enable.gapless.guarantee", "enable.idempotence", "acks", "request.required.acks",
    ];

    private readonly ILogger _logger = logs.CreateLogger("StreamScoring.Kafka");

    /// <summary>What the clients connect to.</summary>
    internal string BootstrapServers { get; } = bootstrapServers;

    /// <summary>The latest reason why brokers cannot be reached, as librdkafka tells it.</summary>
    internal string? LastError { get; private set; }

    /// <summary>A consumer builder that reads committed records only, with error and log handlers set.</summary>
    internal ConsumerBuilder<byte[]?, byte[]?> Consumer(string name, ConsumerConfig config)
    {
        config.BootstrapServers = BootstrapServers;
        config.ClientId = "streamscoring-" + name;
        config.IsolationLevel = IsolationLevel.ReadCommitted;
        config.AllowAutoCreateTopics = false;
        config.FetchWaitMaxMs ??= 100;
        config.FetchQueueBackoffMs ??= 50;
        config.QueuedMaxMessagesKbytes ??= 16 << 10;
        Apply(config, ProducerOnly);
        return new ConsumerBuilder<byte[]?, byte[]?>(config)
            .SetErrorHandler((_, error) => Note(name, error))
            .SetLogHandler((_, message) => AppLog.ClientLog(_logger, name, message.Facility, message.Message));
    }

    /// <summary>An idempotent producer: nothing is lost, repeated or reordered on the way.</summary>
    internal IProducer<byte[]?, byte[]?> Producer(string name)
    {
        var config = new ProducerConfig
        {
            BootstrapServers = BootstrapServers,
            ClientId = "streamscoring-" + name,
            EnableIdempotence = true,
            Acks = Acks.All,
            LingerMs = 5,
            // As the JVM's clients and the stream choose partitions.
            Partitioner = Partitioner.Murmur2Random,
            MessageTimeoutMs = settings.DeliveryTimeoutMs,
            AllowAutoCreateTopics = false,
        };
        Apply(config, ConsumerOnly);
        return new ProducerBuilder<byte[]?, byte[]?>(config)
            .SetErrorHandler((_, error) => Note(name, error))
            .SetLogHandler((_, message) => AppLog.ClientLog(_logger, name, message.Facility, message.Message))
            .Build();
    }

    /// <summary>An admin client.</summary>
    internal IAdminClient Admin()
    {
        var config = new AdminClientConfig { BootstrapServers = BootstrapServers, ClientId = "streamscoring-admin", AllowAutoCreateTopics = false };
        Apply(config, [.. ConsumerOnly, .. ProducerOnly]);
        return new AdminClientBuilder(config)
            .SetErrorHandler((_, error) => Note("admin", error))
            .SetLogHandler((_, message) => AppLog.ClientLog(_logger, "admin", message.Facility, message.Message))
            .Build();
    }

    private void Note(string client, Error error)
    {
        LastError = error.Reason;
        // A broker that is away comes back by itself; what needs somebody to act is louder.
        if (error.Code is ErrorCode.Local_AllBrokersDown or ErrorCode.Local_Transport or ErrorCode.Local_Resolve or ErrorCode.Local_TimedOut)
        {
            AppLog.ClientDisconnected(_logger, client, error.Code, error.Reason);
        }
        else
        {
            AppLog.ClientError(_logger, client, error.Code, error.Reason);
        }
    }

    private void Apply(ClientConfig config, string[] notFor)
    {
        foreach (var (name, value) in settings.Properties)
        {
            if (!Array.Exists(notFor, prefix => name.StartsWith(prefix, StringComparison.Ordinal))) config.Set(name, value);
        }
    }
}
