using Microsoft.Extensions.Logging;

namespace StreamScoring.Topology.Execution;

internal static partial class ExecutionLog
{
    [LoggerMessage(EventId = 200, Level = LogLevel.Warning,
        Message = "Record {Topic}-{Partition}@{Offset} goes to the dead-letter topic: node '{Node}' failed on it.")]
    public static partial void DeadLettered(
        ILogger logger, string topic, int partition, long offset, string node, Exception exception);

    [LoggerMessage(EventId = 201, Level = LogLevel.Warning,
        Message = "Record {Topic}-{Partition}@{Offset} is dropped as the exception handler decided: node '{Node}' failed on it.")]
    public static partial void Skipped(
        ILogger logger, string topic, int partition, long offset, string node, Exception exception);

    [LoggerMessage(EventId = 202, Level = LogLevel.Warning,
        Message = "What a punctuator of node '{Node}', task {TaskId}, forwarded is dropped as the exception handler decided.")]
    public static partial void PunctuationSkipped(ILogger logger, string node, string taskId, Exception exception);

    [LoggerMessage(EventId = 204, Level = LogLevel.Warning,
        Message = "{Count} more records ended like this and were not logged one by one.")]
    public static partial void Suppressed(ILogger logger, long count);

    [LoggerMessage(EventId = 205, Level = LogLevel.Warning,
        Message = "Record {Topic}-{Partition}@{Offset} waits at node '{Node}', nothing is lost: it is read again until that works. {Reason}")]
    public static partial void WaitsToBeRead(
        ILogger logger, string topic, int partition, long offset, string node, string reason);

    [LoggerMessage(EventId = 203, Level = LogLevel.Error,
        Message = "Node '{Node}', task {TaskId}, threw while it was closed; closing goes on.")]
    public static partial void CloseFailed(ILogger logger, string node, string taskId, Exception exception);
}
