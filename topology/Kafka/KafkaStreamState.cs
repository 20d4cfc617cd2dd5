namespace StreamScoring.Topology.Kafka;

/// <summary>Where a stream is in its life; the states of Kafka Streams' client.</summary>
public enum KafkaStreamState
{
    /// <summary>Built, not started.</summary>
    Created,

    /// <summary>Started; partitions are being assigned.</summary>
    Rebalancing,

    /// <summary>Processing.</summary>
    Running,

    /// <summary>Asked to stop: finishing what is in flight.</summary>
    PendingShutdown,

    /// <summary>Stopped cleanly; everything finished is committed.</summary>
    NotRunning,

    /// <summary>Stopped by an error; what was not committed is processed again at the next start.</summary>
    Error,
}
