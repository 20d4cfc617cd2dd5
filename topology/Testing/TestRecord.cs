namespace StreamScoring.Topology.Testing;

/// <summary>A record as tests write and read it.</summary>
/// <param name="Key">Key.</param>
/// <param name="Value">Value.</param>
public sealed record TestRecord<TKey, TValue>(TKey Key, TValue Value)
{
    /// <summary>Headers.</summary>
    public RecordHeaders Headers { get; init; } = new();

    /// <summary>Timestamp, Unix milliseconds. Input: null is the topic's test time.</summary>
    public long? TimestampMs { get; init; }

    /// <summary>Partition. Input: null lets the default partitioner choose.</summary>
    public int? Partition { get; init; }

    /// <summary>Offset. Input: null is the next one; gaps are allowed, going back is not.</summary>
    public long? Offset { get; init; }
}
