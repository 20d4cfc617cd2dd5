namespace StreamScoring.Testing.Brokers;

/// <summary>What every <see cref="IKafkaBroker"/> can do.</summary>
public static class KafkaBrokerExtensions
{
    /// <summary>Creates a topic of this test's own on a broker that tests share.</summary>
    /// <param name="broker">The broker.</param>
    /// <param name="prefix">How the name begins.</param>
    /// <param name="partitions">Number of partitions, at least 1.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <returns>The topic's name: the prefix, '.' and 12 random characters.</returns>
    public static async Task<string> NewTopicAsync(
        this IKafkaBroker broker, string prefix, int partitions = 1, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(broker);
        var name = NewName(prefix);
        await broker.CreateTopicAsync(name, partitions, cancellationToken).ConfigureAwait(false);
        return name;
    }

    /// <summary>A name that no other test takes, for groups, transactional ids and topics.</summary>
    public static string NewName(string prefix) => $"{prefix}.{Guid.NewGuid():N}"[..(prefix.Length + 13)];
}
