using Confluent.Kafka;

namespace StreamScoring.Topology.Kafka.Internal;

/// <summary>
/// One ownership of a partition, from its assignment to its revocation. A partition that leaves and comes back is
/// another instance: a record carries the ownership it was read under, and what was read under a lost one is dropped.
/// </summary>
internal sealed class OwnedPartition(TopicPartition topicPartition, SubTopologyLane lane)
{
    private volatile bool _lost;
    private int _entered;
    private int _left;
    private long _position = -1;
    private long _end = -1;
    private long _waitsFrom = long.MaxValue;

    internal TopicPartition TopicPartition { get; } = topicPartition;

    internal SubTopologyLane Lane { get; } = lane;

    /// <summary>True once revoked or lost: outputs and offsets of it must not be committed any more.</summary>
    internal bool IsLost => _lost;

    /// <summary>Records read under this ownership and neither committed nor dropped yet.</summary>
    internal int InFlight => Volatile.Read(ref _entered) - Volatile.Read(ref _left);

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

    /// <summary>
    /// Offset of the first record that cannot be read yet, e.g. for a schema registry that is down;
    /// <see cref="long.MaxValue"/>: none. It and what follows goes through later: nothing of that is committed now.
    /// </summary>
    internal long WaitsFrom => Volatile.Read(ref _waitsFrom);

    /// <summary>True while records of this partition wait to be read again.</summary>
    internal bool IsWaiting => WaitsFrom != long.MaxValue;

    /// <summary>K: a record cannot be read yet.</summary>
    internal void WaitFrom(long offset)
    {
        long seen;
        while (offset < (seen = WaitsFrom) && Interlocked.CompareExchange(ref _waitsFrom, offset, seen) != seen)
        {
        }
    }

    /// <summary>P: the records are read again. Only while nothing is in flight: what was read before must be gone.</summary>
    internal void ReadAgain() => Volatile.Write(ref _waitsFrom, long.MaxValue);

    internal void Lose() => _lost = true;

    internal bool Is(string topic, Partition partition) =>
        TopicPartition.Partition.Value == partition.Value && TopicPartition.Topic == topic;

    /// <summary>A record was read. The consumer thread alone calls it.</summary>
    internal void Enter() => Volatile.Write(ref _entered, _entered + 1);

    /// <summary>Records are committed or left to another owner.</summary>
    internal void Leave(int records) => Interlocked.Add(ref _left, records);
}
