using Confluent.Kafka;
using StreamScoring.App.Commands;

namespace StreamScoring.App.Kafka;

/// <summary>A part of a partition: from an offset, inclusive, up to one that is not in it any more.</summary>
/// <param name="Partition">Topic and partition.</param>
/// <param name="From">First offset.</param>
/// <param name="Until">Offset behind the last.</param>
internal readonly record struct PartitionRange(TopicPartition Partition, long From, long Until)
{
    /// <summary>Whether nothing is in it.</summary>
    internal bool IsEmpty => Until <= From;
}

/// <summary>
/// Reads ranges of partitions that were fixed before, committed records only: what is written meanwhile is not read, and
/// no more is in memory than the client's queue. Partition after partition, each in order.
/// </summary>
internal static class TopicReader
{
    private static readonly TimeSpan QueryTimeout = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>A client for <see cref="Read"/> that belongs to no group.</summary>
    internal static IConsumer<byte[]?, byte[]?> Connect(KafkaClients clients, string name) =>
        clients.Consumer(name, PartitionAssigner.Config(fromEarliest: true)).Build();

    /// <summary>Everything that each partition of a topic holds now.</summary>
    /// <exception cref="CommandException">Kafka does not tell.</exception>
    internal static List<PartitionRange> WholeTopic(IConsumer<byte[]?, byte[]?> consumer, string topic, int partitions)
    {
        var ranges = new List<PartitionRange>(partitions);
        for (var partition = 0; partition < partitions; partition++)
        {
            var target = new TopicPartition(topic, partition);
            try
            {
                var bounds = consumer.QueryWatermarkOffsets(target, QueryTimeout);
                ranges.Add(new PartitionRange(target, bounds.Low.Value, bounds.High.Value));
            }
            catch (KafkaException exception)
            {
                throw new CommandException($"{topic}-{partition} cannot be read: {exception.Error.Reason}", exception);
            }
        }
        return ranges;
    }

    /// <summary>The records of these ranges.</summary>
    /// <exception cref="CommandException">Kafka cannot be read, or was silent for half a minute.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    internal static IEnumerable<ConsumeResult<byte[]?, byte[]?>> Read(
        IConsumer<byte[]?, byte[]?> consumer, IEnumerable<PartitionRange> ranges, TimeProvider time, CancellationToken cancellationToken)
    {
        foreach (var range in ranges)
        {
            if (range.IsEmpty) continue;
            consumer.Assign(new TopicPartitionOffset(range.Partition, range.From));
            var heardAt = time.GetTimestamp();
            while (true)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var result = Next(consumer, range);
                if (result is null)
                {
                    if (time.GetElapsedTime(heardAt) < Patience) continue;
                    throw new CommandException($"{range.Partition.Topic}-{range.Partition.Partition.Value}: Kafka gave nothing for {Patience.TotalSeconds:0} s, and the end was not reached. Is it running?");
                }
                heardAt = time.GetTimestamp();
                // Fetched before the partition was changed.
                if (result.TopicPartition != range.Partition) continue;
                if (result.Offset.Value >= range.Until || result.IsPartitionEOF) break;
                yield return result;
                // Behind the last record there may be a transaction's marker, which is never given out.
                if (result.Offset.Value + 1 >= range.Until) break;
                heardAt = time.GetTimestamp();
            }
        }
        consumer.Unassign();
    }

    private static ConsumeResult<byte[]?, byte[]?>? Next(IConsumer<byte[]?, byte[]?> consumer, PartitionRange range)
    {
        try
        {
            return consumer.Consume(Poll);
        }
        catch (ConsumeException exception) when (!exception.Error.IsFatal && exception.Error.IsBrokerError is false)
        {
            // A lost connection: the client connects again by itself, its error handler has logged it.
            return null;
        }
        catch (ConsumeException exception)
        {
            throw new CommandException($"{range.Partition.Topic}-{range.Partition.Partition.Value} cannot be read: {exception.Error.Reason}", exception);
        }
    }
}
