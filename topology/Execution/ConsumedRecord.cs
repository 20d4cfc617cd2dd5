namespace StreamScoring.Topology.Execution;

/// <summary>A record as it came from a topic, undecoded.</summary>
/// <param name="Topic">Source topic.</param>
/// <param name="Partition">Source partition.</param>
/// <param name="Offset">Offset in that partition.</param>
/// <param name="TimestampMs">Record timestamp, Unix milliseconds; stream time advances by it.</param>
/// <param name="Key">Key bytes, null where the record has none.</param>
/// <param name="Value">Value bytes, null for a tombstone.</param>
/// <param name="Headers">Headers, in order.</param>
public sealed record ConsumedRecord(
    string Topic, int Partition, long Offset, long TimestampMs, byte[]? Key, byte[]? Value, RecordHeaders Headers)
{
    /// <summary>
    /// Key, value and header bytes: what the record counts against the credits. Measured once, when the record is made,
    /// so that as much is given back as was taken; a <c>with</c> expression keeps the number.
    /// </summary>
    public long SizeBytes { get; } = MeasureBytes(Key, Value, Headers);

    private static long MeasureBytes(byte[]? key, byte[]? value, RecordHeaders headers)
    {
        const int overhead = 64;
        long size = overhead + (key?.Length ?? 0) + (value?.Length ?? 0);
        for (var i = 0; i < headers.Count; i++) size += headers[i].Key.Length + (headers[i].Value?.Length ?? 0);
        return size;
    }
}

/// <summary>A record on its way to a topic, encoded.</summary>
/// <param name="Topic">Target topic.</param>
/// <param name="Partition">Target partition; null lets the partitioner choose by key.</param>
/// <param name="TimestampMs">Record timestamp, Unix milliseconds.</param>
/// <param name="Key">Key bytes or null.</param>
/// <param name="Value">Value bytes or null.</param>
/// <param name="Headers">Headers, owned by this record.</param>
public sealed record ProducedRecord(
    string Topic, int? Partition, long TimestampMs, byte[]? Key, byte[]? Value, RecordHeaders Headers)
{
    /// <summary>What happened, where this is a dead letter.</summary>
    internal DeadLetters.DeadLetter? DeadLetter { get; init; }

    /// <summary>An answer to a client: it may get lost where the stream's own records may not.</summary>
    internal bool IsAnswer { get; init; }
}
