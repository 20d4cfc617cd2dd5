using Confluent.Kafka;
using StreamScoring.Topology.Execution;

namespace StreamScoring.Topology.Kafka.Internal;

/// <summary>Confluent.Kafka's messages to and from the topology's records.</summary>
internal static class KafkaMessages
{
    private static readonly TimeSpan FlushStep = TimeSpan.FromMilliseconds(1);

    /// <summary>Queues a record with the partition that it names or that the partitioner chooses.</summary>
    /// <exception cref="ProduceException{TKey,TValue}">The queue is full, or the record is refused.</exception>
    internal static void Produce(
        IProducer<byte[]?, byte[]?> producer, ProducedRecord record, Action<DeliveryReport<byte[]?, byte[]?>>? delivered)
    {
        if (record.Partition is { } partition)
        {
            producer.Produce(new TopicPartition(record.Topic, partition), ToMessage(record), delivered);
        }
        else
        {
            producer.Produce(record.Topic, ToMessage(record), delivered);
        }
    }

    /// <summary>
    /// Sends what lingers and waits until it is delivered. In short steps: librdkafka's own flush looks only every 10 ms
    /// whether it is.
    /// </summary>
    /// <param name="producer">The producer.</param>
    /// <param name="limit">How long at most.</param>
    internal static void SendNow(IProducer<byte[]?, byte[]?> producer, TimeSpan limit)
    {
        var end = Environment.TickCount64 + (long)limit.TotalMilliseconds;
        while (producer.Flush(FlushStep) > 0 && Environment.TickCount64 < end)
        {
        }
    }

    private static Message<byte[]?, byte[]?> ToMessage(ProducedRecord record)
    {
        var message = new Message<byte[]?, byte[]?> { Key = record.Key, Value = record.Value };
        // A record without a timestamp of its own (-1) gets the broker's or the client's clock.
        if (record.TimestampMs >= 0) message.Timestamp = new Timestamp(record.TimestampMs, TimestampType.CreateTime);
        var source = record.Headers;
        if (source.Count > 0)
        {
            var headers = new Headers();
            for (var i = 0; i < source.Count; i++) headers.Add(source[i].Key, source[i].Value);
            message.Headers = headers;
        }
        return message;
    }

    /// <summary>Size as librdkafka counts it against <c>message.max.bytes</c>, with room for its framing.</summary>
    internal static long SizeBytes(ProducedRecord record)
    {
        const int framing = 128;
        const int headerFraming = 10;
        long size = framing + (record.Key?.Length ?? 0) + (record.Value?.Length ?? 0);
        var headers = record.Headers;
        for (var i = 0; i < headers.Count; i++)
        {
            size += headerFraming + headers[i].Key.Length + (headers[i].Value?.Length ?? 0);
        }
        return size;
    }
}
