using Confluent.Kafka;
using Microsoft.Extensions.Logging;
using StreamScoring.Topology.Execution;
using StreamScoring.Topology.Handlers;

namespace StreamScoring.Topology.Kafka.Internal;

/// <summary>
/// Looks at a batch's outputs before they reach the producer: an output too large for Kafka turns its input into a dead
/// letter, instead of failing a transaction with everything in it.
/// </summary>
internal sealed class OutputGuard
{
    private readonly TopicLimits _limits;
    private readonly AttemptsJournal? _attempts;
    private readonly StreamTelemetry _telemetry;
    private readonly ILogger _logger;

    internal OutputGuard(TopicLimits limits, AttemptsJournal? attempts, StreamTelemetry telemetry, ILogger logger)
    {
        _limits = limits;
        _attempts = attempts;
        _telemetry = telemetry;
        _logger = logger;
    }

    /// <summary>The batch's result, without what waits to be read again and with oversize outputs replaced.</summary>
    /// <exception cref="StreamProcessingException">There is no dead-letter topic, or the dead letter is too large too.</exception>
    internal BatchResult Admit(RecordBatch batch)
    {
        batch.LeaveWaiting();
        var result = batch.Result!;
        var smallest = _limits.Smallest;
        foreach (var output in result.Outputs)
        {
            if (IsOversize(output, smallest)) return Replace(batch, result);
        }
        return result;
    }

    private bool IsOversize(ProducedRecord output, long smallest) =>
        KafkaMessages.SizeBytes(output) is var bytes && bytes > smallest && bytes > _limits.LargestIn(output.Topic);

    /// <summary>Counts what was committed of a batch: inputs whose partition went before the commit are another's.</summary>
    internal void CountCommitted(RecordBatch batch)
    {
        if (batch.Control is not null) return;
        var result = batch.Result!;
        // Counted by the inputs: the outputs may be forgotten.
        var (recordsIn, recordsOut) = (batch.Count, 0);
        foreach (var count in result.InputCounts) recordsOut += count;
        var (deadLetters, skipped) = (result.DeadLetters, result.Skipped);
        var input = 0;
        foreach (var run in batch.Runs)
        {
            if (!run.Owner.IsLost)
            {
                input += run.Count;
                continue;
            }
            for (var end = input + run.Count; input < end; input++)
            {
                recordsIn--;
                recordsOut -= result.InputCounts[input];
                // The rare case: what became of one input is not kept. One without outputs may have been skipped.
                if (result.InputCounts[input] == 0) skipped = Math.Max(0, skipped - 1);
            }
        }
        // A dead letter is the only output of its input.
        deadLetters = Math.Min(deadLetters, recordsOut);
        if (_attempts is { HasSuspects: true } attempts) Settle(attempts, batch);
        batch.Lane.CountCommitted(recordsIn, recordsOut, deadLetters, skipped);
        _telemetry.BatchCommitted(batch, recordsIn, recordsOut, deadLetters);
    }

    private static void Settle(AttemptsJournal attempts, RecordBatch batch)
    {
        foreach (var run in batch.Runs)
        {
            if (run.Owner.IsLost) continue;
            var partition = run.Owner.TopicPartition;
            attempts.Settle(partition.Topic, partition.Partition.Value, run.LastOffset);
        }
    }

    private BatchResult Replace(RecordBatch batch, BatchResult result)
    {
        var outputs = new List<ProducedRecord>(result.Outputs.Count);
        var counts = (int[])result.InputCounts.Clone();
        var (deadLetters, skipped) = (result.DeadLetters, result.Skipped);
        var output = 0;
        for (var i = 0; i < counts.Length; i++)
        {
            var begin = output;
            output += counts[i];
            if (FindOversize(result.Outputs, begin, output) is not { } oversize)
            {
                for (var k = begin; k < output; k++) outputs.Add(result.Outputs[k]);
                continue;
            }

            var record = batch.Records[i];
            var sizeBytes = KafkaMessages.SizeBytes(oversize);
            KafkaLog.Oversize(_logger, record.Topic, record.Partition, record.Offset, sizeBytes);
            var deadLetter = DeadLetter(batch, record, oversize, sizeBytes);
            counts[i] = 0;
            if (deadLetter is not null)
            {
                outputs.Add(deadLetter);
                counts[i] = 1;
                deadLetters++;
            }
            else
            {
                skipped++;
            }
            if (batch.Lane.Executor.CreateAnswer(record, deadLetter) is { } answer)
            {
                outputs.Add(answer);
                counts[i]++;
            }
        }
        for (; output < result.Outputs.Count; output++) outputs.Add(result.Outputs[output]);
        return new BatchResult(outputs, counts, deadLetters, skipped);
    }

    /// <returns>Null where the production handler answered CONTINUE.</returns>
    private ProducedRecord? DeadLetter(RecordBatch batch, ConsumedRecord record, ProducedRecord oversize, long sizeBytes)
    {
        var executor = batch.Lane.Executor;
        var error = new KafkaException(new Error(
            ErrorCode.MsgSizeTooLarge,
            $"The output has {sizeBytes} bytes, topic '{oversize.Topic}' takes {_limits.LargestIn(oversize.Topic)}. Raise the topic's " +
            "max.message.bytes, and message.max.bytes in Kafka:Properties where that is smaller, and start the stream again."));
        var response = executor.DecideProduction(record, oversize, error);
        if (response == ProductionResponse.Continue) return null;
        // RETRY cannot make it smaller: with FAIL it stops the stream.
        var deadLetter = response == ProductionResponse.DeadLetter ? executor.CreateDeadLetter(record, error) : null;
        if (deadLetter is null) throw new StreamProcessingException(batch.Lane.Name, record, error.Message, error);
        if (IsOversize(deadLetter, _limits.Smallest))
        {
            throw new StreamProcessingException(
                batch.Lane.Name, record, error.Message + " Its dead letter is too large as well.", error);
        }
        return deadLetter;
    }

    private ProducedRecord? FindOversize(IReadOnlyList<ProducedRecord> outputs, int begin, int end)
    {
        for (var k = begin; k < end; k++)
        {
            if (IsOversize(outputs[k], _limits.Smallest)) return outputs[k];
        }
        return null;
    }
}
