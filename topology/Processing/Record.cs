namespace StreamScoring.Topology.Processing;

/// <summary>A record on its way through a topology, decoded.</summary>
/// <param name="Key">Key; null where the record has none.</param>
/// <param name="Value">Value; null for a tombstone.</param>
/// <param name="TimestampMs">Timestamp, Unix milliseconds.</param>
/// <param name="Headers">Headers of this branch alone; may be changed before the record is forwarded.</param>
public readonly record struct Record<TKey, TValue>(TKey Key, TValue Value, long TimestampMs, RecordHeaders Headers)
{
    /// <summary>The same record with another key.</summary>
    public Record<TNewKey, TValue> WithKey<TNewKey>(TNewKey key) => new(key, Value, TimestampMs, Headers);

    /// <summary>The same record with another value.</summary>
    public Record<TKey, TNewValue> WithValue<TNewValue>(TNewValue value) => new(Key, value, TimestampMs, Headers);

    /// <summary>The same record with another timestamp, Unix milliseconds.</summary>
    public Record<TKey, TValue> WithTimestamp(long timestampMs) => new(Key, Value, timestampMs, Headers);

    /// <summary>The same record with other headers.</summary>
    public Record<TKey, TValue> WithHeaders(RecordHeaders headers) => new(Key, Value, TimestampMs, headers);
}

/// <summary>Where the input record that is being processed comes from.</summary>
/// <param name="Topic">Source topic.</param>
/// <param name="Partition">Source partition.</param>
/// <param name="Offset">Offset in that partition.</param>
/// <param name="TimestampMs">Timestamp of the input record, Unix milliseconds.</param>
/// <param name="Headers">Headers of the input record, as they came: read only.</param>
public readonly record struct RecordMetadata(
    string Topic, int Partition, long Offset, long TimestampMs, RecordHeaders Headers);

/// <summary>A sub-topology's work on one partition number: the unit of state and of order.</summary>
public readonly record struct TaskId(int SubTopology, int Partition)
{
    /// <summary>As Kafka Streams writes it, e.g. <c>0_3</c>.</summary>
    public override string ToString() => $"{SubTopology}_{Partition}";
}
