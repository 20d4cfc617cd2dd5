using System.Buffers.Binary;
using System.Text;
using StreamScoring.Topology.Execution;

namespace StreamScoring.Topology.Replies;

/// <summary>Where the answer to a record is wanted.</summary>
/// <param name="Topic">The topic; a legal name.</param>
/// <param name="Partition">The partition; null: the key chooses.</param>
/// <param name="CorrelationId">What to echo; null: nothing was sent.</param>
internal sealed record ReplyRequest(string Topic, int? Partition, byte[]? CorrelationId)
{
    private const int MaxTopicBytes = 249;

    /// <summary>Reads a record's headers.</summary>
    /// <param name="record">The record.</param>
    /// <param name="refusal">Why the request cannot be answered; null where it can, and where there is none.</param>
    /// <returns>Null where no answer is wanted, where one was given already, or where there is a refusal.</returns>
    internal static ReplyRequest? Read(ConsumedRecord record, out string? refusal)
    {
        refusal = null;
        var headers = record.Headers;
        if (headers.Count == 0 || !headers.TryGetLast(ReplyHeaders.Topic, out var topicBytes)) return null;
        if (headers.Contains(ReplyHeaders.Answered)) return null;
        if (topicBytes is null or { Length: 0 or > MaxTopicBytes } ||
            Encoding.UTF8.GetString(topicBytes) is var topic && !TopicName.IsValid(topic, out _))
        {
            refusal = ReplyRefusals.NoTopicName;
            return null;
        }
        int? partition = null;
        if (headers.TryGetLast(ReplyHeaders.Partition, out var partitionBytes))
        {
            if (partitionBytes is not { Length: sizeof(int) } || BinaryPrimitives.ReadInt32BigEndian(partitionBytes) is var number && number < 0)
            {
                refusal = ReplyRefusals.NoPartition;
                return null;
            }
            partition = number;
        }
        headers.TryGetLast(ReplyHeaders.CorrelationId, out var correlationId);
        if (correlationId is { Length: > ReplyHeaders.MaxCorrelationIdBytes })
        {
            refusal = ReplyRefusals.LongCorrelationId;
            return null;
        }
        return new ReplyRequest(topic, partition, correlationId);
    }
}
