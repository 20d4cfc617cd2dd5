using StreamScoring.Topology.Execution;

namespace StreamScoring.Topology.Testing;

/// <summary>What the test driver pretends.</summary>
public sealed record TopologyTestDriverOptions
{
    /// <summary>Dead letters, handlers, logging. Clock, partition counts and faults come from the driver.</summary>
    public ExecutorOptions Executors { get; init; } = new();

    /// <summary>Partitions of a topic that <see cref="TopicPartitions"/> does not name. At least 1; default 1.</summary>
    public int Partitions { get; init; } = 1;

    /// <summary>Partitions by topic.</summary>
    public IReadOnlyDictionary<string, int> TopicPartitions { get; init; } = new Dictionary<string, int>();

    /// <summary>How records are cut into batches. Default: one by one.</summary>
    public TestBatching Batching { get; init; } = TestBatching.OneByOne;

    /// <summary>The clock. Default: a new one that starts at 2024-01-01T00:00:00Z.</summary>
    public ManualTimeProvider TimeProvider { get; init; } = new(new DateTimeOffset(2024, 1, 1, 0, 0, 0, TimeSpan.Zero));
}
