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
        Owners.Add(owner);
        SizeBytes += record.SizeBytes;
        owner.Enter();
    }

    /// <summary>
    /// Takes out the records that wait to be read again, with what came of them. Before a batch is scored, so that nobody
    /// meets them before their time; and before it is produced, as they may have been scored beside the one they wait for.
    /// </summary>
    internal void LeaveWaiting()
    {
        for (var i = 0; i < Records.Count; i++)
        {
            if (!Waits(i)) continue;
            LeaveWaitingFrom(i);
            return;
        }
    }

    private bool Waits(int index) => Records[index].Offset >= Owners[index].WaitsFrom;

    private void LeaveWaitingFrom(int first)
    {
        List<ProducedRecord>? outputs = Result is null ? null : new(Result.Outputs.Count);
        List<int>? counts = Result is null ? null : new(Records.Count);
        var (kept, output) = (0, 0);
        for (var i = 0; i < Records.Count; i++)
        {
            var isKept = i < first || !Waits(i);
            for (var end = output + (Result?.InputCounts[i] ?? 0); output < end; output++)
            {
                if (isKept) outputs!.Add(Result!.Outputs[output]);
            }
            if (!isKept)
            {
                Owners[i].Leave(1);
                continue;
            }
            counts?.Add(Result!.InputCounts[i]);
            (Records[kept], Owners[kept]) = (Records[i], Owners[i]);
            kept++;
        }
        Records.RemoveRange(kept, Records.Count - kept);
        Owners.RemoveRange(kept, Owners.Count - kept);
        if (Result is null) return;
        for (; output < Result.Outputs.Count; output++) outputs!.Add(Result.Outputs[output]);
        Result = Result with { Outputs = outputs!, InputCounts = [.. counts!], Waiting = [] };
    }

    /// <summary>
    /// Of the inputs only the last of each run of a partition is kept, for its offset: what is kept until a commit is what
    /// the garbage collector copies.
    /// </summary>
    internal void ForgetInputs()
    {
        for (var i = 0; i + 1 < Records.Count; i++)
        {
            if (Owners[i + 1] == Owners[i]) Records[i] = null!;
        }
    }

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
        // Runs of one partition are the rule.
        for (var start = 0; start < Owners.Count;)
        {
            var end = start + 1;
            while (end < Owners.Count && Owners[end] == Owners[start]) end++;
            Owners[start].Leave(end - start);
            start = end;
        }
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
