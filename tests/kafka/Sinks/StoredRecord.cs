using StreamScoring.Topology.Sinks;

namespace StreamScoring.Testing.Sinks;

/// <summary>One record as a reader of the store finds it.</summary>
/// <param name="Partition">Where it stood in Kafka.</param>
/// <param name="Offset">Its offset there.</param>
/// <param name="ArticleId">The article's id; null for a record that was kept as a reject.</param>
public sealed record StoredRecord(SinkPartition Partition, long Offset, string? ArticleId);
