using Confluent.Kafka;

namespace StreamScoring.Topology.Kafka.Internal;

/// <summary>
/// The producer thread's work (T): sends what the scorers made, in order, and commits it with the offsets it came from.
/// </summary>
internal interface ICommitter : IDisposable
{
    /// <summary>Commits so far.</summary>
    long Commits { get; }

    /// <summary>Transactions aborted so far; zero at-least-once.</summary>
    long Aborts { get; }

    /// <summary>The producer's; null where there is none now. Any thread.</summary>
    Handle? Client { get; }

    /// <summary>Connects the producer. Before the consumer joins its group: a group member must be able to commit.</summary>
    /// <param name="stop">Set once the worker is to end: what waits for a broker then gives up soon.</param>
    /// <exception cref="OperationCanceledException">A stop came first.</exception>
    void Connect(CancellationToken stop);

    /// <summary>Runs until the pipeline is closed and what can be committed is.</summary>
    /// <exception cref="OperationCanceledException">A stop came while a broker did not answer.</exception>
    /// <exception cref="Exception">The stream cannot go on.</exception>
    void Run();
}
