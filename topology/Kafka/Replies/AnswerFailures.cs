using Confluent.Kafka;
using StreamScoring.Topology.Execution;
using StreamScoring.Topology.Replies;

namespace StreamScoring.Topology.Kafka.Replies;

/// <summary>What becomes of answers that a producer could not deliver: they are counted, and their topic rests.</summary>
internal sealed class AnswerFailures(KafkaReplyTopics topics, ReplyTelemetry telemetry)
{
    /// <summary>A topic's state may have changed: look again before the next answer.</summary>
    internal void Doubt(string topic) => topics.Doubt(topic);

    /// <summary>Whether an answer that was made earlier may still be sent.</summary>
    internal bool MaySend(ProducedRecord answer) =>
        // A broker that cannot be asked is no reason: the stream's own records wait for it too.
        topics.Refusal(answer.Topic, answer.Partition, CancellationToken.None) is null or ReplyRefusals.NotLookedUp;

    /// <summary>A delivery report. On librdkafka's report thread.</summary>
    /// <param name="topic">Where the answer was to go.</param>
    /// <param name="error">What became of it.</param>
    /// <param name="mayBeAnothers">
    /// Whether a timeout may be the fault of another topic in the same transaction; then this one is only doubted.
    /// </param>
    internal void Reported(string topic, Error error, bool mayBeAnothers = false)
    {
        if (!error.IsError)
        {
            topics.NoteSuccess(topic);
            return;
        }
        // Purged with an aborted transaction: says nothing about the topic.
        if (error.Code is ErrorCode.Local_PurgeQueue or ErrorCode.Local_PurgeInflight) return;
        if (!mayBeAnothers || error.Code != ErrorCode.Local_MsgTimedOut) topics.NoteFailure(topic);
        topics.Doubt(topic);
    }

    /// <summary>An answer is given up.</summary>
    internal void GiveUp(ProducedRecord answer) => telemetry.Refused(null, answer.Topic, ReplyRefusals.NotDelivered);
}
