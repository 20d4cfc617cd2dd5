using System.Diagnostics;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using StreamScoring.Testing.Brokers;

namespace StreamScoring.Testing.Records;

/// <summary>Plain clients around a stream under test: raw bytes in, committed raw bytes out.</summary>
public static class KafkaRecords
{
    private static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(60);

    /// <summary>Sends messages with one idempotent producer, in order, and waits for every delivery report.</summary>
    /// <param name="broker">Where to.</param>
    /// <param name="topic">The topic; partitions are chosen from the keys as Java clients do (murmur2).</param>
    /// <param name="messages">What to send.</param>
    /// <exception cref="KafkaException">A message could not be delivered.</exception>
    /// <exception cref="TimeoutException">Not all were delivered within 60 seconds.</exception>
    public static void Produce(IKafkaBroker broker, string topic, IEnumerable<Message<byte[], byte[]>> messages)
    {
        ArgumentNullException.ThrowIfNull(broker);
        ArgumentNullException.ThrowIfNull(messages);
        using var producer = new ProducerBuilder<byte[], byte[]>(new ProducerConfig
        {
            BootstrapServers = broker.BootstrapServers,
            EnableIdempotence = true,
            LingerMs = 5,
            Partitioner = Partitioner.Murmur2Random,
        }).SetErrorHandler((_, _) => { }).SetLogHandler((_, _) => { }).Build();

        Error? failure = null;
        void OnReport(DeliveryReport<byte[], byte[]> report)
        {
            if (report.Error.IsError) failure ??= report.Error;
        }

        foreach (var message in messages)
        {
            while (!TryProduce(producer, topic, message, OnReport)) producer.Poll(TimeSpan.FromMilliseconds(100));
        }
        var left = producer.Flush(DefaultTimeout);
        if (failure is not null) throw new KafkaException(failure);
        if (left > 0) throw new TimeoutException($"{left} messages to {topic} were not delivered within {DefaultTimeout}.");
    }

    /// <summary>Reads the committed records of topics from their beginning until a condition holds.</summary>
    /// <param name="broker">Where from.</param>
    /// <param name="topics">Topics that exist.</param>
    /// <param name="enough">Looks at all records so far, after each one.</param>
    /// <param name="timeout">Default 60 seconds.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The records, in order within each partition.</returns>
    /// <exception cref="TimeoutException">The condition did not come to hold; the message says what was read.</exception>
    public static List<ConsumeResult<byte[], byte[]>> ConsumeUntil(
        IKafkaBroker broker, IReadOnlyCollection<string> topics,
        Func<IReadOnlyList<ConsumeResult<byte[], byte[]>>, bool> enough,
        TimeSpan? timeout = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(enough);
        var limit = timeout ?? DefaultTimeout;
        using var consumer = ReadFromBeginning(broker, topics, out _);
        var records = new List<ConsumeResult<byte[], byte[]>>();
        var waited = Stopwatch.StartNew();
        while (!enough(records))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (waited.Elapsed > limit)
            {
                throw new TimeoutException(
                    $"After {limit} there were {records.Count} committed records in {string.Join(", ", topics)} on {broker.Name}, and not yet enough.");
            }
            if (consumer.Consume(TimeSpan.FromMilliseconds(100)) is { IsPartitionEOF: false } record) records.Add(record);
        }
        return records;
    }

    /// <summary>Reads committed records until there are at least <paramref name="count"/>.</summary>
    /// <inheritdoc cref="ConsumeUntil"/>
    public static List<ConsumeResult<byte[], byte[]>> Consume(
        IKafkaBroker broker, string topic, int count, TimeSpan? timeout = null,
        CancellationToken cancellationToken = default) =>
        ConsumeUntil(broker, [topic], records => records.Count >= count, timeout, cancellationToken);

    /// <summary>
    /// Reads every committed record that topics hold now; a transaction that is open among them is waited for. What is
    /// read after the stream has stopped is all there will ever be, so a record too many shows.
    /// </summary>
    /// <inheritdoc cref="ConsumeUntil"/>
    public static List<ConsumeResult<byte[], byte[]>> ConsumeAll(
        IKafkaBroker broker, IReadOnlyCollection<string> topics, TimeSpan? timeout = null,
        CancellationToken cancellationToken = default)
    {
        var limit = timeout ?? DefaultTimeout;
        using var consumer = ReadFromBeginning(broker, topics, out var partitions);
        var unread = EndsOf(consumer, partitions);
        var records = new List<ConsumeResult<byte[], byte[]>>();
        var waited = Stopwatch.StartNew();
        while (unread.Count > 0)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (waited.Elapsed > limit)
            {
                throw new TimeoutException(
                    $"After {limit} the end of {string.Join(", ", unread.Keys)} on {broker.Name} was not reached; {records.Count} records were read.");
            }
            var record = consumer.Consume(TimeSpan.FromMilliseconds(100));
            if (record is null) continue;
            if (!record.IsPartitionEOF) records.Add(record);
            // Before the end: the markers of a transaction are written a little after its commit was confirmed.
            else if (unread.TryGetValue(record.TopicPartition, out var end) && record.Offset.Value >= end) unread.Remove(record.TopicPartition);
        }
        return records;
    }

    /// <summary>
    /// Where a topic's partitions end, for the message of a test that waits in vain: a transaction that stays open holds back
    /// what lies behind its first record.
    /// </summary>
    /// <param name="bootstrapServers">host:port of the broker.</param>
    /// <param name="topic">A topic that exists.</param>
    /// <exception cref="KafkaException">The broker does not answer.</exception>
    public static string DescribeEnds(string bootstrapServers, string topic)
    {
        using var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = bootstrapServers }).SetErrorHandler((_, _) => { }).Build();
        var partitions = admin.GetMetadata(topic, DefaultTimeout).Topics[0].Partitions.ConvertAll(partition => new TopicPartition(topic, partition.PartitionId));
        var (stable, ends) = (EndsOf(admin, partitions, IsolationLevel.ReadCommitted), EndsOf(admin, partitions, IsolationLevel.ReadUncommitted));
        return topic + " ends at " + string.Join(", ", partitions.ConvertAll(partition => stable[partition] == ends[partition]
            ? $"{partition.Partition.Value}: {ends[partition]}"
            : $"{partition.Partition.Value}: {ends[partition]}, where a transaction is open from {stable[partition]} on"));
    }

    // High watermarks; a consumer of committed records would be told the last stable offsets.
    private static Dictionary<TopicPartition, long> EndsOf(IConsumer<byte[], byte[]> consumer, IEnumerable<TopicPartition> partitions)
    {
        using var admin = new DependentAdminClientBuilder(consumer.Handle).Build();
        return EndsOf(admin, partitions, IsolationLevel.ReadUncommitted);
    }

    private static Dictionary<TopicPartition, long> EndsOf(IAdminClient admin, IEnumerable<TopicPartition> partitions, IsolationLevel level)
    {
        var found = admin.ListOffsetsAsync(
            partitions.Select(partition => new TopicPartitionOffsetSpec { TopicPartition = partition, OffsetSpec = OffsetSpec.Latest() }),
            new ListOffsetsOptions { RequestTimeout = DefaultTimeout, IsolationLevel = level }).GetAwaiter().GetResult();
        return found.ResultInfos.ToDictionary(
            info => info.TopicPartitionOffsetError.TopicPartition, info => info.TopicPartitionOffsetError.Offset.Value);
    }

    // All partitions are assigned, without a group, so that nothing rebalances.
    private static IConsumer<byte[], byte[]> ReadFromBeginning(
        IKafkaBroker broker, IReadOnlyCollection<string> topics, out HashSet<TopicPartition> partitions)
    {
        ArgumentNullException.ThrowIfNull(broker);
        ArgumentNullException.ThrowIfNull(topics);
        var config = new ConsumerConfig
        {
            BootstrapServers = broker.BootstrapServers,
            GroupId = "streamscoring-test-reader",
            EnableAutoCommit = false,
            AllowAutoCreateTopics = false,
            EnablePartitionEof = true,
            IsolationLevel = IsolationLevel.ReadCommitted,
        };
        partitions = [];
        using (var admin = new AdminClientBuilder(
            new AdminClientConfig { BootstrapServers = broker.BootstrapServers }).SetErrorHandler((_, _) => { }).Build())
        {
            foreach (var topic in topics)
            {
                var metadata = admin.GetMetadata(topic, DefaultTimeout).Topics[0];
                if (metadata.Error.IsError) throw new KafkaException(metadata.Error);
                foreach (var partition in metadata.Partitions) partitions.Add(new(topic, partition.PartitionId));
            }
        }

        var consumer = new ConsumerBuilder<byte[], byte[]>(config).SetErrorHandler((_, _) => { }).Build();
        consumer.Assign(partitions.Select(partition => new TopicPartitionOffset(partition, Offset.Beginning)));
        return consumer;
    }

    private static bool TryProduce(
        IProducer<byte[], byte[]> producer, string topic, Message<byte[], byte[]> message,
        Action<DeliveryReport<byte[], byte[]>> onReport)
    {
        try
        {
            producer.Produce(topic, message, onReport);
            return true;
        }
        catch (ProduceException<byte[], byte[]> error) when (error.Error.Code == ErrorCode.Local_QueueFull)
        {
            return false;
        }
    }
}
