namespace StreamScoring.Topology.Execution;

/// <summary>
/// Stands for what killed the process while a record was in work: a native crash, a stack overflow, memory that ran out.
/// The processing exception handler is asked about it at a later start.
/// </summary>
/// <param name="message">How often, in words.</param>
public sealed class ProcessCrashException(string message) : Exception(message);
