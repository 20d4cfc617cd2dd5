using StreamScoring.Topology.Execution;

namespace StreamScoring.Topology.Kafka.Internal;

/// <summary>Gathers the records of one sub-topology into micro-batches. Used by the consumer thread alone.</summary>
internal sealed class BatchAssembler(SubTopologyLane lane, BatchPipeline pipeline, TimeProvider time)
{
    private readonly BatchLimits _limits = lane.Executor.Limits;
    private RecordBatch? _batch;
    private long _firstAt;

    internal SubTopologyLane Lane => lane;

    internal bool IsEmpty => _batch is null;

    /// <summary>How long the batch may still wait for company; null where there is none.</summary>
    internal TimeSpan? UntilDue => _batch is null ? null : _limits.Linger - time.GetElapsedTime(_firstAt);

    internal void Add(ConsumedRecord record, OwnedPartition owner)
    {
        if (_batch is not null && _batch.SizeBytes + record.SizeBytes > _limits.MaxBytes) Flush();
        if (_batch is null)
        {
            _batch = new RecordBatch(lane);
            _firstAt = time.GetTimestamp();
        }
        _batch.Add(record, owner);
        if (_batch.Count >= _limits.MaxRecords || _batch.SizeBytes >= _limits.MaxBytes) Flush();
    }

    internal void FlushIfDue()
    {
        if (UntilDue <= TimeSpan.Zero) Flush();
    }

    internal void Flush()
    {
        if (_batch is null) return;
        pipeline.Dispatch(_batch);
        _batch = null;
    }

    /// <summary>Leaves gathered records to whoever reads them next.</summary>
    internal void Drop()
    {
        _batch?.Leave();
        _batch = null;
    }
}
