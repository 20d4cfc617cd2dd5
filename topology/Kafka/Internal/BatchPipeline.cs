namespace StreamScoring.Topology.Kafka.Internal;

/// <summary>
/// What the three kinds of thread share: batches waiting for a scorer, batches in reading order waiting to be produced,
/// and the credits that bound both. One lock; it is taken once for each batch and step, never for each record.
/// </summary>
internal sealed class BatchPipeline
{
    private readonly LinkedList<RecordBatch> _waiting = new();
    private readonly IReadOnlyList<SubTopologyLane> _lanes;
    private readonly int _maxWaiting;
    private readonly int _maxRecords;
    private readonly long _maxBytes;
    private readonly object _signal = new();
    private int _idleScorers;
    private int _records;
    private long _bytes;
    private int _batches;
    private bool _commitRequested;
    private bool _isDraining;
    private bool _closed;
    private long _polls;

    internal BatchPipeline(IReadOnlyList<SubTopologyLane> lanes, KafkaStreamOptions options)
    {
        _lanes = lanes;
        // Enough that a scorer never waits for the consumer thread; more would only be work to drop at a rebalance.
        _maxWaiting = (2 * options.ScorerThreads) + 2;
        _maxRecords = options.MaxInFlightRecords;
        _maxBytes = options.MaxInFlightBytes;
    }

    /// <summary>Nothing between dispatch and release.</summary>
    internal bool IsEmpty
    {
        get { lock (_signal) return _batches == 0; }
    }

    /// <summary>False: the consumer thread must not take more records.</summary>
    internal bool HasRoom
    {
        get { lock (_signal) return HasRoomLocked(); }
    }

    /// <summary>As <see cref="HasRoom"/>, a moment old: for every record, without the lock.</summary>
    internal bool MayHaveRoom => HasRoomLocked();

    /// <summary>Records that there is room for, a moment old; at least one.</summary>
    internal int RecordsToTake => Math.Max(1, _maxRecords - Volatile.Read(ref _records));

    /// <summary>A scorer waits for work: a batch need not wait for company.</summary>
    internal bool HasIdleScorer => Volatile.Read(ref _idleScorers) > 0;

    /// <summary>True where so many batches are all that is under way.</summary>
    internal bool HoldsNoMoreThan(int batches)
    {
        lock (_signal) return _batches <= batches;
    }

    /// <summary>Well below the bounds: time to resume paused partitions.</summary>
    internal bool IsAtLowWatermark
    {
        get { lock (_signal) return _waiting.Count <= _maxWaiting / 2 && _records <= _maxRecords / 2 && _bytes <= _maxBytes / 2; }
    }

    /// <summary>P: hands a batch over. Takes the credits even beyond the bounds: the caller checks first.</summary>
    internal void Dispatch(RecordBatch batch)
    {
        lock (_signal)
        {
            batch.Credits = batch.Records.Count;
            _records += batch.Credits;
            _bytes += batch.SizeBytes;
            _batches++;
            batch.Lane.InOrder.Enqueue(batch);
            _waiting.AddLast(batch);
            Monitor.PulseAll(_signal);
        }
    }

    /// <summary>P: waits until there is room again.</summary>
    internal bool WaitForRoom(TimeSpan timeout) => WaitFor(static pipeline => pipeline.HasRoomLocked(), timeout);

    /// <summary>P: says that it is back from polling, so that membership changes have been heard of.</summary>
    internal void CountPoll()
    {
        Volatile.Write(ref _polls, _polls + 1);
    }

    internal long Polls => Volatile.Read(ref _polls);

    /// <summary>True once <see cref="Close"/> was called: finish and end.</summary>
    internal bool IsClosed
    {
        get { lock (_signal) return _closed; }
    }

    /// <summary>K: takes the oldest batch that may run now; null once closed.</summary>
    internal RecordBatch? Take()
    {
        lock (_signal)
        {
            while (true)
            {
                if (_closed) return null;
                for (var node = _waiting.First; node is not null; node = node.Next)
                {
                    var batch = node.Value;
                    if (!batch.Lane.Executor.IsStateless)
                    {
                        if (batch.Lane.IsBusy) continue;
                        batch.Lane.IsBusy = true;
                    }
                    _waiting.Remove(node);
                    batch.Stage = BatchStage.Scoring;
                    Monitor.PulseAll(_signal);
                    return batch;
                }
                _idleScorers++;
                Monitor.Wait(_signal);
                _idleScorers--;
            }
        }
    }

    /// <summary>K: the batch has its result or its error.</summary>
    internal void Complete(RecordBatch batch)
    {
        lock (_signal)
        {
            if (!batch.Lane.Executor.IsStateless) batch.Lane.IsBusy = false;
            batch.Stage = BatchStage.Scored;
            Monitor.PulseAll(_signal);
        }
    }

    /// <summary>
    /// T: moves the batches whose turn has come into <paramref name="ready"/>: scored, and everything read before them in
    /// their lane produced. Waits up to <paramref name="timeout"/> for one.
    /// </summary>
    /// <param name="ready">Gets the batches, in order.</param>
    /// <param name="timeout">Longest wait.</param>
    /// <param name="hasUncommitted">True where the caller holds produced batches: a commit request then ends the wait.</param>
    /// <param name="wakeEarly">Asked after every step; true ends the wait.</param>
    /// <returns>True where somebody waits for a commit: do it now.</returns>
    internal bool Collect(List<RecordBatch> ready, TimeSpan timeout, bool hasUncommitted, Func<bool>? wakeEarly = null)
    {
        lock (_signal)
        {
            var deadline = Environment.TickCount64 + (long)timeout.TotalMilliseconds;
            while (true)
            {
                foreach (var lane in _lanes)
                {
                    while (lane.InOrder.TryPeek(out var head) && head.Stage is BatchStage.Scored or BatchStage.Dropped)
                    {
                        lane.InOrder.Dequeue();
                        if (head.Stage == BatchStage.Dropped) ReleaseLocked(head);
                        else ready.Add(head);
                    }
                }
                var remaining = deadline - Environment.TickCount64;
                var commitNow = _isDraining || _commitRequested;
                if (ready.Count > 0 || (commitNow && hasUncommitted) || _closed || remaining <= 0 || wakeEarly?.Invoke() == true)
                {
                    _commitRequested = false;
                    return commitNow;
                }
                Monitor.Wait(_signal, (int)Math.Min(remaining, 500));
            }
        }
    }

    /// <summary>T: nothing of the batch is kept as objects any more; the credits of its records come back before the commit.</summary>
    internal void ReleaseRecords(RecordBatch batch)
    {
        lock (_signal)
        {
            var hadRoom = HasRoomLocked();
            _records -= batch.Credits;
            batch.Credits = 0;
            if (!hadRoom) Monitor.PulseAll(_signal);
        }
    }

    /// <summary>T: the batch is committed or given up; its credits come back.</summary>
    internal void Release(RecordBatch batch)
    {
        lock (_signal)
        {
            ReleaseLocked(batch);
            Monitor.PulseAll(_signal);
        }
    }

    /// <summary>A processor asks for a commit before the interval is over.</summary>
    internal void RequestCommit()
    {
        lock (_signal)
        {
            _commitRequested = true;
            Monitor.PulseAll(_signal);
        }
    }

    /// <summary>P: from now on T commits what it has without waiting for the interval.</summary>
    internal void BeginDrain()
    {
        lock (_signal)
        {
            _isDraining = true;
            Monitor.PulseAll(_signal);
        }
    }

    /// <summary>P: commits follow the interval again.</summary>
    internal void EndDrain()
    {
        lock (_signal) _isDraining = false;
    }

    /// <summary>P: drops what no scorer has begun; the records are uncommitted and will be read again.</summary>
    internal void DropWaiting()
    {
        lock (_signal)
        {
            foreach (var batch in _waiting) batch.Stage = BatchStage.Dropped;
            _waiting.Clear();
            Monitor.PulseAll(_signal);
        }
    }

    /// <summary>Waits until <paramref name="condition"/> holds; it is asked again after every step of any batch.</summary>
    internal bool WaitFor(Func<BatchPipeline, bool> condition, TimeSpan timeout)
    {
        lock (_signal)
        {
            var deadline = Environment.TickCount64 + (long)timeout.TotalMilliseconds;
            while (!condition(this))
            {
                var remaining = deadline - Environment.TickCount64;
                if (remaining <= 0) return false;
                Monitor.Wait(_signal, (int)Math.Min(remaining, 100));
            }
            return true;
        }
    }

    /// <summary>Wakes everyone to look again.</summary>
    internal void Pulse()
    {
        lock (_signal) Monitor.PulseAll(_signal);
    }

    /// <summary>Ends the scorer threads and every wait.</summary>
    internal void Close()
    {
        lock (_signal)
        {
            _closed = true;
            Monitor.PulseAll(_signal);
        }
    }

    private bool HasRoomLocked() =>
        _closed || (_waiting.Count < _maxWaiting && _records < _maxRecords && _bytes < _maxBytes);

    private void ReleaseLocked(RecordBatch batch)
    {
        _records -= batch.Credits;
        _bytes -= batch.SizeBytes;
        _batches--;
        batch.Leave();
    }
}
