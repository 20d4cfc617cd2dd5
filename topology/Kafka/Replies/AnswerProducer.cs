using Confluent.Kafka;
using StreamScoring.Topology.Execution;
using StreamScoring.Topology.Kafka.Internal;

namespace StreamScoring.Topology.Kafka.Replies;

/// <summary>
/// Answers at-least-once: a producer of their own, so that a reply topic that is stuck holds up neither the stream's outputs
/// nor, for longer than its timeout, their commit.
/// </summary>
internal sealed class AnswerProducer(KafkaStreamOptions options, AnswerFailures failures, KafkaClientLog clientLog) : IDisposable
{
    private readonly IProducer<byte[]?, byte[]?> _producer = new ProducerBuilder<byte[]?, byte[]?>(ClientConfigs.Answers(options))
        .SetErrorHandler((_, error) => clientLog.Error("answer producer", error))
        .SetLogHandler((_, message) => clientLog.Log(message))
        .Build();

    /// <summary>Sends an answer.</summary>
    /// <param name="answer">The answer.</param>
    /// <param name="done">Called once, when it was taken or given up; perhaps on librdkafka's report thread.</param>
    internal void Produce(ProducedRecord answer, Action done)
    {
        try
        {
            KafkaMessages.Produce(_producer, answer, report =>
            {
                failures.Reported(answer.Topic, report.Error);
                if (report.Error.IsError) failures.GiveUp(answer);
                done();
            });
        }
        catch (KafkaException exception)
        {
            // A full queue too: it is full of answers that nobody takes, and waiting would hold the stream.
            if (exception.Error.Code != ErrorCode.Local_QueueFull) failures.Reported(answer.Topic, exception.Error);
            failures.GiveUp(answer);
            done();
        }
    }

    internal void Flush(TimeSpan timeout) => _producer.Flush(timeout);

    public void Dispose() => _producer.Dispose();
}
