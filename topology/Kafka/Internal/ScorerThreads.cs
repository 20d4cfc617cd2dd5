using StreamScoring.Topology.Execution;

namespace StreamScoring.Topology.Kafka.Internal;

/// <summary>
/// The threads that run batches (K). Inference runs on the calling thread, so that as many cores work as there are
/// threads; batches of a stateful sub-topology run one at a time, in order. Steps K1 to K4 of ARCHITECTURE.md.
/// </summary>
internal sealed class ScorerThreads
{
    private readonly BatchPipeline _pipeline;
    private readonly AttemptsGuard? _attempts;
    private readonly LoopWatch _watch;
    private readonly StreamTelemetry _telemetry;
    private readonly TimeProvider _time;
    private readonly CancellationToken _abandon;
    private readonly Thread[] _threads;

    internal ScorerThreads(
        int count, BatchPipeline pipeline, AttemptsGuard? attempts, LoopWatch watch, StreamTelemetry telemetry, TimeProvider time, CancellationToken abandon)
    {
        _pipeline = pipeline;
        _attempts = attempts;
        _watch = watch;
        _telemetry = telemetry;
        _time = time;
        _abandon = abandon;
        _threads = new Thread[count];
        for (var i = 0; i < count; i++)
        {
            var number = i;
            _threads[i] = new Thread(() => Run(number)) { IsBackground = true, Name = $"streamscoring scorer {i}" };
        }
    }

    internal void Start()
    {
        foreach (var thread in _threads) thread.Start();
    }

    /// <summary>Waits for the threads, which end after <see cref="BatchPipeline.Close"/>.</summary>
    internal void Join()
    {
        foreach (var thread in _threads)
        {
            if (thread.IsAlive) thread.Join();
        }
    }

    private void Run(int number)
    {
        // K1. The oldest batch that may run now.
        while (_pipeline.Take() is { } batch)
        {
            _watch.ScoringBegins(number, _time.GetTimestamp());
            try
            {
                if (batch.Control is { } control)
                {
                    batch.Result = new BatchResult(control(batch.Lane.Executor), [], 0, 0);
                }
                else
                {
                    Score(number, batch);
                }
            }
            catch (Exception exception)
            {
                batch.Error = exception;
            }
            _watch.ScoringEnds(number);
            // K4. Its result, or its error, waits for its turn.
            _pipeline.Complete(batch);
        }
    }

    private void Score(int number, RecordBatch batch)
    {
        var started = _time.GetTimestamp();
        var startedAt = _time.GetUtcNow();
        // K2. Records behind one that waits leave the batch: they are read again.
        batch.LeaveWaiting();
        // K3. Outputs and dead letters; what is in work stands in the journal meanwhile.
        var result = _attempts is null
            ? batch.Lane.Executor.Execute(batch.Records, _abandon)
            : _attempts.Execute(number, batch.Lane.Executor, batch.Records, _abandon);
        foreach (var i in result.Waiting) batch.OwnerOf(i).WaitFrom(batch.Records[i].Offset);
        batch.Result = result;
        batch.LeaveWaiting();
        StreamTelemetry.TraceRecords(batch, batch.Result, startedAt, _time.GetUtcNow());
        if (batch.Lane.Executor.TakeCommitRequest()) _pipeline.RequestCommit();
        var elapsed = _time.GetElapsedTime(started);
        batch.Lane.CountScored(elapsed);
        _telemetry.BatchScored(batch, elapsed);
    }
}
