namespace StreamScoring.Topology.Kafka.Internal;

/// <summary>
/// What the three kinds of thread share: batches waiting for a scorer, batches in reading order waiting to be produced,
/// and the credits that bound both. One lock; it is taken once for each batch and step, never for each record.
/// </summary>
/// <remarks>
/// Each kind of thread waits by itself and is woken for what it waits for only: woken for every step of every batch, the
/// scorers of a stream of small records woke four times for each batch. A <see cref="WaitingThreads"/> is never entered with
/// the lock held.
/// </remarks>
internal sealed class BatchPipeline
{
    private readonly LinkedList<RecordBatch> _waiting = new();
    private readonly IReadOnlyList<SubTopologyLane> _lanes;
    private readonly int _maxWaiting;
    private readonly int _maxRecords;
    private readonly long _maxBytes;
    private readonly object _lock = new();
    private readonly WaitingThreads _scorers = new();
    private readonly WaitingThreads _producer = new();
    private readonly WaitingThreads _consumer = new();
    // What these wait for may be something else than the pipeline's state.
    private readonly WaitingThreads _others = new(TimeSpan.FromMilliseconds(100));
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
        get { lock (_lock) return _batches == 0; }
    }

    /// <summary>False: the consumer thread must not take more records.</summary>
    internal bool HasRoom
    {
        get { lock (_lock) return HasRoomLocked(); }
    }

    /// <summary>As <see cref="HasRoom"/>, a moment old: for every record, without the lock.</summary>
    internal bool MayHaveRoom => HasRoomLocked();

    /// <summary>Records that there is room for, a moment old; at least one.</summary>
    internal int RecordsToTake => Math.Max(1, _maxRecords - Volatile.Read(ref _records));

    /// <summary>A scorer waits for work: a batch need not wait for company.</summary>
    internal bool HasIdleScorer => _scorers.Any;

    /// <summary>True where so many batches are all that is under way.</summary>
    internal bool HoldsNoMoreThan(int batches)
    {
        lock (_lock) return _batches <= batches;
    }

    /// <summary>Well below the bounds: time to resume paused partitions.</summary>
    internal bool IsAtLowWatermark
    {
        get { lock (_lock) return _waiting.Count <= _maxWaiting / 2 && _records <= _maxRecords / 2 && _bytes <= LowWatermarkOf(_maxBytes); }
    }

    /// <summary>
    /// Three quarters of the bytes that may be under way. An open transaction holds up to as much, so that it alone never keeps
    /// partitions paused.
    /// </summary>
    internal static long LowWatermarkOf(long bytes) => bytes - (bytes / 4);

    /// <summary>P: hands a batch over. Takes the credits even beyond the bounds: the caller checks first.</summary>
    internal void Dispatch(RecordBatch batch)
    {
        lock (_lock)
        {
            batch.Credits = batch.Count;
            _records += batch.Credits;
            _bytes += batch.SizeBytes;
            _batches++;
            batch.Lane.InOrder.Enqueue(batch);
            _waiting.AddLast(batch);
        }
        _scorers.WakeOne();
        _others.WakeAll();
    }

    /// <summary>P: waits until there is room for several batches, so that it is not woken for each, or for so long.</summary>
    /// <returns>Whether there is room.</returns>
    internal bool WaitForRoom(TimeSpan timeout) => _consumer.Wait(this, static pipeline => pipeline.HasAmpleRoom, timeout) || HasRoom;

    /// <summary>P: says that it is back from polling, so that membership changes have been heard of.</summary>
    internal void CountPoll()
    {
        Volatile.Write(ref _polls, _polls + 1);
    }

    internal long Polls => Volatile.Read(ref _polls);

    /// <summary>True once <see cref="Close"/> was called: finish and end.</summary>
    internal bool IsClosed
    {
        get { lock (_lock) return _closed; }
    }

    /// <summary>K: takes the oldest batch that may run now; null once closed.</summary>
    internal RecordBatch? Take()
    {
        RecordBatch? batch = null;
        if (!TryTake(ref batch)) _scorers.Wait(() => TryTake(ref batch));
        RoomCameBack();
        return batch;
    }

    /// <summary>K: the batch has its result or its error.</summary>
    internal void Complete(RecordBatch batch)
    {
        bool isNext;
        lock (_lock)
        {
            if (!batch.Lane.Executor.IsStateless) batch.Lane.IsBusy = false;
            batch.Stage = BatchStage.Scored;
            isNext = batch.Lane.InOrder.TryPeek(out var head) && head == batch;
        }
        if (isNext) _producer.WakeAll();
        // A batch of its lane may have waited for this one alone.
        if (!batch.Lane.Executor.IsStateless) _scorers.WakeOne();
        _others.WakeAll();
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
        var commitNow = false;
        if (!TryCollect(ready, hasUncommitted, wakeEarly, ref commitNow)
            && !_producer.Wait(() => TryCollect(ready, hasUncommitted, wakeEarly, ref commitNow), timeout))
        {
            // Nothing is there to commit.
            lock (_lock) _commitRequested = false;
        }
        RoomCameBack();
        return commitNow;
    }

    /// <summary>T: nothing of the batch is kept as objects any more; the credits of its records come back before the commit.</summary>
    internal void ReleaseRecords(RecordBatch batch)
    {
        lock (_lock)
        {
            _records -= batch.Credits;
            batch.Credits = 0;
        }
        RoomCameBack();
    }

    /// <summary>T: the batch is committed or given up; its credits come back.</summary>
    internal void Release(RecordBatch batch)
    {
        lock (_lock) ReleaseLocked(batch);
        RoomCameBack();
    }

    /// <summary>A processor asks for a commit before the interval is over.</summary>
    internal void RequestCommit()
    {
        lock (_lock) _commitRequested = true;
        _producer.WakeAll();
    }

    /// <summary>P: from now on T commits what it has without waiting for the interval.</summary>
    internal void BeginDrain()
    {
        lock (_lock) _isDraining = true;
        _producer.WakeAll();
    }

    /// <summary>P: commits follow the interval again.</summary>
    internal void EndDrain()
    {
        lock (_lock) _isDraining = false;
    }

    /// <summary>P: drops what no scorer has begun; the records are uncommitted and will be read again.</summary>
    internal void DropWaiting()
    {
        lock (_lock)
        {
            foreach (var batch in _waiting) batch.Stage = BatchStage.Dropped;
            _waiting.Clear();
        }
        WakeAll();
    }

    /// <summary>Waits until <paramref name="condition"/> holds; it is asked again after every step of any batch.</summary>
    internal bool WaitFor(Func<BatchPipeline, bool> condition, TimeSpan timeout) => _others.Wait(this, condition, timeout);

    /// <summary>Wakes T to look again.</summary>
    internal void WakeProducer() => _producer.WakeAll();

    /// <summary>Wakes everyone to look again.</summary>
    internal void WakeAll()
    {
        _scorers.WakeAll();
        _producer.WakeAll();
        _consumer.WakeAll();
        _others.WakeAll();
    }

    /// <summary>Ends the scorer threads and every wait.</summary>
    internal void Close()
    {
        lock (_lock) _closed = true;
        WakeAll();
    }

    private bool HasRoomLocked() =>
        _closed || (_waiting.Count < _maxWaiting && _records < _maxRecords && _bytes < _maxBytes);

    private void RoomCameBack()
    {
        if (HasAmpleRoom) _consumer.WakeAll();
        _others.WakeAll();
    }

    private bool HasAmpleRoom
    {
        get
        {
            lock (_lock)
            {
                return _closed || (HasRoomLocked() && _waiting.Count <= _maxWaiting / 2
                    && _records <= _maxRecords - (_maxRecords / 8) && _bytes <= _maxBytes - (_maxBytes / 8));
            }
        }
    }

    private bool TryTake(ref RecordBatch? batch)
    {
        lock (_lock)
        {
            if (_closed) return true;
            for (var node = _waiting.First; node is not null; node = node.Next)
            {
                var lane = node.Value.Lane;
                if (!lane.Executor.IsStateless)
                {
                    if (lane.IsBusy) continue;
                    lane.IsBusy = true;
                }
                _waiting.Remove(node);
                batch = node.Value;
                batch.Stage = BatchStage.Scoring;
                return true;
            }
            return false;
        }
    }

    private bool TryCollect(List<RecordBatch> ready, bool hasUncommitted, Func<bool>? wakeEarly, ref bool commitNow)
    {
        lock (_lock)
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
            commitNow = _isDraining || _commitRequested;
            if (ready.Count == 0 && !(commitNow && hasUncommitted) && !_closed && wakeEarly?.Invoke() != true) return false;
            _commitRequested = false;
            return true;
        }
    }

    private void ReleaseLocked(RecordBatch batch)
    {
        _records -= batch.Credits;
        _bytes -= batch.SizeBytes;
        _batches--;
        batch.Leave();
    }
}
