using Confluent.Kafka;

namespace StreamScoring.App.Kafka;

/// <summary>Reads whole topics without a consumer group: every partition, from one end, no commits.</summary>
internal static class PartitionAssigner
{
    /// <summary>Settings for a reader that belongs to no group.</summary>
    internal static ConsumerConfig Config(bool fromEarliest) => new()
    {
        // librdkafka wants a group id even where nothing is committed to it.
        GroupId = "streamscoring-reader",
        EnableAutoCommit = false,
        EnableAutoOffsetStore = false,
        EnablePartitionEof = true,
        AutoOffsetReset = fromEarliest ? AutoOffsetReset.Earliest : AutoOffsetReset.Latest,
    };

    /// <summary>
    /// Assigns every partition. For the latest end, offsets are fixed now: what is sent from here on is read, whenever
    /// the first fetch goes out.
    /// </summary>
    internal static void Assign(
        IConsumer<byte[]?, byte[]?> consumer, IEnumerable<KeyValuePair<string, int>> partitionsOfTopics, bool fromEarliest)
    {
        var offsets = new List<TopicPartitionOffset>();
        foreach (var (topic, partitions) in partitionsOfTopics)
        {
            for (var partition = 0; partition < partitions; partition++)
            {
                var target = new TopicPartition(topic, partition);
                var offset = fromEarliest
                    ? Offset.Beginning
                    : consumer.QueryWatermarkOffsets(target, TimeSpan.FromSeconds(10)).High;
                offsets.Add(new TopicPartitionOffset(target, offset));
            }
        }
        consumer.Assign(offsets);
    }
}
