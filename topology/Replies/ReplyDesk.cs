using StreamScoring.Schemas.Avro;
using StreamScoring.Topology.Articles;
using StreamScoring.Topology.Execution;
using StreamScoring.Topology.Kafka.Internal;

namespace StreamScoring.Topology.Replies;

/// <summary>
/// Decides which answer a request gets at this node and puts it among the record's outputs, so that both are committed
/// together or not at all. One for a stream; any thread.
/// </summary>
internal sealed class ReplyDesk : IDisposable
{
    private const string TraceParent = "traceparent";
    private const string AnsweredValue = "answered";

    private readonly ReplyOptions _options;
    private readonly IReplyTopics _topics;
    private readonly ReplyTopicPatterns _patterns;
    private readonly ReplyQuotas _quotas;
    private readonly HashSet<string> _answerFrom;
    private readonly HashSet<string> _ownTopics;
    private readonly TimeProvider _time;
    private readonly ReplyTelemetry _telemetry;
    private readonly long _maxBytes;

    /// <param name="options">Valid ones.</param>
    /// <param name="executors">The stream's, whose topics are no reply topics.</param>
    /// <param name="topics">What is known about reply topics. Disposed with the desk.</param>
    /// <param name="producerMaxBytes">What the producer takes at most.</param>
    /// <param name="telemetry">Hears of answers and of requests that get none. Disposed with the desk.</param>
    /// <param name="time">The clock.</param>
    internal ReplyDesk(
        ReplyOptions options, IReadOnlyList<IBatchExecutor> executors, IReplyTopics topics, long producerMaxBytes,
        ReplyTelemetry telemetry, TimeProvider time)
    {
        _options = options;
        _topics = topics;
        _patterns = new ReplyTopicPatterns(options.AllowedTopics);
        _quotas = new ReplyQuotas(options, time);
        _answerFrom = options.AnswerFrom.ToHashSet(StringComparer.Ordinal);
        _ownTopics = options.ReservedTopics.Concat(options.AnswerFrom).ToHashSet(StringComparer.Ordinal);
        foreach (var executor in executors)
        {
            _ownTopics.UnionWith(executor.SourceTopics);
            _ownTopics.UnionWith(executor.SinkTopics);
        }
        _maxBytes = Math.Min(options.MaxAnswerBytes, producerMaxBytes);
        _time = time;
        _telemetry = telemetry;
    }

    /// <summary>Whether failures at a node that reads this topic are answered.</summary>
    internal bool AnswersFailuresOf(string sourceTopic) => !_options.SideTopics.Contains(sourceTopic);

    /// <summary>The request of a record, where there is one that may be answered as far as its words go.</summary>
    internal ReplyRequest? Read(ConsumedRecord record)
    {
        var request = ReplyRequest.Read(record, out var refusal);
        if (refusal is not null)
        {
            _telemetry.Refused(record, "", refusal);
            return null;
        }
        if (request is null) return null;
        if (_ownTopics.Contains(request.Topic)) refusal = ReplyRefusals.OwnTopic;
        else if (!_patterns.Allows(request.Topic)) refusal = ReplyRefusals.NotAllowed;
        if (refusal is null) return request;
        _telemetry.Refused(record, request.Topic, refusal);
        return null;
    }

    /// <summary>Starts looking at the topic of a request, so that it is known when the record is scored.</summary>
    internal void Prefetch(ReplyRequest request) => _topics.Prefetch(request.Topic);

    /// <summary>The answer that an input's outputs call for at this node.</summary>
    /// <param name="record">The input.</param>
    /// <param name="request">Its request.</param>
    /// <param name="outputs">What came of it; where there is an answer and it goes on, it is marked as answered.</param>
    /// <param name="cancellationToken">Ends the wait for a topic that is looked up.</param>
    /// <returns>Null: none yet, or none at all.</returns>
    internal ProducedRecord? Answer(
        ConsumedRecord record, ReplyRequest request, ReadOnlySpan<ProducedRecord> outputs, CancellationToken cancellationToken)
    {
        ProducedRecord? final = null;
        ProducedRecord? letter = null;
        foreach (var output in outputs)
        {
            if (output.DeadLetter is not null) letter = output;
            else if (_answerFrom.Contains(output.Topic)) final = output;
        }

        ReplyErrorBody? error = null;
        if (letter is not null)
        {
            if (!AnswersFailuresOf(record.Topic)) return null;
            error = Describe(letter, record);
        }
        else if (IsLate(record))
        {
            if (!AnswersFailuresOf(record.Topic)) return null;
            error = new ReplyErrorBody(ReplyCodes.DeadlinePassed,
                $"The deadline passed before the record was through; after '{record.Topic}' it goes on, unscored where it was late.", record);
        }
        else if (outputs.IsEmpty)
        {
            // Dropped by a handler, or by a filter: either way nothing more will come.
            if (!AnswersFailuresOf(record.Topic)) return null;
            error = new ReplyErrorBody(ReplyCodes.Dropped, "The stream dropped the record: nothing comes of it.", record);
        }
        else if (final is null)
        {
            return null;
        }

        if (_topics.Refusal(request.Topic, request.Partition, cancellationToken) is { } refusal)
        {
            _telemetry.Refused(record, request.Topic, refusal);
            return null;
        }
        var answer = error is { } body ? WriteError(record, request, body) : WriteAnswer(record, request, final!);
        if (answer is null) return null;
        var outcome = answer.Headers.GetText(ReplyHeaders.Error) ?? AnsweredValue;
        foreach (var output in outputs) output.Headers.Set(ReplyHeaders.Answered, outcome);
        _telemetry.Answered(outcome);
        return answer;
    }

    public void Dispose()
    {
        _topics.Dispose();
        _telemetry.Dispose();
    }

    private bool IsLate(ConsumedRecord record) =>
        ArticleHeaders.TryGetDeadline(record.Headers, out var deadlineMs) && deadlineMs is { } deadline &&
        _time.GetUtcNow().ToUnixTimeMilliseconds() > deadline;

    private static ReplyErrorBody Describe(ProducedRecord letter, ConsumedRecord record)
    {
        var cause = letter.DeadLetter!;
        return new ReplyErrorBody(ReplyCodes.DeadLettered, cause.Error.Message, record)
        {
            Node = cause.Node,
            Exception = cause.Error.GetType().FullName,
            FoundIn = letter.Topic,
            FoundKey = letter.Key,
        };
    }

    private ProducedRecord? WriteAnswer(ConsumedRecord record, ReplyRequest request, ProducedRecord final)
    {
        var value = Format(final);
        var answer = Address(record, request, final.Key, value, errorCode: null);
        // Bytes that are the record's own are read as the record's are.
        if (ReferenceEquals(value, final.Value) && final.Headers.TryGetLast(ConfluentFraming.ValueSchemaIdHeader, out var schemaId))
        {
            answer.Headers.Add(ConfluentFraming.ValueSchemaIdHeader, schemaId);
        }
        var sizeBytes = KafkaMessages.SizeBytes(answer);
        if (sizeBytes > _maxBytes)
        {
            return WriteError(record, request, Pointing(final, ReplyCodes.TooLarge,
                $"The answer of {sizeBytes} bytes is larger than the {_maxBytes} that one may have. Read the record where it lies.", record));
        }
        if (_quotas.TryTakeAnswer(request.Topic, sizeBytes)) return answer;
        return WriteError(record, request, Pointing(final, ReplyCodes.QuotaExceeded,
            "This reply topic gets more answers, or bytes of them, than it may. Read the record where it lies, and ask more slowly.", record));
    }

    private static ReplyErrorBody Pointing(ProducedRecord final, string code, string message, ConsumedRecord record) =>
        new(code, message, record) { FoundIn = final.Topic, FoundKey = final.Key };

    private ProducedRecord? WriteError(ConsumedRecord record, ReplyRequest request, ReplyErrorBody body)
    {
        var answer = Address(record, request, body.FoundKey ?? record.Key, body.Write(), body.Code);
        if (KafkaMessages.SizeBytes(answer) > _maxBytes)
        {
            // A key near the limit; the answer has its own in the correlation id.
            answer = answer with { Key = request.CorrelationId ?? [] };
            if (KafkaMessages.SizeBytes(answer) > _maxBytes)
            {
                _telemetry.Refused(record, request.Topic, ReplyRefusals.TooLarge);
                return null;
            }
        }
        if (_quotas.TryTakeError(request.Topic)) return answer;
        _telemetry.Refused(record, request.Topic, ReplyRefusals.OverQuota);
        return null;
    }

    // A compacted topic takes no record without a key; an old timestamp could be beyond the topic's retention.
    private ProducedRecord Address(ConsumedRecord record, ReplyRequest request, byte[]? key, byte[]? value, string? errorCode)
    {
        var headers = new RecordHeaders(3);
        if (request.CorrelationId is not null) headers.Add(ReplyHeaders.CorrelationId, request.CorrelationId);
        if (errorCode is not null) headers.Add(ReplyHeaders.Error, errorCode);
        if (record.Headers.TryGetLast(TraceParent, out var parent)) headers.Add(TraceParent, parent);
        return new ProducedRecord(
            request.Topic, request.Partition, _time.GetUtcNow().ToUnixTimeMilliseconds(), key ?? request.CorrelationId ?? [], value, headers)
        {
            IsAnswer = true,
        };
    }

    private byte[]? Format(ProducedRecord final)
    {
        if (_options.Format is not { } format) return final.Value;
        try
        {
            return format(final);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            return final.Value;
        }
    }
}
