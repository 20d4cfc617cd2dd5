namespace StreamScoring.Topology.Testing;

/// <summary>
/// How the test driver cuts waiting records into micro-batches. What a topology answers should not depend on it: run a
/// test under several.
/// </summary>
public sealed record TestBatching
{
    private TestBatching(int maxRecords, int? seed)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxRecords, 1);
        MaxRecords = maxRecords;
        Seed = seed;
    }

    /// <summary>Every record is a batch of its own: Kafka Streams' test driver.</summary>
    public static TestBatching OneByOne { get; } = new(1, null);

    /// <summary>Records in a batch, at most.</summary>
    public int MaxRecords { get; }

    /// <summary>Seed of the random boundaries; null where they are not random.</summary>
    public int? Seed { get; }

    /// <summary>Batches of <paramref name="records"/>, in order of arrival; the last may be smaller.</summary>
    public static TestBatching Fixed(int records) => new(records, null);

    /// <summary>
    /// Batches of 1 to <paramref name="maxRecords"/> records, from partitions and sub-topologies chosen at random; the
    /// order within each partition stays. The same seed cuts the same batches.
    /// </summary>
    public static TestBatching Random(int seed, int maxRecords = 64) => new(maxRecords, seed);
}
