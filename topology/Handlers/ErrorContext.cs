using StreamScoring.Topology.Execution;
using StreamScoring.Topology.Processing;

namespace StreamScoring.Topology.Handlers;

/// <summary>Where something went wrong (KIP-1033's ErrorHandlerContext).</summary>
/// <param name="Node">Name of the node.</param>
/// <param name="TaskId">The task.</param>
/// <param name="Record">The input record in work; null in a punctuator.</param>
public sealed record ErrorContext(string Node, TaskId TaskId, ConsumedRecord? Record);

/// <summary>What becomes of an input record that failed.</summary>
public enum ErrorResponse
{
    /// <summary>It is dropped, with all that came of it, and the stream goes on.</summary>
    Continue,

    /// <summary>The stream stops; the record stays uncommitted.</summary>
    Fail,

    /// <summary>It goes to the dead-letter topic, in place of all that came of it.</summary>
    DeadLetter,
}

/// <summary>What becomes of an output record that could not be produced.</summary>
public enum ProductionResponse
{
    /// <summary>Its input record is dropped and the stream goes on.</summary>
    Continue,

    /// <summary>The stream stops; the input record stays uncommitted.</summary>
    Fail,

    /// <summary>The input record goes to the dead-letter topic.</summary>
    DeadLetter,

    /// <summary>It is sent again. Not an answer to a failure to serialize.</summary>
    Retry,
}
