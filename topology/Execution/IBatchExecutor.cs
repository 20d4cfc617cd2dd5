using StreamScoring.Topology.Handlers;

namespace StreamScoring.Topology.Execution;

/// <summary>
/// One sub-topology, ready to run batches of records: decode, every operator and processor, encode. The engine and the
/// test driver both drive it; it knows nothing of consumers, producers, offsets or transactions.
/// </summary>
public interface IBatchExecutor : IDisposable
{
    /// <summary>Number of the sub-topology, as <c>Describe()</c> prints it.</summary>
    int SubTopologyId { get; }

    /// <summary>Topics it reads.</summary>
    IReadOnlyList<string> SourceTopics { get; }

    /// <summary>Topics it is known to write, dead letters included; a topic-name extractor may add others.</summary>
    IReadOnlyList<string> SinkTopics { get; }

    /// <summary>How large a batch may get and how long it may wait to fill.</summary>
    BatchLimits Limits { get; }

    /// <summary>
    /// True where no processor keeps state or schedules punctuators: batches may then run concurrently. False: the
    /// caller runs one batch at a time, in order.
    /// </summary>
    bool IsStateless { get; }

    /// <summary>
    /// Runs a batch. Records of one partition must be in offset order; partitions may mix. Each input ends with its
    /// outputs, or with its dead letter and no other output, or is left waiting (<see cref="BatchResult.Waiting"/>), or
    /// (policy FAIL) the call throws.
    /// </summary>
    /// <exception cref="StreamProcessingException">A handler answered FAIL, or the processor failed on everything.</exception>
    BatchResult Execute(IReadOnlyList<ConsumedRecord> batch, CancellationToken cancellationToken);

    /// <summary>Fires the punctuators that are due. Outputs belong to no input record.</summary>
    /// <param name="now">Wall-clock time.</param>
    IReadOnlyList<ProducedRecord> Punctuate(DateTimeOffset now);

    /// <summary>The dead letter of a record that is not run, or whose outputs Kafka does not take; null where there is no dead-letter topic.</summary>
    ProducedRecord? CreateDeadLetter(ConsumedRecord record, Exception error);

    /// <summary>
    /// The answer to a client whose record's outputs Kafka does not take; null where none is wanted or allowed.
    /// </summary>
    /// <param name="record">The input.</param>
    /// <param name="deadLetter">Its dead letter, marked as answered; null where it was dropped.</param>
    ProducedRecord? CreateAnswer(ConsumedRecord record, ProducedRecord? deadLetter) => null;

    /// <summary>
    /// What the processing exception handler says about a record that is not run, such as one that has killed the process
    /// (<see cref="ProcessCrashException"/>).
    /// </summary>
    ErrorResponse DecideProcessing(ConsumedRecord record, Exception error) => ErrorResponse.DeadLetter;

    /// <summary>
    /// What the production exception handler says about an output of <paramref name="record"/> that Kafka does not take.
    /// </summary>
    ProductionResponse DecideProduction(ConsumedRecord record, ProducedRecord output, Exception error) =>
        ProductionResponse.DeadLetter;

    /// <summary>When <see cref="Punctuate"/> next has something to do by wall-clock time; null: never.</summary>
    DateTimeOffset? NextPunctuation { get; }

    /// <summary>
    /// True once after a processor asked for a commit: commit at the next occasion instead of at the end of the
    /// commit interval.
    /// </summary>
    bool TakeCommitRequest() => false;

    /// <summary>Partitions now owned: creates their tasks (processor instances).</summary>
    void OpenTasks(IReadOnlyCollection<int> partitions);

    /// <summary>Partitions no longer owned: closes their tasks.</summary>
    void CloseTasks(IReadOnlyCollection<int> partitions);
}

/// <summary>Bounds of one micro-batch.</summary>
/// <param name="MaxRecords">Records in a batch, at most.</param>
/// <param name="MaxBytes">Key, value and header bytes in a batch, at most; one larger record makes a batch of its own.</param>
/// <param name="Linger">How long the first record waits for company when the topic runs dry.</param>
public readonly record struct BatchLimits(int MaxRecords, long MaxBytes, TimeSpan Linger)
{
    /// <summary>64 records, 4 MiB, 5 ms.</summary>
    public static BatchLimits Default { get; } = new(64, 4L << 20, TimeSpan.FromMilliseconds(5));

    /// <summary>
    /// For sub-topologies whose nodes take one record at a time: 512 records, 1 MiB, no waiting. A batch is then only what
    /// goes from thread to thread in one piece.
    /// </summary>
    public static BatchLimits RecordByRecord { get; } = new(512, 1L << 20, TimeSpan.Zero);
}

/// <summary>What a batch came to: outputs in input order, ready for the producer.</summary>
/// <param name="Outputs">
/// Outputs in the order of their input records, within one input in the order of emission; dead letters included.
/// </param>
/// <param name="InputCounts">For input i, the number of entries of <paramref name="Outputs"/> that are its own.</param>
/// <param name="DeadLetters">How many inputs ended in the dead-letter topic.</param>
/// <param name="Skipped">How many inputs a handler dropped with CONTINUE.</param>
public sealed record BatchResult(
    IReadOnlyList<ProducedRecord> Outputs, int[] InputCounts, int DeadLetters, int Skipped)
{
    /// <summary>
    /// Inputs, by number and ascending, that cannot be read yet (a <see cref="Schemas.CodecException.IsTransient"/>
    /// error, e.g. a schema registry that is down) and those after them in their partitions. Nothing came of them: run
    /// them again later, in order, and commit nothing of their partitions from there on until then.
    /// </summary>
    public IReadOnlyList<int> Waiting { get; init; } = [];
}

/// <summary>The stream cannot go on: the record, the node and the cause.</summary>
public sealed class StreamProcessingException : Exception
{
    /// <summary>A failure at <paramref name="node"/> on <paramref name="record"/>.</summary>
    public StreamProcessingException(string node, ConsumedRecord? record, string message, Exception? innerException)
        : base(record is null
            ? $"Node '{node}': {message}"
            : $"Node '{node}', record {record.Topic}-{record.Partition}@{record.Offset}: {message}", innerException)
    {
        Node = node;
        Record = record;
    }

    /// <summary>Name of the node that failed.</summary>
    public string Node { get; }

    /// <summary>The record it failed on, where one record is to blame.</summary>
    public ConsumedRecord? Record { get; }
}
