using StreamScoring.Topology.Kafka.Embedded;

namespace StreamScoring.Testing.Brokers;

/// <summary>The product's embedded broker as a test's Kafka. Its limits are <see cref="EmbeddedKafka"/>'s.</summary>
public sealed class EmbeddedKafkaBroker : IKafkaBroker, IDisposable
{
    /// <summary>Starts it.</summary>
    public EmbeddedKafkaBroker() => Kafka = EmbeddedKafka.Start();

    /// <summary>The broker itself, for faults.</summary>
    public EmbeddedKafka Kafka { get; }

    /// <inheritdoc/>
    public string Name => "embedded";

    /// <inheritdoc/>
    public string BootstrapServers => Kafka.BootstrapServers;

    /// <inheritdoc/>
    public Task CreateTopicAsync(string name, int partitions, CancellationToken cancellationToken = default)
    {
        Kafka.CreateTopic(name, partitions);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public void Dispose() => Kafka.Dispose();
}
