using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Microsoft.Extensions.Logging;
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
/// Reads ranges of partitions that were fixed before, committed records only: what is written meanwhile is not read, a
/// transaction that is open before the end of a range is waited for, and no more is in memory than the client's queue.
/// Partition after partition, each in order. Belongs to no group.
/// </summary>
internal sealed class TopicReader(KafkaClients clients, string name, ILogger logger, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan QueryTimeout = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan PollTime = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan NoticeAfter = TimeSpan.FromSeconds(3);

    private readonly IConsumer<byte[]?, byte[]?> _consumer = clients.Consumer(name, PartitionAssigner.Config(fromEarliest: true)).Build();

    private ILogger Logger { get; } = logger;

    private TimeProvider Time { get; } = time;

    /// <summary>
    /// How long an open transaction is waited for. Default 90 s: longer than Kafka lets the transaction of a dead
    /// producer stand, transaction.timeout.ms, which is 60 s where nobody set it.
    /// </summary>
    internal TimeSpan TransactionPatience { get; init; } = TimeSpan.FromSeconds(90);

    /// <summary>
    /// Everything that each partition of a topic holds now, up to its high watermark: also what stands in or behind a
    /// transaction that is still open.
    /// </summary>
    /// <exception cref="CommandException">Kafka does not tell.</exception>
    internal List<PartitionRange> WholeTopic(string topic, int partitions)
    {
        var targets = Enumerable.Range(0, partitions).Select(partition => new TopicPartition(topic, partition)).ToList();
        try
        {
            var firsts = Offsets(targets, OffsetSpec.Earliest());
            var ends = Offsets(targets, OffsetSpec.Latest());
            return targets.ConvertAll(target => new PartitionRange(target, firsts[target], ends[target]));
        }
        catch (KafkaException exception)
        {
            throw new CommandException($"{topic} cannot be read: {exception.Error.Reason}", exception);
        }
    }

    /// <summary>These ranges without what stands before the first record of a time, or later; empty where there is none.</summary>
    /// <exception cref="CommandException">Kafka does not tell.</exception>
    internal List<PartitionRange> Since(IReadOnlyList<PartitionRange> ranges, long timestampMs)
    {
        try
        {
            var times = ranges.Select(range => new TopicPartitionTimestamp(range.Partition, new Timestamp(timestampMs, TimestampType.CreateTime)));
            var found = _consumer.OffsetsForTimes(times, QueryTimeout).ToDictionary(static place => place.TopicPartition, static place => place.Offset);
            return [.. ranges.Select(range => range with { From = found[range.Partition] is { IsSpecial: false } offset ? Math.Max(range.From, offset.Value) : range.Until })];
        }
        catch (KafkaException exception)
        {
            throw new CommandException($"{ranges[0].Partition.Topic}: Kafka could not look up where a time begins: {exception.Error.Reason}", exception);
        }
    }

    /// <summary>The records of these ranges.</summary>
    /// <exception cref="CommandException">
    /// Kafka cannot be read, was silent for half a minute, or a transaction was open for longer than
    /// <see cref="TransactionPatience"/>.
    /// </exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    internal IEnumerable<ConsumeResult<byte[]?, byte[]?>> Read(IEnumerable<PartitionRange> ranges, CancellationToken cancellationToken)
    {
        foreach (var range in ranges)
        {
            if (range.IsEmpty) continue;
            _consumer.Assign(new TopicPartitionOffset(range.Partition, range.From));
            var silence = new Silence(this, range);
            while (true)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var result = Poll(_consumer, PollTime);
                if (result is null)
                {
                    silence.GoesOn();
                    continue;
                }
                // Fetched before the partition was changed.
                if (result.TopicPartition != range.Partition) continue;
                if (result.Offset.Value >= range.Until) break;
                silence.Ends(result.IsPartitionEOF ? result.Offset.Value : null);
                // Read to the last stable offset, and the range goes further: a transaction is open there.
                if (result.IsPartitionEOF) continue;
                yield return result;
                // Behind the last record there may be a transaction's marker, which is never given out.
                if (result.Offset.Value + 1 >= range.Until) break;
                silence.Ends(openAt: null);
            }
        }
        _consumer.Unassign();
    }

    /// <summary>One poll of a reader that belongs to no group.</summary>
    /// <returns>Null where nothing came.</returns>
    /// <exception cref="CommandException">The broker refuses.</exception>
    internal static ConsumeResult<byte[]?, byte[]?>? Poll(IConsumer<byte[]?, byte[]?> consumer, TimeSpan wait)
    {
        try
        {
            return consumer.Consume(wait);
        }
        catch (ConsumeException exception) when (exception.Error.Code == ErrorCode.GroupAuthorizationFailed)
        {
            // librdkafka looks for the group's coordinator whether it is needed or not: this reader needs no right to a group.
            return null;
        }
        catch (ConsumeException exception) when (!exception.Error.IsFatal && exception.Error.IsBrokerError is false)
        {
            // A lost connection: the client connects again by itself, its error handler has logged it.
            return null;
        }
        catch (ConsumeException exception)
        {
            var topic = exception.ConsumerRecord?.Topic ?? "A topic";
            var remedy = exception.Error.Code == ErrorCode.TopicAuthorizationFailed ? ". This user needs Read on it (docs/security.md)" : "";
            throw new CommandException($"{topic} cannot be read: {exception.Error.Reason}{remedy}", exception);
        }
    }

    public void Dispose() => _consumer.Dispose();

    private Dictionary<TopicPartition, long> Offsets(IReadOnlyList<TopicPartition> targets, OffsetSpec which)
    {
        // Not by QueryWatermarkOffsets, whose end is the last stable offset for a consumer of committed records.
        using var admin = new DependentAdminClientBuilder(_consumer.Handle).Build();
        var options = new ListOffsetsOptions { RequestTimeout = QueryTimeout, IsolationLevel = IsolationLevel.ReadUncommitted };
        var found = admin.ListOffsetsAsync(targets.Select(target => new TopicPartitionOffsetSpec { TopicPartition = target, OffsetSpec = which }), options)
            .GetAwaiter().GetResult();
        return found.ResultInfos.ToDictionary(
            static info => info.TopicPartitionOffsetError.TopicPartition,
            static info => info.TopicPartitionOffsetError is { Error.IsError: true } failed ? throw new KafkaException(failed.Error) : info.TopicPartitionOffsetError.Offset.Value);
    }

    private static string Text(TopicPartition partition) => $"{partition.Topic}-{partition.Partition.Value}";

    /// <summary>Nothing comes: because Kafka does not answer, or because a transaction is open. Both have their bounds.</summary>
    private sealed class Silence(TopicReader reader, PartitionRange range)
    {
        private long _since = reader.Time.GetTimestamp();
        private long? _openAt;
        private bool _isNoticed;

        /// <summary>Something came; at the end of what is committed, with the offset of the open transaction.</summary>
        internal void Ends(long? openAt)
        {
            _since = reader.Time.GetTimestamp();
            _openAt = openAt;
        }

        /// <exception cref="CommandException">It lasted too long.</exception>
        internal void GoesOn()
        {
            var lasted = reader.Time.GetElapsedTime(_since);
            if (_openAt is not { } offset)
            {
                if (lasted < Patience) return;
                throw new CommandException($"{Text(range.Partition)}: Kafka gave nothing for {Patience.TotalSeconds:0} s, and the end was not reached. Is it running?");
            }
            if (lasted >= reader.TransactionPatience)
            {
                throw new CommandException(
                    $"{Text(range.Partition)}: a transaction has been open at offset {offset} for {reader.TransactionPatience.TotalSeconds:0} s, and whether the records from there on are committed is not known. "
                    + "Try again when it has ended: Kafka ends it after its producer's transaction.timeout.ms. kafka-transactions.sh finds and aborts one that hangs.");
            }
            if (lasted < NoticeAfter || _isNoticed) return;
            _isNoticed = true;
            AppLog.WaitingForTransaction(reader.Logger, Text(range.Partition), offset);
        }
    }
}
