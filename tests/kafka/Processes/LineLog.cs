namespace StreamScoring.Testing.Processes;

/// <summary>Lines that a process wrote: the newest ones, and a way to wait for one.</summary>
internal sealed class LineLog(int retained)
{
    private readonly Lock _gate = new();
    private readonly Queue<string> _lines = new();
    private TaskCompletionSource _changed = New();
    private long _written;
    private bool _ended;

    internal IReadOnlyList<string> Snapshot()
    {
        lock (_gate) return [.. _lines];
    }

    /// <summary>Null ends the stream.</summary>
    internal void Add(string? line)
    {
        TaskCompletionSource changed;
        lock (_gate)
        {
            if (line is null)
            {
                _ended = true;
            }
            else
            {
                _lines.Enqueue(line);
                _written++;
                if (_lines.Count > retained) _lines.Dequeue();
            }
            changed = _changed;
            _changed = New();
        }
        changed.SetResult();
    }

    /// <summary>The first retained or future line that matches; null when the stream ends without one.</summary>
    internal async Task<string?> FirstAsync(Func<string, bool> matches, CancellationToken cancellationToken)
    {
        long seen = 0;
        while (true)
        {
            string[] news;
            bool ended;
            Task changed;
            lock (_gate)
            {
                var unseen = (int)Math.Min(_written - seen, _lines.Count);
                news = unseen == 0 ? [] : [.. _lines.Skip(_lines.Count - unseen)];
                seen = _written;
                ended = _ended;
                changed = _changed.Task;
            }

            foreach (var line in news)
            {
                if (matches(line)) return line;
            }
            if (ended) return null;
            await changed.WaitAsync(cancellationToken);
        }
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
