using Confluent.Kafka;
using StreamScoring.Topology.Execution;
using StreamScoring.Topology.Kafka.Internal;

namespace StreamScoring.Topology.Kafka.Replies;

/// <summary>
/// Answers inside a transaction. Any record that the broker does not take fails all of it, so after an abort the reply
/// topics are looked at again and their answers left out where something is wrong; after a few aborts in a row all answers
/// of the transaction are. No reply topic can so keep the stream from its commit. Used by the producer thread.
/// </summary>
internal sealed class TransactionalAnswers(TransactionalProducer producer, AnswerFailures failures)
{
    private const int AbortsWithAnswers = 6;

    private readonly HashSet<ProducedRecord> _givenUp = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<string, Action<DeliveryReport<byte[]?, byte[]?>>> _reports = new(StringComparer.Ordinal);
    private const int MaxReports = 10_000;
    private int _aborts;

    /// <summary>Queues an answer, or leaves it out.</summary>
    internal TransactionOutcome Produce(ProducedRecord answer)
    {
        if (_aborts > 0 && (_givenUp.Contains(answer) || _aborts >= AbortsWithAnswers || !failures.MaySend(answer)))
        {
            GiveUp(answer);
            return TransactionOutcome.Done;
        }
        var outcome = producer.ProduceAnswer(answer, ReportOf(answer.Topic), out var refused);
        if (refused is null) return outcome;
        failures.Reported(answer.Topic, refused);
        GiveUp(answer);
        return TransactionOutcome.Done;
    }

    /// <summary>The transaction was aborted and its records will be produced again.</summary>
    internal void Aborted(IReadOnlyList<RecordBatch> open)
    {
        _aborts++;
        foreach (var batch in open)
        {
            foreach (var output in batch.Result!.Outputs)
            {
                if (output.IsAnswer) failures.Doubt(output.Topic);
            }
        }
    }

    /// <summary>The transaction was committed.</summary>
    internal void Committed()
    {
        _aborts = 0;
        _givenUp.Clear();
        if (_reports.Count > MaxReports) _reports.Clear();
    }

    private void GiveUp(ProducedRecord answer)
    {
        if (_givenUp.Add(answer)) failures.GiveUp(answer);
    }

    private Action<DeliveryReport<byte[]?, byte[]?>> ReportOf(string topic)
    {
        if (_reports.TryGetValue(topic, out var report)) return report;
        report = delivery => failures.Reported(topic, delivery.Error, mayBeAnothers: Volatile.Read(ref _aborts) == 0);
        _reports.Add(topic, report);
        return report;
    }
}
