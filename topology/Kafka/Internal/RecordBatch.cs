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

    /// <summary>Inputs, in the order they were read, until they are forgotten; empty for <see cref="Control"/>.</summary>
    internal List<ConsumedRecord> Records { get; private set; } = [];

    /// <summary>The inputs as runs of one partition, in the order they were read.</summary>
    internal List<PartitionRun> Runs { get; } = [];

    /// <summary>How many inputs there are, or were.</summary>
    internal int Count { get; private set; }

    internal long SizeBytes { get; private set; }

    /// <summary>Credits taken for records: their number when the batch was dispatched, none once its outputs are kept as bytes.</summary>
    internal int Credits { get; set; }

    /// <summary>Where the outputs are kept until the commit, once the producer has them (exactly-once).</summary>
    internal StoredOutputs? Stored { get; private set; }

    /// <summary>Set by the scorer thread before <see cref="BatchPipeline.Complete"/>.</summary>
    internal BatchResult? Result { get; set; }

    /// <summary>Why it could not be processed; the stream stops.</summary>
    internal Exception? Error { get; set; }

    /// <summary>Stage; changed only under the pipeline's lock.</summary>
    internal BatchStage Stage { get; set; }

    /// <summary>Delivery reports still to come (at-least-once).</summary>
    internal int PendingDeliveries;

    /// <summary>Given with its records to the producer, see <see cref="DeliveryReports"/>; 0: not sent so.</summary>
    internal nint Ticket { get; set; }

    internal void Add(ConsumedRecord record, OwnedPartition owner)
    {
        Records.Add(record);
        AddToRuns(record, owner);
        SizeBytes += record.SizeBytes;
        owner.Enter();
    }

    /// <summary>
    /// Takes out the records that wait to be read again, with what came of them. Before a batch is scored, so that nobody
    /// meets them before their time; and before it is produced, as they may have been scored beside the one they wait for.
    /// </summary>
    internal void LeaveWaiting()
    {
        foreach (var run in Runs)
        {
            if (run.LastOffset < run.Owner.WaitsFrom) continue;
            TakeOutWaiting();
            return;
        }
    }

    /// <summary>The ownership that an input was read under.</summary>
    internal OwnedPartition OwnerOf(int index)
    {
        foreach (var run in Runs)
        {
            if (index < run.Count) return run.Owner;
            index -= run.Count;
        }
        throw new ArgumentOutOfRangeException(nameof(index));
    }

    /// <summary>Of the inputs only the runs are kept: what is kept until a commit is what the garbage collector copies.</summary>
    internal void ForgetInputs() => Records = [];

    /// <summary>The outputs are the producer's now and will not be produced again.</summary>
    internal void ForgetOutputs() => Result = Result! with { Outputs = [] };

    /// <summary>The outputs are the producer's now; kept as bytes in case that they are produced again.</summary>
    internal void StoreOutputs(OutputStore store)
    {
        Stored = store.Add(Result!.Outputs);
        ForgetOutputs();
    }

    /// <summary>The records are committed or left to another owner.</summary>
    internal void Leave()
    {
        foreach (var run in Runs) run.Owner.Leave(run.Count);
    }

    private void TakeOutWaiting()
    {
        var (records, runs) = (Records, Runs.ToArray());
        List<ProducedRecord>? outputs = Result is null ? null : new(Result.Outputs.Count);
        List<int>? counts = Result is null ? null : new(Count);
        (Records, Count) = (new(records.Count), 0);
        Runs.Clear();
        var (i, output) = (0, 0);
        foreach (var run in runs)
        {
            for (var end = i + run.Count; i < end; i++)
            {
                var isKept = records[i].Offset < run.Owner.WaitsFrom;
                for (var endOfOutputs = output + (Result?.InputCounts[i] ?? 0); output < endOfOutputs; output++)
                {
                    if (isKept) outputs!.Add(Result!.Outputs[output]);
                }
                if (!isKept)
                {
                    run.Owner.Leave(1);
                    continue;
                }
                counts?.Add(Result!.InputCounts[i]);
                Records.Add(records[i]);
                AddToRuns(records[i], run.Owner);
            }
        }
        if (Result is null) return;
        for (; output < Result.Outputs.Count; output++) outputs!.Add(Result.Outputs[output]);
        Result = Result with { Outputs = outputs!, InputCounts = [.. counts!], Waiting = [] };
    }

    private void AddToRuns(ConsumedRecord record, OwnedPartition owner)
    {
        Count++;
        if (Runs.Count > 0 && Runs[^1] is var last && last.Owner == owner) Runs[^1] = new PartitionRun(owner, last.Count + 1, record.Offset);
        else Runs.Add(new PartitionRun(owner, 1, record.Offset));
    }
}

/// <summary>Inputs of a batch that follow each other in it and are of one partition.</summary>
/// <param name="Owner">The ownership they were read under.</param>
/// <param name="Count">How many.</param>
/// <param name="LastOffset">Offset of the last one.</param>
internal readonly record struct PartitionRun(OwnedPartition Owner, int Count, long LastOffset);

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
