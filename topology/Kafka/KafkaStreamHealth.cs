namespace StreamScoring.Topology.Kafka;

/// <summary>What a supervisor asks of a stream.</summary>
/// <param name="IsLive">
/// False where a loop stands still for longer than <see cref="KafkaStreamOptions.StallTimeout"/>, or the stream has failed:
/// only a new process helps. A broker that is away leaves it true: the loops go on trying.
/// </param>
/// <param name="IsReady">
/// True while the stream is a member of its group and processes, or has nothing to do because other members own all
/// partitions. False also where Kafka has taken none of its results for five seconds beyond the commit interval.
/// </param>
/// <param name="Reason">Why, in words.</param>
public sealed record KafkaStreamHealth(bool IsLive, bool IsReady, string Reason);
