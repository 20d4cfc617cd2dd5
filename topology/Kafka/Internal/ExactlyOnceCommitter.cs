using Confluent.Kafka;
using Microsoft.Extensions.Logging;
using StreamScoring.Topology.Execution;
using StreamScoring.Topology.Kafka.Replies;

namespace StreamScoring.Topology.Kafka.Internal;

/// <summary>
/// Commits outputs, dead letters and offsets in one transaction (KIP-447). Scored batches are retained until their
/// commit: an abort produces them again, without scoring again and without moving the consumer. Steps T1 to T7 of
/// ARCHITECTURE.md.
/// </summary>
internal sealed class ExactlyOnceCommitter : ICommitter
{
    // A transaction is given up after so many attempts, and not before so long.
    private const int AbortLimit = 12;
    private static readonly TimeSpan AbortPeriod = TimeSpan.FromMinutes(1);
    private const int AbortLimitAtStop = 3;
    private static readonly TimeSpan CommittedSlice = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan MaxBackoff = TimeSpan.FromSeconds(1);

    // Bounds a transaction beside the interval: a burst is committed in pieces that fit the producer's queue.
    private const int MaxOutputsPerTransaction = 200_000;

    // With nothing else under way, commits come sooner than the interval, at most so many in each.
    private const int IdleCommitsPerInterval = 5;

    private readonly KafkaStreamOptions _options;
    private readonly TransactionalProducer _producer;
    private readonly TransactionalAnswers? _answers;
    private readonly IConsumer<byte[]?, byte[]?> _consumer;
    private readonly PartitionOwnership _ownership;
    private readonly BatchPipeline _pipeline;
    private readonly OutputGuard _guard;
    private readonly TopicLimits _limits;
    private readonly LoopWatch _watch;
    private readonly StreamTelemetry _telemetry;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;

    // The open transaction: batches retained, and what was seen of the ownership when they were produced.
    private readonly List<RecordBatch> _open = [];
    private readonly List<RecordBatch> _ready = [];
    private readonly OutputStore _store = new();
    private readonly Dictionary<TopicPartition, long> _offsets = [];
    private CancellationToken _stop;
    private long _begunAt;
    private long _committedAt;
    private int _openRecords;
    private long _openBytes;
    private int _outputs;
    private int _lossesAtBegin;
    private bool _isProduced;

    private long _commits;

    internal ExactlyOnceCommitter(
        KafkaStreamOptions options, string transactionalId, IConsumer<byte[]?, byte[]?> consumer,
        PartitionOwnership ownership, BatchPipeline pipeline, OutputGuard guard, TopicLimits limits, LoopWatch watch, StreamTelemetry telemetry,
        ILogger logger, KafkaClientLog clientLog, TimeProvider time, AnswerFailures? answerFailures = null)
    {
        _options = options;
        _producer = new TransactionalProducer(options, limits, transactionalId, pipeline, watch, logger, clientLog, time);
        if (answerFailures is not null) _answers = new TransactionalAnswers(_producer, answerFailures);
        _consumer = consumer;
        _ownership = ownership;
        _pipeline = pipeline;
        _guard = guard;
        _limits = limits;
        _watch = watch;
        _telemetry = telemetry;
        _logger = logger;
        _time = time;
    }

    public long Commits => Interlocked.Read(ref _commits);

    public long Aborts => _producer.Aborts;

    public Handle? Client => _producer.Client;

    public void Connect(CancellationToken stop)
    {
        _stop = stop;
        _producer.Connect(stop);
    }

    public void Run()
    {
        while (true)
        {
            _watch.ProducerTurns();
            // T1. What is scored, where everything read before it was produced.
            var commitNow = _pipeline.Collect(_ready, UntilCommit(), hasUncommitted: _open.Count > 0);
            var closed = _pipeline.IsClosed;
            // T2. Into the open transaction, and kept until its commit.
            foreach (var batch in _ready) Add(batch);
            _ready.Clear();

            // T3. Is it time?
            if (_open.Count > 0 && (commitNow || closed || UntilCommit() <= TimeSpan.Zero
                || _outputs >= MaxOutputsPerTransaction || HoldsMostOfCredits))
            {
                CommitOpen();
            }
            if (closed) return;
        }
    }

    public void Dispose() => _producer.Dispose();

    /// <summary>
    /// Then it is time to commit, whatever the interval: the consumer thread would soon stand still until it is over.
    /// </summary>
    private bool HoldsMostOfCredits =>
        _openRecords > _options.MaxInFlightRecords / 2
        || Math.Max(_openBytes, _store.Bytes) > BatchPipeline.LowWatermarkOf(_options.MaxInFlightBytes);

    private TimeSpan UntilCommit()
    {
        if (_open.Count == 0) return TimeSpan.FromSeconds(1);
        var untilInterval = _options.CommitInterval - _time.GetElapsedTime(_begunAt);
        // Nothing else is under way: waiting gathers nothing and only delays. Bounded, so that a trickle of records does not
        // become a transaction for each of them.
        if (!_pipeline.HoldsNoMoreThan(_open.Count) || _ownership.HasBacklog) return untilInterval;
        var untilSpaced = (_options.CommitInterval / IdleCommitsPerInterval) - _time.GetElapsedTime(_committedAt);
        return untilSpaced < untilInterval ? untilSpaced : untilInterval;
    }

    private void Add(RecordBatch batch)
    {
        if (batch.Error is { } error)
        {
            // What came before is good: it must not be processed twice because of what follows.
            if (_open.Count > 0) CommitOpen();
            throw error;
        }

        batch.Result = _guard.Admit(batch);
        batch.ForgetInputs();
        if (batch.Count == 0 && batch.Result.Outputs.Count == 0)
        {
            _pipeline.Release(batch);
            return;
        }
        if (_open.Count == 0)
        {
            _begunAt = _time.GetTimestamp();
            _watch.ResultsWait(_begunAt);
            _outputs = 0;
        }
        var joinsTransaction = _open.Count == 0 || _isProduced;
        _open.Add(batch);
        _openBytes += batch.SizeBytes;
        _outputs += batch.Result.Outputs.Count;

        // Into the open transaction at once, so that sending overlaps scoring. If that fails, the commit starts over.
        if (joinsTransaction) _isProduced = (_open.Count > 1 || Begin()) && Produce(batch);
        Keep(batch);
    }

    /// <summary>Until the commit. Answers are kept as objects: which of them were given up is known by the object.</summary>
    private void Keep(RecordBatch batch)
    {
        foreach (var output in batch.Result!.Outputs)
        {
            if (!output.IsAnswer) continue;
            _openRecords += batch.Count;
            return;
        }
        batch.StoreOutputs(_store);
        _pipeline.ReleaseRecords(batch);
    }

    private IReadOnlyList<ProducedRecord> OutputsOf(RecordBatch batch) =>
        batch.Stored is { } stored ? _store.Read(stored) : batch.Result!.Outputs;

    private bool Begin()
    {
        _lossesAtBegin = _ownership.Losses;
        return _producer.Begin() == TransactionOutcome.Done;
    }

    private bool Produce(RecordBatch batch)
    {
        var outputs = OutputsOf(batch);
        var counts = batch.Result!.InputCounts;
        var (input, output) = (0, 0);
        foreach (var run in batch.Runs)
        {
            for (var endOfRun = input + run.Count; input < endOfRun; input++)
            {
                var end = output + counts[input];
                if (run.Owner.IsLost) output = end;
                for (; output < end; output++)
                {
                    if (Produce(outputs[output]) != TransactionOutcome.Done) return false;
                }
            }
        }
        for (; output < outputs.Count; output++)
        {
            if (Produce(outputs[output]) != TransactionOutcome.Done) return false;
        }
        return true;
    }

    private TransactionOutcome Produce(ProducedRecord output) =>
        output.IsAnswer ? _answers!.Produce(output) : _producer.Produce(output);

    private void CommitOpen()
    {
        var started = _time.GetTimestamp();
        var hasLooked = false;
        for (var attempt = 1; !TryCommit(); attempt++)
        {
            _watch.ProducerTurns();
            ThrowIfRefused(ref hasLooked);
            ThrowIfTooLarge();
            if (_stop.IsCancellationRequested && attempt >= AbortLimitAtStop) throw new OperationCanceledException("stopped before the transaction could be repeated");
            if (attempt >= AbortLimit && _time.GetElapsedTime(started) >= AbortPeriod)
            {
                var error = _producer.LastError;
                throw new KafkaStreamException(
                    $"The transaction failed {attempt} times in {_time.GetElapsedTime(started).TotalSeconds:0} s: {error?.Reason ?? "no reason given"} ({error?.Code}). " +
                    "Nothing of it was committed; its records are read again at the next start.", canRetry: true);
            }
            _answers?.Aborted(_open);
            WaitForMembership(attempt);
        }

        // T7. Credits come back; nothing is kept.
        _committedAt = _time.GetTimestamp();
        _telemetry.Committed(_time.GetElapsedTime(started));
        _answers?.Committed();
        foreach (var batch in _open)
        {
            _pipeline.Release(batch);
        }
        _watch.ResultsTaken();
        _open.Clear();
        _store.Clear();
        (_openRecords, _openBytes) = (0, 0);
        _isProduced = false;
        Interlocked.Increment(ref _commits);
    }

    /// <summary>
    /// A member that was thrown out hears of it while polling: gives the consumer thread that chance. Where the group's
    /// coordinator has restarted, the client asks it first with one of its next heartbeats, so that polls alone tell nothing.
    /// </summary>
    private void WaitForMembership(int attempt)
    {
        var (polls, changes) = (_pipeline.Polls, _ownership.Changes);
        var backoff = TimeSpan.FromMilliseconds(Math.Min(25 << Math.Min(attempt, 10), MaxBackoff.TotalMilliseconds));
        _pipeline.WaitFor(
            pipeline => pipeline.IsClosed || _ownership.Changes != changes || (attempt <= 2 && pipeline.Polls > polls + 1), backoff);
    }

    /// <summary>A right that is missing does not come by trying again.</summary>
    /// <param name="hasLooked">Whether the topics of this transaction were looked at before.</param>
    private void ThrowIfRefused(ref bool hasLooked)
    {
        if (_producer.LastError is not { } error) return;
        if (error.Code == ErrorCode.GroupAuthorizationFailed)
            throw new KafkaStreamException(AccessRefusal.ToJoin(_options.BootstrapServers, _options.GroupId), canRetry: false, new KafkaException(error));
        if (error.Code != ErrorCode.TopicAuthorizationFailed || hasLooked) return;
        hasLooked = true;
        // The error does not say which topic it is. One of a client's answers costs the answer, never the stream.
        var refused = AccessRefusal.FindUnwritable(_options.BootstrapServers, _options.Properties, OpenTopics());
        if (refused.Count > 0)
            throw new KafkaStreamException(AccessRefusal.ToWrite(_options.BootstrapServers, refused), canRetry: false, new KafkaException(error));
    }

    /// <summary>
    /// A record that is too large for its topic does not get smaller by trying again. Of an answer's topic somebody else thinks
    /// (<see cref="TransactionalAnswers"/>).
    /// </summary>
    private void ThrowIfTooLarge()
    {
        if (_producer.LastError?.Code != ErrorCode.MsgSizeTooLarge) return;
        var topics = OpenTopics();
        if (_limits.Read(topics, _stop)) throw new TopicLimitException(TooLarge.Learnt(topics, _limits));
        if (_answers is null) throw new KafkaStreamException(TooLarge.Unknown(topics), canRetry: false, new KafkaException(_producer.LastError));
    }

    /// <summary>The topics of the open transaction's outputs, less those of answers.</summary>
    private HashSet<string> OpenTopics() =>
        _open.SelectMany(OutputsOf).Where(static output => !output.IsAnswer).Select(static output => output.Topic).ToHashSet(StringComparer.Ordinal);

    /// <summary>One attempt. False: aborted or undone; what is still owned is produced again.</summary>
    private bool TryCommit()
    {
        // T4. Again what an abort took back.
        if (!_isProduced)
        {
            if (!Begin()) return false;
            foreach (var batch in _open)
            {
                if (!Produce(batch)) return false;
            }
            _isProduced = true;
        }

        lock (_ownership.Gate)
        {
            // T5. With the gate closed no partition comes or goes. Records of one that went: abort, and without them.
            if (_ownership.Losses != _lossesAtBegin && HoldsLost())
            {
                _isProduced = false;
                _producer.Abort();
                return false;
            }
            // T6. Offsets, then the commit; one that is reported as failed is resolved.
            CollectOffsets();
            if (SendOffsets() && (_producer.Commit() == TransactionOutcome.Done || TookEffect()))
            {
                foreach (var batch in _open) _guard.CountCommitted(batch);
                return true;
            }
        }
        _isProduced = false;
        return false;
    }

    private bool SendOffsets()
    {
        if (_offsets.Count == 0) return true;
        var offsets = new TopicPartitionOffset[_offsets.Count];
        var i = 0;
        foreach (var (topicPartition, offset) in _offsets)
        {
            offsets[i++] = new TopicPartitionOffset(topicPartition, offset);
        }
        return _producer.SendOffsets(offsets, _consumer.ConsumerGroupMetadata) == TransactionOutcome.Done;
    }

    private bool HoldsLost()
    {
        foreach (var batch in _open)
        {
            foreach (var run in batch.Runs)
            {
                if (run.Owner.IsLost) return true;
            }
        }
        return false;
    }

    private void CollectOffsets()
    {
        _offsets.Clear();
        foreach (var batch in _open)
        {
            foreach (var run in batch.Runs)
            {
                if (!run.Owner.IsLost) _offsets[run.Owner.TopicPartition] = run.LastOffset + 1;
            }
        }
    }

    /// <summary>
    /// The commit was sent and reported as failed, which may be wrong: the broker may have acted and its answer been lost.
    /// The abort, or the successor's InitTransactions, has ended that transaction one way or the other; offsets are part of
    /// it, so the group's committed offsets tell which.
    /// </summary>
    private bool TookEffect()
    {
        if (_offsets.Count == 0) return false;
        foreach (var entry in ReadCommitted())
        {
            if (!_ownership.Owns(entry.TopicPartition)) continue;
            var tookEffect = entry.Offset.Value >= _offsets[entry.TopicPartition];
            KafkaLog.CommitResolved(_logger, tookEffect ? "has" : "has not");
            return tookEffect;
        }
        return false;
    }

    private List<TopicPartitionOffset> ReadCommitted()
    {
        var startedAt = _time.GetTimestamp();
        while (true)
        {
            _watch.ProducerTurns();
            try
            {
                return _consumer.Committed([.. _offsets.Keys], CommittedSlice);
            }
            catch (KafkaException exception) when (exception.Error.Code == ErrorCode.GroupAuthorizationFailed)
            {
                throw new KafkaStreamException(AccessRefusal.ToJoin(_options.BootstrapServers, _options.GroupId), canRetry: false, exception);
            }
            catch (KafkaException exception) when (_time.GetElapsedTime(startedAt) < _options.DeliveryTimeout)
            {
                if (_stop.IsCancellationRequested) throw new OperationCanceledException("stopped before a commit could be resolved", exception);
                KafkaLog.TransactionCallRetried(_logger, exception.Error.Code, exception.Error.Reason);
                _pipeline.WaitFor(static pipeline => pipeline.IsClosed, TimeSpan.FromMilliseconds(200));
            }
        }
    }
}
