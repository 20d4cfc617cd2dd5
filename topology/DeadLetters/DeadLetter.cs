using StreamScoring.Topology.Execution;
using StreamScoring.Topology.Processing;

namespace StreamScoring.Topology.DeadLetters;

/// <summary>What happened to a record that ends in the dead-letter topic.</summary>
/// <param name="Record">The input record, as it came.</param>
/// <param name="Node">The node that could not handle it.</param>
/// <param name="TaskId">The task it belonged to.</param>
/// <param name="Stage">What the node was doing.</param>
/// <param name="Error">Why.</param>
public sealed record DeadLetter(
    ConsumedRecord Record, string Node, TaskId TaskId, ProcessingStage Stage, Exception Error);

/// <summary>What a topology does with a record at a node.</summary>
public enum ProcessingStage
{
    /// <summary>Reading key or value from bytes.</summary>
    Deserialization,

    /// <summary>An operator or processor.</summary>
    Processing,

    /// <summary>Turning key or value into bytes.</summary>
    Serialization,

    /// <summary>Sending it to the broker.</summary>
    Production,
}
