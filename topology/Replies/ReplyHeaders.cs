namespace StreamScoring.Topology.Replies;

/// <summary>
/// Headers of requests and answers. The first three are those of Spring's <c>ReplyingKafkaTemplate</c>, byte for byte, so
/// that its users need nothing of ours.
/// </summary>
public static class ReplyHeaders
{
    /// <summary>Request: the topic for the answer, its name in UTF-8.</summary>
    public const string Topic = "kafka_replyTopic";

    /// <summary>Request: the partition for the answer, 4 bytes big-endian. Without it the answer's key chooses.</summary>
    public const string Partition = "kafka_replyPartition";

    /// <summary>
    /// Request and answer: any bytes, at most <see cref="MaxCorrelationIdBytes"/>, echoed. Spring sends the 16 bytes of a
    /// UUID, or its text.
    /// </summary>
    public const string CorrelationId = "kafka_correlationId";

    /// <summary>
    /// Answer: why there is no enriched record, see <see cref="ReplyCodes"/>; the value is then a JSON object. An answer
    /// without it is the enriched record.
    /// </summary>
    public const string Error = "streamscoring_error";

    /// <summary>
    /// A record that goes on after it was answered: <c>answered</c>, or the error's code. Who finds it answers no more.
    /// </summary>
    public const string Answered = "streamscoring_answered";

    /// <summary>A longer correlation id is not echoed: the request is then not answered.</summary>
    public const int MaxCorrelationIdBytes = 1024;
}
