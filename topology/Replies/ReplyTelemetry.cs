using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using StreamScoring.Topology.Execution;
using StreamScoring.Topology.Kafka;

namespace StreamScoring.Topology.Replies;

/// <summary>Counts answers by what they are, and logs a few of the requests that get none.</summary>
internal sealed partial class ReplyTelemetry : IDisposable
{
    private const int MessagesPerInterval = 5;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(30);

    private readonly Meter _meter = new(KafkaStream.TelemetryName);
    private readonly Counter<long> _answers;
    private readonly Counter<long> _refused;
    private readonly LogThrottle _log;
    private readonly ILogger _logger;

    internal ReplyTelemetry(ILogger logger, TimeProvider time)
    {
        _answers = _meter.CreateCounter<long>("streamscoring.replies", "{record}", "Answers given to clients.");
        _refused = _meter.CreateCounter<long>("streamscoring.replies.refused", "{record}", "Requests that got no answer.");
        _log = new LogThrottle(time, MessagesPerInterval, Interval);
        _logger = logger;
    }

    // The topic is a stranger's word: as a tag it would make as many time series as he likes.
    internal void Answered(string outcome) => _answers.Add(1, new KeyValuePair<string, object?>("outcome", outcome));

    internal void Refused(ConsumedRecord? record, string topic, string reason)
    {
        _refused.Add(1, new KeyValuePair<string, object?>("reason", reason));
        if (!_log.TryTake(out var suppressed)) return;
        if (record is null) AnswerLost(_logger, topic, reason, suppressed);
        else NotAnswered(_logger, record.Topic, record.Partition, record.Offset, topic, reason, suppressed);
    }

    internal void LookFailed(Exception exception)
    {
        if (_log.TryTake(out var suppressed)) TopicsNotSeen(_logger, exception.Message, suppressed);
    }

    public void Dispose() => _meter.Dispose();

    [LoggerMessage(220, LogLevel.Warning,
        "Record {Topic}-{Partition}@{Offset} is not answered at '{ReplyTopic}': {Reason}. The record itself goes on. ({Suppressed} more like this were not logged)")]
    private static partial void NotAnswered(
        ILogger logger, string topic, int partition, long offset, string replyTopic, string reason, long suppressed);

    [LoggerMessage(222, LogLevel.Warning,
        "Reply topics could not be looked up, it is tried again: {Reason} ({Suppressed} more like this were not logged)")]
    private static partial void TopicsNotSeen(ILogger logger, string reason, long suppressed);

    [LoggerMessage(221, LogLevel.Warning,
        "An answer to '{ReplyTopic}' is given up: {Reason}. The stream goes on. ({Suppressed} more like this were not logged)")]
    private static partial void AnswerLost(ILogger logger, string replyTopic, string reason, long suppressed);
}
