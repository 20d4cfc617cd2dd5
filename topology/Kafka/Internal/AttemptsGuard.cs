using StreamScoring.Topology.Execution;

namespace StreamScoring.Topology.Kafka.Internal;

/// <summary>
/// Runs batches under the attempts journal. Without suspects a batch costs a few writes to memory. A suspect runs alone:
/// no other batch is in work meanwhile, so that a crash tells who it was.
/// </summary>
internal sealed class AttemptsGuard(AttemptsJournal journal, int slots) : IDisposable
{
    private readonly OffsetRange[][] _ranges = [.. Enumerable.Range(0, slots).Select(_ => new OffsetRange[AttemptsFile.MaxRanges])];
    private readonly int[] _counts = new int[slots];
    private readonly ReaderWriterLockSlim _alone = new();

    /// <summary>As <see cref="IBatchExecutor.Execute"/>.</summary>
    /// <param name="slot">Number of the calling scorer.</param>
    /// <param name="executor">What runs the batch.</param>
    /// <param name="records">The batch.</param>
    /// <param name="cancellationToken">Cuts it short.</param>
    /// <exception cref="StreamProcessingException">As above; or a record that has killed the process must stop the stream.</exception>
    internal BatchResult Execute(
        int slot, IBatchExecutor executor, IReadOnlyList<ConsumedRecord> records, CancellationToken cancellationToken)
    {
        if (!journal.HasSuspects && TryDescribe(slot, records, 0, out var end) && end == records.Count)
        {
            return RunTogether(slot, executor, records, cancellationToken);
        }
        var parts = new Parts(records.Count);
        for (var start = 0; start < records.Count && !parts.MustWait;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var crashes = journal.CrashesOf(records[start]);
            if (crashes >= journal.Limit)
            {
                parts.Add(GiveUp(executor, records[start], crashes));
                start++;
            }
            else if (crashes > 0)
            {
                parts.Add(RunAlone(slot, executor, records[start], cancellationToken));
                start++;
            }
            else
            {
                TryDescribe(slot, records, start, out end);
                parts.Add(RunTogether(slot, executor, Part(records, start, end - start), cancellationToken));
                start = end;
            }
        }
        return parts.ToResult();
    }

    public void Dispose() => _alone.Dispose();

    private BatchResult RunTogether(
        int slot, IBatchExecutor executor, IReadOnlyList<ConsumedRecord> records, CancellationToken cancellationToken)
    {
        _alone.EnterReadLock();
        try
        {
            journal.Begin(slot, _ranges[slot].AsSpan(0, _counts[slot]));
            return executor.Execute(records, cancellationToken);
        }
        finally
        {
            journal.End(slot);
            _alone.ExitReadLock();
        }
    }

    private BatchResult RunAlone(int slot, IBatchExecutor executor, ConsumedRecord record, CancellationToken cancellationToken)
    {
        _alone.EnterWriteLock();
        try
        {
            journal.Begin(slot, [new OffsetRange(record.Topic, record.Partition, record.Offset, record.Offset)]);
            var result = executor.Execute([record], cancellationToken);
            journal.Acquit(record);
            return result;
        }
        finally
        {
            journal.End(slot);
            _alone.ExitWriteLock();
        }
    }

    /// <summary>The ranges of as many records, from <paramref name="start"/> on, as no suspect is among and the journal has room for.</summary>
    private bool TryDescribe(int slot, IReadOnlyList<ConsumedRecord> records, int start, out int end)
    {
        var ranges = _ranges[slot];
        var (count, last) = (0, -1);
        var hasSuspects = journal.HasSuspects;
        for (end = start; end < records.Count; end++)
        {
            var record = records[end];
            if (hasSuspects && journal.CrashesOf(record) > 0) break;
            if (last < 0 || ranges[last].Partition != record.Partition || ranges[last].Topic != record.Topic)
            {
                last = Find(ranges, count, record);
                if (last < 0)
                {
                    if (count == ranges.Length) break;
                    last = count++;
                    ranges[last] = new OffsetRange(record.Topic, record.Partition, record.Offset, record.Offset);
                }
            }
            ref var range = ref ranges[last];
            if (record.Offset > range.Last) range = range with { Last = record.Offset };
            else if (record.Offset < range.First) range = range with { First = record.Offset };
        }
        _counts[slot] = count;
        return end > start;
    }

    private static int Find(OffsetRange[] ranges, int count, ConsumedRecord record)
    {
        for (var i = 0; i < count; i++)
        {
            if (ranges[i].Partition == record.Partition && ranges[i].Topic == record.Topic) return i;
        }
        return -1;
    }

    private static BatchResult GiveUp(IBatchExecutor executor, ConsumedRecord record, int crashes)
    {
        var error = new ProcessCrashException(
            $"The process died {crashes} times while this record was in work; it was not tried again.");
        var response = executor.DecideProcessing(record, error);
        var letter = response == Handlers.ErrorResponse.DeadLetter ? executor.CreateDeadLetter(record, error) : null;
        if (letter is null && response != Handlers.ErrorResponse.Continue)
        {
            throw new StreamProcessingException(
                string.Join(',', executor.SourceTopics), record,
                error.Message + " A dead-letter topic would let the stream go on without it.", error);
        }
        List<ProducedRecord> outputs = letter is null ? [] : [letter];
        if (executor.CreateAnswer(record, letter) is { } answer) outputs.Add(answer);
        return new BatchResult(outputs, [outputs.Count], letter is null ? 0 : 1, letter is null ? 1 : 0);
    }

    private static ConsumedRecord[] Part(IReadOnlyList<ConsumedRecord> records, int start, int length)
    {
        var part = new ConsumedRecord[length];
        for (var i = 0; i < length; i++) part[i] = records[start + i];
        return part;
    }

    /// <summary>The results of parts, in order, as one.</summary>
    private sealed class Parts(int records)
    {
        private readonly List<ProducedRecord> _outputs = [];
        private readonly int[] _counts = new int[records];
        private readonly List<int> _waiting = [];
        private int _done;
        private int _deadLetters;
        private int _skipped;

        /// <summary>Something cannot be read yet: what comes after it waits too.</summary>
        internal bool MustWait => _waiting.Count > 0;

        internal void Add(BatchResult part)
        {
            _outputs.AddRange(part.Outputs);
            part.InputCounts.CopyTo(_counts, _done);
            foreach (var index in part.Waiting) _waiting.Add(_done + index);
            _done += part.InputCounts.Length;
            _deadLetters += part.DeadLetters;
            _skipped += part.Skipped;
        }

        internal BatchResult ToResult()
        {
            for (; _done < _counts.Length; _done++) _waiting.Add(_done);
            return new BatchResult(_outputs, _counts, _deadLetters, _skipped) { Waiting = _waiting };
        }
    }
}
