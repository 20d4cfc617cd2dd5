namespace StreamScoring.Topology.Sinks;

/// <summary>
/// A store for enriched articles. Implement it to bring your own, register it in a <see cref="SinkRegistry"/>, and run the
/// contract test of <c>StreamScoring.Testing</c> against it. The runner feeds it each (topic, partition, offset) in order,
/// and it keeps where it got to together with what it wrote: in one transaction, or in one file name. That makes the
/// effect exactly-once across crashes of either side.
/// </summary>
/// <remarks>
/// Calls come one at a time. Any exception but <see cref="SinkConflictException"/> means the store cannot be used now: the
/// runner disposes the sink, waits with backoff, makes a new one and resumes from <see cref="LoadPositionsAsync"/>. The
/// stream itself goes on meanwhile. A call may take as long as it takes: the runner stays in its consumer group, reads no
/// further, and asks by the token to give up.
/// </remarks>
public interface ISink : IAsyncDisposable
{
    /// <summary>Opens the store; creates its schema or brings it up to date. Called once, first.</summary>
    ValueTask OpenAsync(CancellationToken cancellationToken);

    /// <summary>
    /// The next offset to write for each of <paramref name="partitions"/> that has one stored. From here on they are this
    /// sink's, until <see cref="ReleaseAsync"/>.
    /// </summary>
    ValueTask<IReadOnlyDictionary<SinkPartition, long>> LoadPositionsAsync(
        IReadOnlyCollection<SinkPartition> partitions, CancellationToken cancellationToken);

    /// <summary>Writes the records and moves the positions, both or neither for each partition.</summary>
    /// <remarks>
    /// A sink may hold records back, e.g. until a file is full. It then stores the position with them, later, and a sink
    /// opened after a crash tells the earlier one: the records come again from Kafka.
    /// </remarks>
    /// <exception cref="SinkConflictException">
    /// A stored position is not <see cref="SinkAdvance.From"/>: somebody else wrote these records. Nothing of the batch was
    /// written.
    /// </exception>
    ValueTask WriteAsync(SinkBatch batch, CancellationToken cancellationToken);

    /// <summary>
    /// Called about once a second between batches. A sink that holds records back looks here whether they are due.
    /// </summary>
    ValueTask TickAsync(CancellationToken cancellationToken) => ValueTask.CompletedTask;

    /// <summary>
    /// These partitions go to another process. A sink that holds records of them back stores or forgets them now, and gives
    /// up its locks.
    /// </summary>
    ValueTask ReleaseAsync(IReadOnlyCollection<SinkPartition> partitions, CancellationToken cancellationToken) => ValueTask.CompletedTask;
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
/// <param name="Value">The value as it came, where it is no article; null for a tombstone, and beside an article.</param>
/// <param name="Error">Why <paramref name="Article"/> is null; else null.</param>
public sealed record SinkRecord(
    SinkPartition Partition, long Offset, long TimestampMs, Schemas.Article? Article, byte[]? Value, string? Error)
{
    private static readonly long LeastMs = DateTimeOffset.MinValue.ToUnixTimeMilliseconds();
    private static readonly long MostMs = DateTimeOffset.MaxValue.ToUnixTimeMilliseconds();

    /// <summary>
    /// <see cref="TimestampMs"/> as a time. A producer may have sent any number: one that is no time becomes the first or
    /// last moment there is.
    /// </summary>
    public DateTimeOffset Timestamp => DateTimeOffset.FromUnixTimeMilliseconds(Math.Clamp(TimestampMs, LeastMs, MostMs));
}
