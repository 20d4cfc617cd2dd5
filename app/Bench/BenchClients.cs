using System.Text;
using Confluent.Kafka;

namespace StreamScoring.App.Bench;

/// <summary>The measuring side's own clients.</summary>
internal static class BenchClients
{
    internal static IProducer<byte[], byte[]> Producer(string bootstrapServers, double lingerMs) =>
        new ProducerBuilder<byte[], byte[]>(new ProducerConfig
        {
            BootstrapServers = bootstrapServers,
            ClientId = "streamscoring-bench",
            EnableIdempotence = true,
            Acks = Acks.All,
            LingerMs = lingerMs,
            Partitioner = Partitioner.Murmur2Random,
            EnableDeliveryReports = true,
            DeliveryReportFields = "status",
        }).SetLogHandler(static (_, _) => { }).Build();

    internal static IConsumer<byte[], byte[]> Consumer(string bootstrapServers, string topic)
    {
        var consumer = new ConsumerBuilder<byte[], byte[]>(new ConsumerConfig
        {
            BootstrapServers = bootstrapServers,
            ClientId = "streamscoring-bench",
            GroupId = "bench-reader-" + topic,
            EnableAutoCommit = false,
            AutoOffsetReset = AutoOffsetReset.Earliest,
            IsolationLevel = IsolationLevel.ReadCommitted,
            EnablePartitionEof = true,
        }).SetLogHandler(static (_, _) => { }).Build();
        var partitions = PartitionsOf(bootstrapServers, topic);
        consumer.Assign(Enumerable.Range(0, partitions).Select(partition => new TopicPartitionOffset(topic, partition, Offset.Beginning)));
        return consumer;
    }

    /// <summary>Sends record number <paramref name="number"/>, waiting for room where there is none.</summary>
    internal static void Send(IProducer<byte[], byte[]> producer, string topic, long number, byte[] value, CancellationToken stopping)
    {
        var message = new Message<byte[], byte[]> { Key = Encoding.UTF8.GetBytes($"key-{number}"), Value = value };
        while (true)
        {
            stopping.ThrowIfCancellationRequested();
            try
            {
                producer.Produce(topic, message);
                return;
            }
            catch (ProduceException<byte[], byte[]> exception) when (exception.Error.Code == ErrorCode.Local_QueueFull)
            {
                producer.Poll(TimeSpan.FromMilliseconds(10));
            }
        }
    }

    /// <summary>Committed records in a topic.</summary>
    internal static async Task<long> CountAsync(string bootstrapServers, string topic, CancellationToken stopping) => await Task.Run(
        () =>
        {
            using var consumer = Consumer(bootstrapServers, topic);
            var open = consumer.Assignment.Count;
            long count = 0;
            while (open > 0)
            {
                var result = consumer.Consume(stopping);
                if (result.IsPartitionEOF) open--;
                else count++;
            }
            return count;
        },
        stopping);

    private static int PartitionsOf(string bootstrapServers, string topic)
    {
        using var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = bootstrapServers }).Build();
        return admin.GetMetadata(topic, TimeSpan.FromSeconds(30)).Topics[0].Partitions.Count;
    }
}
