using StreamScoring.Schemas;

namespace StreamScoring.App.Sinks;

/// <summary>
/// A store for enriched articles. Implement it to bring your own: the runner feeds it each (topic, partition, offset) in
/// order, and it keeps where it got to together with what it wrote, in one transaction. That makes the effect
/// exactly-once across crashes of either side.
/// </summary>
/// <remarks>
/// Calls come from one thread at a time. Any exception but <see cref="SinkConflictException"/> means the store cannot be
/// used now: the runner disposes the sink, waits with backoff, makes a new one and resumes from
/// <see cref="LoadPositionsAsync"/>. The stream itself goes on meanwhile.
/// </remarks>
public interface ISink : IAsyncDisposable
{
    /// <summary>Opens the store; creates its schema or brings it up to date. Called once, first.</summary>
    ValueTask OpenAsync(CancellationToken cancellationToken);

    /// <summary>The next offset to write for each of <paramref name="partitions"/> that has one stored.</summary>
    ValueTask<IReadOnlyDictionary<SinkPartition, long>> LoadPositionsAsync(
        IReadOnlyCollection<SinkPartition> partitions, CancellationToken cancellationToken);

    /// <summary>Writes the records and moves the positions, both or neither.</summary>
    /// <exception cref="SinkConflictException">
    /// A stored position is not <see cref="SinkAdvance.From"/>: somebody else wrote these records. Nothing was written.
    /// </exception>
    ValueTask WriteAsync(SinkBatch batch, CancellationToken cancellationToken);
}

/// <summary>One partition of a topic.</summary>
public readonly record struct SinkPartition(string Topic, int Partition)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Topic}-{Partition}";
}

/// <summary>What is written in one transaction.</summary>
/// <param name="Records">In offset order within each partition.</param>
/// <param name="Advances">One for each partition among the records.</param>
public sealed record SinkBatch(IReadOnlyList<SinkRecord> Records, IReadOnlyList<SinkAdvance> Advances);

/// <summary>How far a batch moves one partition.</summary>
/// <param name="Partition">The partition.</param>
/// <param name="From">The stored position that the batch builds on; null where none is stored yet.</param>
/// <param name="To">The next offset to write after this batch.</param>
public readonly record struct SinkAdvance(SinkPartition Partition, long? From, long To);

/// <summary>One record from Kafka.</summary>
/// <param name="Partition">Where it stands.</param>
/// <param name="Offset">Its offset there.</param>
/// <param name="TimestampMs">Record timestamp, Unix milliseconds.</param>
/// <param name="Article">The decoded article; null where the value is none.</param>
/// <param name="Value">The value as it came; null for a tombstone.</param>
/// <param name="Error">Why <paramref name="Article"/> is null; else null.</param>
public sealed record SinkRecord(
    SinkPartition Partition, long Offset, long TimestampMs, Article? Article, byte[]? Value, string? Error);

/// <summary>Somebody else moved a position on. The runner loads the positions again and goes on from there.</summary>
public sealed class SinkConflictException(SinkPartition partition, long? expected)
    : Exception($"Another process has written {partition} beyond offset {(expected?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "none")}.")
{
    /// <summary>The partition in question.</summary>
    public SinkPartition Partition { get; } = partition;
}

/// <summary>The store cannot be used now. The message says why and what to do.</summary>
public sealed class SinkUnavailableException(string message, Exception? innerException = null)
    : Exception(message, innerException);
