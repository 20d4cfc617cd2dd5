using StreamScoring.Topology.Execution;

namespace StreamScoring.Topology.Kafka.Internal;

/// <summary>
/// A sub-topology inside a running stream: its executor, its queue of batches in the order they were read, and its
/// counters.
/// </summary>
internal sealed class SubTopologyLane(IBatchExecutor executor)
{
    private long _recordsIn;
    private long _recordsOut;
    private long _deadLetters;
    private long _skipped;
    private long _batches;
    private long _scoringTicks;

    internal IBatchExecutor Executor { get; } = executor;

    /// <summary>Its source topics, for logs and metrics.</summary>
    internal string Name { get; } = string.Join(',', executor.SourceTopics);

    /// <summary>Batches from dispatch to production, oldest first. Guarded by the pipeline's lock.</summary>
    internal Queue<RecordBatch> InOrder { get; } = new();

    /// <summary>Gathers its batches; set and used by the consumer thread alone.</summary>
    internal BatchAssembler? Assembler { get; set; }

    /// <summary>True while a scorer runs a batch of a stateful sub-topology. Guarded by the pipeline's lock.</summary>
    internal bool IsBusy { get; set; }

    /// <summary>True while a round of punctuators is on its way.</summary>
    internal volatile bool IsPunctuating;

    /// <summary>Before a worker's threads start: forgets what its predecessor left behind. The counters go on.</summary>
    internal void Reset()
    {
        InOrder.Clear();
        IsBusy = false;
        IsPunctuating = false;
    }

    internal void CountCommitted(int recordsIn, int recordsOut, int deadLetters, int skipped)
    {
        Interlocked.Add(ref _recordsIn, recordsIn);
        Interlocked.Add(ref _recordsOut, recordsOut);
        Interlocked.Add(ref _deadLetters, deadLetters);
        Interlocked.Add(ref _skipped, skipped);
    }

    internal void CountScored(TimeSpan elapsed)
    {
        Interlocked.Increment(ref _batches);
        Interlocked.Add(ref _scoringTicks, elapsed.Ticks);
    }

    internal SubTopologySnapshot Snapshot(OwnedPartition[] owned)
    {
        long unread = 0;
        var inFlight = 0;
        var partitions = 0;
        var readToEnd = true;
        foreach (var partition in owned)
        {
            if (partition.Lane != this) continue;
            partitions++;
            unread += partition.Unread;
            inFlight += partition.InFlight;
            readToEnd &= partition.IsReadToEnd;
        }
        return new SubTopologySnapshot(
            Executor.SubTopologyId, Executor.SourceTopics, partitions,
            Interlocked.Read(ref _recordsIn), Interlocked.Read(ref _recordsOut), Interlocked.Read(ref _deadLetters),
            Interlocked.Read(ref _skipped), Interlocked.Read(ref _batches),
            TimeSpan.FromTicks(Interlocked.Read(ref _scoringTicks)), inFlight, unread + inFlight,
            partitions > 0 && readToEnd && inFlight == 0);
    }
}
