using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace StreamScoring.Topology.Kafka.Internal;

/// <summary>
/// Partitions whose next record cannot be read yet (<see cref="OwnedPartition.WaitsFrom"/>): each is paused, and after a
/// growing wait read again from that record on. The others flow. Used by the consumer thread alone.
/// </summary>
internal sealed class WaitingPartitions(
    IConsumer<byte[]?, byte[]?> consumer, PartitionOwnership ownership, ILogger logger, TimeProvider time)
{
    private const int MaxDoublings = 6;
    private static readonly TimeSpan FirstWait = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(5);

    private readonly Dictionary<OwnedPartition, Wait> _waits = [];

    /// <summary>Pauses what has begun to wait; reads again what has waited long enough.</summary>
    internal void Serve()
    {
        if (_waits.Count > 0) ForgetLost();
        foreach (var owned in ownership.Current)
        {
            if (owned.IsWaiting) Serve(owned);
        }
    }

    private void Serve(OwnedPartition owned)
    {
        if (!_waits.TryGetValue(owned, out var wait)) _waits.Add(owned, wait = new Wait());
        if (!wait.IsHeld)
        {
            // The same record again: wait longer. Another one: the wait before was not for nothing.
            wait.Failures = owned.WaitsFrom == wait.ReadFrom ? wait.Failures + 1 : 0;
            wait.HeldAt = time.GetTimestamp();
            wait.IsHeld = true;
            consumer.Pause([owned.TopicPartition]);
        }
        owned.Position = owned.WaitsFrom;
        if (owned.InFlight == 0 && time.GetElapsedTime(wait.HeldAt) >= LengthOf(wait)) ReadAgain(owned, wait);
    }

    private void ReadAgain(OwnedPartition owned, Wait wait)
    {
        var offset = owned.WaitsFrom;
        try
        {
            consumer.Seek(new TopicPartitionOffset(owned.TopicPartition, offset));
        }
        catch (KafkaException exception)
        {
            KafkaLog.SeekFailed(logger, owned.TopicPartition.Topic, owned.TopicPartition.Partition.Value, offset, exception.Error.Reason);
            wait.HeldAt = time.GetTimestamp();
            return;
        }
        owned.ReadAgain();
        consumer.Resume([owned.TopicPartition]);
        wait.ReadFrom = offset;
        wait.IsHeld = false;
    }

    private void ForgetLost()
    {
        foreach (var owned in _waits.Keys)
        {
            if (owned.IsLost) _waits.Remove(owned);
        }
    }

    private static TimeSpan LengthOf(Wait wait)
    {
        var length = FirstWait * (1 << Math.Min(wait.Failures, MaxDoublings));
        return length < LongestWait ? length : LongestWait;
    }

    private sealed class Wait
    {
        public bool IsHeld;
        public long HeldAt;
        public long ReadFrom = -1;
        public int Failures;
    }
}
