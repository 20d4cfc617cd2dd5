using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace StreamScoring.Topology.Kafka;

/// <summary>Every log message of the engine.</summary>
internal static partial class KafkaLog
{
    [LoggerMessage(1, LogLevel.Information, "Stream {GroupId} starts: {Guarantee}, {Threads} scorer threads, topics {Topics}")]
    internal static partial void Starting(ILogger logger, string groupId, ProcessingGuarantee guarantee, int threads, string topics);

    [LoggerMessage(2, LogLevel.Information, "Partitions assigned: {Partitions}")]
    internal static partial void Assigned(ILogger logger, string partitions);

    [LoggerMessage(3, LogLevel.Information, "Partitions revoked: {Partitions}; in flight after the drain: {InFlight}")]
    internal static partial void Revoked(ILogger logger, string partitions, int inFlight);

    [LoggerMessage(4, LogLevel.Warning, "Partitions lost: {Partitions}; their uncommitted records go to the next owner")]
    internal static partial void Lost(ILogger logger, string partitions);

    [LoggerMessage(5, LogLevel.Warning, "Kafka {Client}: {Code} {Reason}")]
    internal static partial void ClientError(ILogger logger, string client, ErrorCode code, string reason);

    [LoggerMessage(19, LogLevel.Information, "Kafka {Client}: {Code} {Reason}; it is tried again")]
    internal static partial void ClientDisconnected(ILogger logger, string client, ErrorCode code, string reason);

    [LoggerMessage(6, LogLevel.Debug, "librdkafka {Facility}: {Message}")]
    internal static partial void ClientLog(ILogger logger, string facility, string message);

    [LoggerMessage(EventId = 7, Message = "The transactional producer {TransactionalId} could not start yet: {Reason}")]
    internal static partial void InitTransactionsRetried(ILogger logger, LogLevel level, string transactionalId, string reason);

    [LoggerMessage(8, LogLevel.Debug, "Transaction call retried: {Code} {Reason}")]
    internal static partial void TransactionCallRetried(ILogger logger, ErrorCode code, string reason);

    [LoggerMessage(9, LogLevel.Warning, "Transaction aborted, its records are produced again: {Code} {Reason}")]
    internal static partial void TransactionAborted(ILogger logger, ErrorCode code, string reason);

    [LoggerMessage(10, LogLevel.Warning, "Producer {TransactionalId} replaced: {Code} {Reason}")]
    internal static partial void ProducerReplaced(ILogger logger, string transactionalId, ErrorCode code, string reason);

    [LoggerMessage(11, LogLevel.Information, "A commit with unknown outcome {Outcome} taken effect, by the group's committed offsets")]
    internal static partial void CommitResolved(ILogger logger, string outcome);

    [LoggerMessage(12, LogLevel.Information, "Intake paused: {Records} records in flight")]
    internal static partial void Paused(ILogger logger, int records);

    [LoggerMessage(13, LogLevel.Information, "Intake resumed")]
    internal static partial void Resumed(ILogger logger);

    [LoggerMessage(14, LogLevel.Warning, "Consumer: {Code} {Reason}; polling goes on")]
    internal static partial void ConsumeFailed(ILogger logger, ErrorCode code, string reason);

    [LoggerMessage(15, LogLevel.Error, "Stream {GroupId} stops")]
    internal static partial void Failed(ILogger logger, Exception exception, string groupId);

    [LoggerMessage(16, LogLevel.Information, "Stream {GroupId} stopped; left for the next start: {InFlight} records")]
    internal static partial void Stopped(ILogger logger, string groupId, int inFlight);

    [LoggerMessage(29, LogLevel.Warning, "Stream {GroupId} could not leave its group: the brokers do not answer ({Reason}). What was not committed is read again")]
    internal static partial void LeftBehind(ILogger logger, string groupId, string reason);

    [LoggerMessage(17, LogLevel.Warning, "Record {Topic}-{Partition}@{Offset}: its output of {SizeBytes} bytes is larger than its topic takes: dead-lettered")]
    internal static partial void Oversize(ILogger logger, string topic, int partition, long offset, long sizeBytes);

    [LoggerMessage(23, LogLevel.Error, "Stream {GroupId}: its worker failed and is replaced in {Seconds:0} s")]
    internal static partial void WorkerReplaced(ILogger logger, Exception exception, string groupId, double seconds);

    [LoggerMessage(21, LogLevel.Error, "The uncaught-exception handler threw: the stream stops")]
    internal static partial void HandlerFailed(ILogger logger, Exception exception);

    [LoggerMessage(22, LogLevel.Information, "Created topic {Topic} with {Partitions} partitions")]
    internal static partial void TopicCreated(ILogger logger, string topic, int partitions);

    [LoggerMessage(24, LogLevel.Warning, "No attempts journal: {Reason} A record that kills the process may do so again and again; set Kafka:StateFolder to a folder that can be written")]
    internal static partial void NoAttemptsJournal(ILogger logger, string reason);

    [LoggerMessage(25, LogLevel.Warning, "A process died while {Topic}-{Partition}@{First} to @{Last} was in work, {Crashes} times so far: it is run alone now, or given up")]
    internal static partial void DiedOver(ILogger logger, string topic, int partition, long first, long last, int crashes);

    [LoggerMessage(26, LogLevel.Warning, "Kafka has taken no results for {Seconds:0} s: {Reason}. They are kept, and it is tried for up to {Limit:0} s (Kafka:DeliveryTimeoutMs)")]
    internal static partial void ResultsStuck(ILogger logger, double seconds, string reason, double limit);

    [LoggerMessage(27, LogLevel.Information, "Kafka takes results again")]
    internal static partial void ResultsTaken(ILogger logger);

    [LoggerMessage(28, LogLevel.Warning, "The machine's clock was set back by {Seconds:0} s; the Kafka clients are woken, as they wait by it")]
    internal static partial void ClockSetBack(ILogger logger, double seconds);

    [LoggerMessage(18, LogLevel.Warning, "No stable instance id: {Reason}. A crash may delay readers by the transaction timeout; set Kafka:InstanceId")]
    internal static partial void NoStableInstanceId(ILogger logger, string reason);

    [LoggerMessage(20, LogLevel.Warning, "Partition {Topic}-{Partition} could not be read again from offset {Offset} yet: {Reason}; it is tried again")]
    internal static partial void SeekFailed(ILogger logger, string topic, int partition, long offset, string reason);
}
