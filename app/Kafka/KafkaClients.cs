using Confluent.Kafka;
using Microsoft.Extensions.Logging;
using StreamScoring.App.Commands;
using StreamScoring.App.Configuration;
using StreamScoring.Topology.Kafka;
using StreamScoring.Topology.Kafka.Internal;

namespace StreamScoring.App.Kafka;

/// <summary>Builds the program's own clients; those of the stream are the engine's.</summary>
internal sealed class KafkaClients
{
    private readonly KafkaSettings _settings;
    private readonly ILogger _logger;
    private readonly KafkaClientLog _log;
    private readonly TaskCompletionSource _refused = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal KafkaClients(KafkaSettings settings, string bootstrapServers, ILoggerFactory logs)
    {
        (_settings, BootstrapServers) = (settings, bootstrapServers);
        _logger = logs.CreateLogger("StreamScoring.Kafka");
        _log = new KafkaClientLog(_logger, TimeProvider.System, _ => _refused.TrySetResult());
    }

    /// <summary>What the clients connect to.</summary>
    internal string BootstrapServers { get; }

    /// <summary>The latest reason why brokers cannot be reached, as librdkafka tells it.</summary>
    internal string? LastError => _log.LastError;

    /// <summary>Done as soon as Kafka does not take the credentials, or we do not take its certificate.</summary>
    internal Task Refused => _refused.Task;

    /// <summary>Ends a wait that is in vain.</summary>
    /// <exception cref="CommandException"><see cref="Refused"/>; names the settings.</exception>
    internal void ThrowIfRefused()
    {
        if (_log.LastRefusal is { } error) throw new CommandException(AccessRefusal.OfCredentials(BootstrapServers, _settings.Properties, error));
    }

    /// <summary>Those of some topics that this user may not write.</summary>
    internal IReadOnlyList<string> FindUnwritable(IReadOnlyCollection<string> topics) =>
        AccessRefusal.FindUnwritable(BootstrapServers, _settings.Properties, topics);

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
        KafkaProperties.Apply(config, _settings.Properties);
        return new ConsumerBuilder<byte[]?, byte[]?>(config)
            .SetErrorHandler((_, error) => _log.Error(name, error))
            .SetLogHandler((_, message) => _log.Log(message));
    }

    /// <summary>Keeps a client that lives long awake where the machine's clock is set back. Disposed of before the client.</summary>
    internal WallClockWatch WatchClock(IClient client) => new(TimeProvider.System, _logger, () => [client.Handle]);

    /// <summary>An idempotent producer: nothing is lost, repeated or reordered on the way.</summary>
    internal IProducer<byte[]?, byte[]?> Producer(string name) =>
        BuildProducer(name, new ProducerConfig { MessageTimeoutMs = _settings.DeliveryTimeoutMs });

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
        KafkaProperties.Apply(config, _settings.Properties);
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
        KafkaProperties.Apply(config, _settings.Properties);
        return new ProducerBuilder<byte[]?, byte[]?>(config)
            .SetErrorHandler((_, error) => _log.Error(name, error))
            .SetLogHandler((_, message) => _log.Log(message))
            .Build();
    }
}
