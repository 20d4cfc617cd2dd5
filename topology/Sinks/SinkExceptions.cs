using System.Globalization;

namespace StreamScoring.Topology.Sinks;

/// <summary>Somebody else moved a position on. The runner loads the positions again and goes on from there.</summary>
public sealed class SinkConflictException(SinkPartition partition, long? expected)
    : Exception($"Another process has written {partition}: its position is not {expected?.ToString(CultureInfo.InvariantCulture) ?? "empty"} any more.")
{
    /// <summary>The partition in question.</summary>
    public SinkPartition Partition { get; } = partition;
}

/// <summary>The store cannot be used now. The message says why and what to do.</summary>
public sealed class SinkUnavailableException(string message, Exception? innerException = null)
    : Exception(message, innerException);
