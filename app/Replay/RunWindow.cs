namespace StreamScoring.App.Replay;

/// <summary>
/// The records that are under way: sent, and not yet written as results. It bounds them, in number and bytes, and gives
/// the results of each partition out in the order of their offsets.
/// </summary>
/// <param name="maxRecords">Records under way, at most.</param>
/// <param name="maxBytes">Their bytes, at most; a single larger one is let through alone.</param>
/// <param name="write">Called with each result, in order within its partition.</param>
internal sealed class RunWindow(int maxRecords, long maxBytes, Action<RunResult> write)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<(int Partition, long Offset), Entry> _entries = [];
    private readonly Dictionary<int, Queue<Entry>> _inOrder = [];
    private long _bytes;
    private TaskCompletionSource _room = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Records under way.</summary>
    internal int Count
    {
        get
        {
            lock (_lock) return _entries.Count;
        }
    }

    /// <summary>The record that is under way for the longest time in its partition; for messages.</summary>
    internal (int Partition, long Offset)? Oldest
    {
        get
        {
            lock (_lock) return _inOrder.Values.SelectMany(static queue => queue).Where(static entry => !entry.IsDone).Select(static entry => (entry.Result.Partition, entry.Result.Offset)).Cast<(int, long)?>().FirstOrDefault();
        }
    }

    /// <summary>Waits for room and enters a record.</summary>
    /// <param name="partition">Its partition.</param>
    /// <param name="offset">Its offset.</param>
    /// <param name="sizeBytes">Its size.</param>
    /// <param name="expected">Topics that it must come out in.</param>
    /// <param name="sentAt">Timestamp of the clock.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    internal async Task EnterAsync(int partition, long offset, long sizeBytes, IEnumerable<string> expected, Func<long> sentAt, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task room;
            lock (_lock)
            {
                if (_entries.Count == 0 || (_entries.Count < maxRecords && _bytes + sizeBytes <= maxBytes))
                {
                    var entry = new Entry(new RunResult { Partition = partition, Offset = offset }, [.. expected], sizeBytes, sentAt());
                    _entries.Add((partition, offset), entry);
                    if (!_inOrder.TryGetValue(partition, out var queue)) _inOrder.Add(partition, queue = new Queue<Entry>());
                    queue.Enqueue(entry);
                    _bytes += sizeBytes;
                    return;
                }
                room = _room.Task;
            }
            await room.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Notes what came of a record; one that came before is ignored, as at-least-once allows it.</summary>
    /// <param name="partition">Partition of the captured record.</param>
    /// <param name="offset">Its offset.</param>
    /// <param name="topics">The topics that are answered by this.</param>
    /// <param name="note">Puts it into the result.</param>
    /// <param name="latencyUs">Time since it was sent, of the timestamp it was entered with.</param>
    internal void Answer(int partition, long offset, IReadOnlySet<string> topics, Action<RunResult> note, Func<long, long> latencyUs)
    {
        lock (_lock)
        {
            if (!_entries.TryGetValue((partition, offset), out var entry) || entry.IsDone) return;
            var left = entry.Expected.Count;
            entry.Expected.ExceptWith(topics);
            if (entry.Expected.Count == left) return;
            note(entry.Result);
            if (!entry.IsDone) return;
            entry.Result.LatencyUs = latencyUs(entry.SentAt);
            var queue = _inOrder[partition];
            while (queue.TryPeek(out var first) && first.IsDone)
            {
                queue.Dequeue();
                _entries.Remove((partition, first.Result.Offset));
                _bytes -= first.SizeBytes;
                write(first.Result);
            }
            var room = _room;
            _room = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            room.SetResult();
        }
    }

    private sealed record Entry(RunResult Result, HashSet<string> Expected, long SizeBytes, long SentAt)
    {
        public bool IsDone => Expected.Count == 0;
    }
}
