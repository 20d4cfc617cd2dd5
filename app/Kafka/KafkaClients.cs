using Confluent.Kafka;
using Microsoft.Extensions.Logging;
using StreamScoring.App.Configuration;
using StreamScoring.Topology.Kafka;

namespace StreamScoring.App.Kafka;

/// <summary>Builds the program's own clients; those of the stream are the engine's.</summary>
internal sealed class KafkaClients(KafkaSettings settings, string bootstrapServers, ILoggerFactory logs)
{
    private readonly KafkaClientLog _log = new(logs.CreateLogger("StreamScoring.Kafka"), TimeProvider.System);

    /// <summary>What the clients connect to.</summary>
    internal string BootstrapServers { get; } = bootstrapServers;

    /// <summary>The latest reason why brokers cannot be reached, as librdkafka tells it.</summary>
    internal string? LastError => _log.LastError;

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
        KafkaProperties.Apply(config, settings.Properties);
        return new ConsumerBuilder<byte[]?, byte[]?>(config)
            .SetErrorHandler((_, error) => _log.Error(name, error))
            .SetLogHandler((_, message) => _log.Log(message));
    }

    /// <summary>An idempotent producer: nothing is lost, repeated or reordered on the way.</summary>
    internal IProducer<byte[]?, byte[]?> Producer(string name) =>
        BuildProducer(name, new ProducerConfig { MessageTimeoutMs = settings.DeliveryTimeoutMs });

    /// <summary>A producer of transactions; a second one of the same id shuts the first one out.</summary>
    /// <param name="name">Name for the log.</param>
    /// <param name="transactionalId">Id.</param>
    /// <param name="createTopics">Lets a broker without an admin interface create topics that are written.</param>
    internal IProducer<byte[]?, byte[]?> TransactionalProducer(string name, string transactionalId, bool createTopics) =>
        BuildProducer(name, new ProducerConfig { TransactionalId = transactionalId, TransactionTimeoutMs = 60_000, AllowAutoCreateTopics = createTopics });

    /// <summary>An admin client.</summary>
    internal IAdminClient Admin()
    {
        var config = new AdminClientConfig { BootstrapServers = BootstrapServers, ClientId = "streamscoring-admin", AllowAutoCreateTopics = false };
        KafkaProperties.Apply(config, settings.Properties);
        return new AdminClientBuilder(config)
            .SetErrorHandler((_, error) => _log.Error("admin", error))
            .SetLogHandler((_, message) => _log.Log(message))
            .Build();
    }

    private IProducer<byte[]?, byte[]?> BuildProducer(string name, ProducerConfig config)
    {
        config.BootstrapServers = BootstrapServers;
        config.ClientId = "streamscoring-" + name;
        config.EnableIdempotence = true;
        config.Acks = Acks.All;
        config.LingerMs = 5;
        // As the JVM's clients and the stream choose partitions.
        config.Partitioner = Partitioner.Murmur2Random;
        config.AllowAutoCreateTopics ??= false;
        KafkaProperties.Apply(config, settings.Properties);
        return new ProducerBuilder<byte[]?, byte[]?>(config)
            .SetErrorHandler((_, error) => _log.Error(name, error))
            .SetLogHandler((_, message) => _log.Log(message))
            .Build();
    }
}
