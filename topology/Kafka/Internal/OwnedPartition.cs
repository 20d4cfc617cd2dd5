using Confluent.Kafka;

namespace StreamScoring.Topology.Kafka.Internal;

/// <summary>
/// One ownership of a partition, from its assignment to its revocation. A partition that leaves and comes back is
/// another instance: a record carries the ownership it was read under, and what was read under a lost one is dropped.
/// </summary>
internal sealed class OwnedPartition(TopicPartition topicPartition, SubTopologyLane lane)
{
    private volatile bool _lost;
    private int _inFlight;
    private long _position = -1;
    private long _end = -1;

    internal TopicPartition TopicPartition { get; } = topicPartition;

    internal SubTopologyLane Lane { get; } = lane;

    /// <summary>True once revoked or lost: outputs and offsets of it must not be committed any more.</summary>
    internal bool IsLost => _lost;

    /// <summary>Records read under this ownership and neither committed nor dropped yet.</summary>
    internal int InFlight => Volatile.Read(ref _inFlight);

    /// <summary>Offset after the last record read; past transaction markers once the end was reached; -1 at first.</summary>
    internal long Position
    {
        get => Volatile.Read(ref _position);
        set => Volatile.Write(ref _position, value);
    }

    /// <summary>The partition's end as last seen; -1 at first.</summary>
    internal long End
    {
        get => Volatile.Read(ref _end);
        set => Volatile.Write(ref _end, value);
    }

    /// <summary>Records not read yet, as far as known, markers included until the end was reached.</summary>
    internal long Unread => Math.Max(0, End - Math.Max(0, Position));

    /// <summary>True once the end of the partition has been seen and nothing unread is known.</summary>
    internal bool IsReadToEnd => Position >= 0 && Position >= End;

    internal void Lose() => _lost = true;

    internal void Enter() => Interlocked.Increment(ref _inFlight);

    internal void Leave() => Interlocked.Decrement(ref _inFlight);
}
