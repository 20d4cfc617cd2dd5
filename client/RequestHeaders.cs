using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Confluent.Kafka;

namespace StreamScoring.Client;

/// <summary>Headers of a request, as Spring's <c>ReplyingKafkaTemplate</c> writes them, and the deadline.</summary>
internal static class RequestHeaders
{
    internal const string CorrelationId = "kafka_correlationId";
    private const string ReplyTopic = "kafka_replyTopic";
    private const string ReplyPartition = "kafka_replyPartition";
    private const string Deadline = "streamscoring_deadline";

    internal static Headers Write(byte[] replyTopic, byte[] replyPartition, byte[] correlationId, DateTimeOffset deadline) => new()
    {
        { ReplyTopic, replyTopic },
        { ReplyPartition, replyPartition },
        { CorrelationId, correlationId },
        { Deadline, Encoding.ASCII.GetBytes(deadline.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture)) },
    };

    internal static byte[] BigEndian(int number)
    {
        var bytes = new byte[sizeof(int)];
        BinaryPrimitives.WriteInt32BigEndian(bytes, number);
        return bytes;
    }
}
