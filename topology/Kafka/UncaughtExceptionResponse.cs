namespace StreamScoring.Topology.Kafka;

/// <summary>
/// What to do about an exception that no other handler has taken (KIP-671). Kafka Streams' SHUTDOWN_APPLICATION is not
/// among them: it travels in the rebalance protocol, where librdkafka has no place for it.
/// </summary>
public enum UncaughtExceptionResponse
{
    /// <summary>The stream ends with the exception; other members of the group take its partitions. The default.</summary>
    ShutdownClient,

    /// <summary>
    /// Consumer, producer and scorer threads are replaced, and the group is joined again from the last commit. What
    /// failed is met again: after each failure the pause before the next try is longer, from 1 s to 30 s.
    /// </summary>
    ReplaceThread,
}
