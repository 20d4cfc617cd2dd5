using Microsoft.Extensions.Logging;

namespace StreamScoring.App;

/// <summary>Every log message of the program.</summary>
internal static partial class AppLog
{
    [LoggerMessage(101, LogLevel.Warning, "{Warning}")]
    internal static partial void SettingHasNoEffect(ILogger logger, string warning);

    [LoggerMessage(102, LogLevel.Information, "Sink {Sink}: writing {Topics} to {Target}")]
    internal static partial void SinkStarts(ILogger logger, string sink, string topics, string target);

    [LoggerMessage(103, LogLevel.Warning, "Sink {Sink} is paused, next try in {Seconds:0.0} s, the stream goes on: {Reason}")]
    internal static partial void SinkPaused(ILogger logger, string sink, double seconds, string reason);

    [LoggerMessage(104, LogLevel.Information, "Sink {Sink} goes on after {Attempts} failed tries")]
    internal static partial void SinkResumed(ILogger logger, string sink, int attempts);

    [LoggerMessage(105, LogLevel.Information, "Sink {Sink}: {Partition} begins at offset {Offset}")]
    internal static partial void SinkPositioned(ILogger logger, string sink, string partition, string offset);

    [LoggerMessage(106, LogLevel.Error, "Sink {Sink}: {Partition} lost the records {From} to {To}: Kafka deleted them before the sink could write them")]
    internal static partial void SinkGap(ILogger logger, string sink, string partition, long from, long to);

    [LoggerMessage(107, LogLevel.Warning, "Sink {Sink}: {Partition}@{Offset} is no article and was kept as a reject: {Reason}")]
    internal static partial void SinkReject(ILogger logger, string sink, string partition, long offset, string reason);

    [LoggerMessage(108, LogLevel.Information, "Sink {Sink}: {Conflict} Going on from there")]
    internal static partial void SinkConflict(ILogger logger, string sink, string conflict);

    [LoggerMessage(109, LogLevel.Information, "Sink {Sink} stopped after {Records} records")]
    internal static partial void SinkStopped(ILogger logger, string sink, long records);

    [LoggerMessage(110, LogLevel.Warning, "The view could not read: {Code} {Reason}")]
    internal static partial void ViewReadFailed(ILogger logger, Confluent.Kafka.ErrorCode code, string reason);

    [LoggerMessage(112, LogLevel.Warning, "Waiting for Kafka at {BootstrapServers}: {Reason}")]
    internal static partial void WaitingForKafka(ILogger logger, string bootstrapServers, string reason);

    [LoggerMessage(113, LogLevel.Information, "Created topic {Topic} with {Partitions} partitions")]
    internal static partial void TopicCreated(ILogger logger, string topic, int partitions);

    [LoggerMessage(114, LogLevel.Warning, "Feed: line {Line} of {File} is no article and was left out: {Reason}")]
    internal static partial void FeedLineRejected(ILogger logger, long line, string file, string reason);

    [LoggerMessage(115, LogLevel.Warning, "Feed: an article could not be sent: {Reason}")]
    internal static partial void FeedSendFailed(ILogger logger, string reason);

    [LoggerMessage(111, LogLevel.Warning, "Sink {Sink}: what it held back could not be stored at the end, and comes again at the next start: {Reason}")]
    internal static partial void SinkCloseFailed(ILogger logger, string sink, string reason);

    [LoggerMessage(116, LogLevel.Information, "Metrics and traces go to {Endpoint}")]
    internal static partial void TelemetryStarts(ILogger logger, string endpoint);

    [LoggerMessage(117, LogLevel.Warning, "{Topic}-{Partition}@{Offset} cannot be shown: {Reason}")]
    internal static partial void TailRejected(ILogger logger, string topic, int partition, long offset, string reason);

    [LoggerMessage(131, LogLevel.Information, "Health checks: livez and readyz at {Address}")]
    internal static partial void HealthStarts(ILogger logger, string address);

    [LoggerMessage(132, LogLevel.Debug, "A health check got no answer: {Reason}")]
    internal static partial void HealthAnswerFailed(ILogger logger, string reason);

    [LoggerMessage(133, LogLevel.Warning, "How the models use this machine best cannot be kept in {File}: {Reason} Each start finds it out again, some seconds for each model; set Models:PlanCache to a file that can be written")]
    internal static partial void PlanNotKept(ILogger logger, string file, string reason);

    [LoggerMessage(118, LogLevel.Warning, "Waiting for the Schema Registry: {Reason}")]
    internal static partial void WaitingForRegistry(ILogger logger, string reason);

    [LoggerMessage(119, LogLevel.Warning, "{Partition}: waiting for a transaction that is open at offset {Offset}")]
    internal static partial void WaitingForTransaction(ILogger logger, string partition, long offset);

    [LoggerMessage(120, LogLevel.Warning, "Sink {Sink} is not started: no node that runs here writes {Topics}. {WhatToDo}")]
    internal static partial void SinkNotStarted(ILogger logger, string sink, string topics, string whatToDo);
}
