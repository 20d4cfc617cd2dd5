namespace StreamScoring.Topology.Kafka.Embedded;

/// <summary>How the embedded broker is set up.</summary>
public sealed record EmbeddedKafkaOptions
{
    /// <summary>Brokers in the cluster, 1 to 9. Default 1.</summary>
    public int Brokers { get; init; } = 1;

    /// <summary>
    /// How long a new consumer group waits for more members before its first assignment. Default zero: one process is
    /// all there is.
    /// </summary>
    public TimeSpan InitialRebalanceDelay { get; init; } = TimeSpan.Zero;
}
