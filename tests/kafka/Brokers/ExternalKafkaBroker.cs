using StreamScoring.Testing.Internal;

namespace StreamScoring.Testing.Brokers;

/// <summary>A cluster that somebody else runs, named by <c>KAFKA_BOOTSTRAP_SERVERS</c>. Its topics are left behind.</summary>
public sealed class ExternalKafkaBroker : IKafkaBroker
{
    /// <summary>The environment variable that names it.</summary>
    public const string Variable = "KAFKA_BOOTSTRAP_SERVERS";

    private ExternalKafkaBroker(string bootstrapServers) => BootstrapServers = bootstrapServers;

    /// <inheritdoc/>
    public string Name => $"{Variable}={BootstrapServers}";

    /// <inheritdoc/>
    public string BootstrapServers { get; }

    /// <summary>Asks the cluster for its metadata.</summary>
    /// <exception cref="InvalidOperationException">It did not answer within 15 seconds.</exception>
    public static async Task<ExternalKafkaBroker> ConnectAsync(
        string bootstrapServers, CancellationToken cancellationToken = default)
    {
        if (!await KafkaAdmin.AnswersAsync(bootstrapServers, TimeSpan.FromSeconds(15), () => false, cancellationToken))
        {
            throw new InvalidOperationException(
                $"{Variable} names {bootstrapServers}, where no Kafka answered within 15 s. Start it, or unset {Variable}.");
        }
        return new ExternalKafkaBroker(bootstrapServers);
    }

    /// <inheritdoc/>
    public Task CreateTopicAsync(string name, int partitions, CancellationToken cancellationToken = default) =>
        KafkaAdmin.CreateTopicAsync(BootstrapServers, name, partitions, cancellationToken);
}
