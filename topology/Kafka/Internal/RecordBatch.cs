using StreamScoring.Topology.Execution;

namespace StreamScoring.Topology.Kafka.Internal;

/// <summary>A micro-batch of one sub-topology on its way from consumption to commit.</summary>
internal sealed class RecordBatch(SubTopologyLane lane, Func<IBatchExecutor, IReadOnlyList<ProducedRecord>>? control = null)
{
    /// <summary>
    /// Work in the lane's order that has no input: punctuators, opening and closing tasks. Null for a batch of records.
    /// </summary>
    internal Func<IBatchExecutor, IReadOnlyList<ProducedRecord>>? Control { get; } = control;

    /// <summary>The lane it runs in.</summary>
    internal SubTopologyLane Lane { get; } = lane;

    /// <summary>Inputs, in the order they were read; empty for <see cref="Control"/>.</summary>
    internal List<ConsumedRecord> Records { get; } = [];

    /// <summary>For each input, the ownership it was read under.</summary>
    internal List<OwnedPartition> Owners { get; } = [];

    internal long SizeBytes { get; private set; }

    /// <summary>Set by the scorer thread before <see cref="BatchPipeline.Complete"/>.</summary>
    internal BatchResult? Result { get; set; }

    /// <summary>Why it could not be processed; the stream stops.</summary>
    internal Exception? Error { get; set; }

    /// <summary>Stage; changed only under the pipeline's lock.</summary>
    internal BatchStage Stage { get; set; }

    /// <summary>Delivery reports still to come (at-least-once).</summary>
    internal int PendingDeliveries;

    internal void Add(ConsumedRecord record, OwnedPartition owner)
    {
        Records.Add(record);
        Owners.Add(owner);
        SizeBytes += record.SizeBytes;
        owner.Enter();
    }

    /// <summary>The records are committed or left to another owner.</summary>
    internal void Leave()
    {
        foreach (var owner in Owners) owner.Leave();
    }
}

/// <summary>Where a batch is.</summary>
internal enum BatchStage
{
    /// <summary>Waiting for a scorer thread.</summary>
    Queued,

    /// <summary>In a scorer thread.</summary>
    Scoring,

    /// <summary>Scored; waits for its turn to be produced.</summary>
    Scored,

    /// <summary>Left to the next owner: a stop came before a scorer took it.</summary>
    Dropped,
}
