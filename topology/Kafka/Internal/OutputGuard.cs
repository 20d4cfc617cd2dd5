using Confluent.Kafka;
using Microsoft.Extensions.Logging;
using StreamScoring.Topology.Execution;

namespace StreamScoring.Topology.Kafka.Internal;

/// <summary>
/// Looks at a batch's outputs before they reach the producer: an output too large for Kafka turns its input into a dead
/// letter, instead of failing a transaction with everything in it.
/// </summary>
internal sealed class OutputGuard
{
    private const long LibrdkafkaDefaultMaxBytes = 1_000_000;

    private readonly long _maxBytes;
    private readonly StreamTelemetry _telemetry;
    private readonly ILogger _logger;

    internal OutputGuard(KafkaStreamOptions options, StreamTelemetry telemetry, ILogger logger)
    {
        _maxBytes = options.Properties.TryGetValue("message.max.bytes", out var text) && long.TryParse(text, out var bytes)
            ? bytes
            : LibrdkafkaDefaultMaxBytes;
        _telemetry = telemetry;
        _logger = logger;
    }

    /// <summary>The batch's result, with oversize outputs replaced.</summary>
    /// <exception cref="StreamProcessingException">There is no dead-letter topic, or the dead letter is too large too.</exception>
    internal BatchResult Admit(RecordBatch batch)
    {
        var result = batch.Result!;
        foreach (var output in result.Outputs)
        {
            if (KafkaMessages.SizeBytes(output) > _maxBytes) return Replace(batch, result);
        }
        return result;
    }

    /// <summary>Counts a committed batch.</summary>
    internal void CountCommitted(RecordBatch batch)
    {
        if (batch.Control is not null) return;
        var result = batch.Result!;
        batch.Lane.CountCommitted(batch.Records.Count, result.Outputs.Count, result);
        _telemetry.BatchCommitted(batch, batch.Records.Count, result.Outputs.Count);
    }

    private BatchResult Replace(RecordBatch batch, BatchResult result)
    {
        var outputs = new List<ProducedRecord>(result.Outputs.Count);
        var counts = (int[])result.InputCounts.Clone();
        var deadLetters = result.DeadLetters;
        var output = 0;
        for (var i = 0; i < counts.Length; i++)
        {
            var begin = output;
            output += counts[i];
            if (LargestBytes(result.Outputs, begin, output) is var largest && largest <= _maxBytes)
            {
                for (var k = begin; k < output; k++) outputs.Add(result.Outputs[k]);
                continue;
            }

            var record = batch.Records[i];
            KafkaLog.Oversize(_logger, record.Topic, record.Partition, record.Offset, largest);
            outputs.Add(DeadLetter(batch, record, largest));
            counts[i] = 1;
            deadLetters++;
        }
        for (; output < result.Outputs.Count; output++) outputs.Add(result.Outputs[output]);
        return new BatchResult(outputs, counts, deadLetters, result.Skipped);
    }

    private ProducedRecord DeadLetter(RecordBatch batch, ConsumedRecord record, long sizeBytes)
    {
        var error = new KafkaException(new Error(
            ErrorCode.MsgSizeTooLarge,
            $"The output has {sizeBytes} bytes, message.max.bytes is {_maxBytes}. Raise message.max.bytes in " +
            "Kafka:Properties and the topic's max.message.bytes."));
        var deadLetter = batch.Lane.Executor.CreateDeadLetter(record, error) ?? throw new StreamProcessingException(
            batch.Lane.Name, record, error.Message + " There is no dead-letter topic to put the record.", error);
        if (KafkaMessages.SizeBytes(deadLetter) > _maxBytes)
        {
            throw new StreamProcessingException(
                batch.Lane.Name, record, error.Message + " Its dead letter is too large as well.", error);
        }
        return deadLetter;
    }

    private static long LargestBytes(IReadOnlyList<ProducedRecord> outputs, int begin, int end)
    {
        long largest = 0;
        for (var k = begin; k < end; k++) largest = Math.Max(largest, KafkaMessages.SizeBytes(outputs[k]));
        return largest;
    }
}
