using System.Text;
using Confluent.Kafka;
using StreamScoring.Testing.Records;

namespace StreamScoring.Topology.Tests.Kafka;

/// <summary>Plain clients around a stream under test: value i carries its sequence number, key i mod keys.</summary>
internal static class Raw
{
    internal static void Produce(string bootstrapServers, string topic, int count, int keys, int first = 0)
    {
        using var producer = new ProducerBuilder<byte[], byte[]>(
            new ProducerConfig { BootstrapServers = bootstrapServers, EnableIdempotence = true, LingerMs = 5 }).Build();
        var undelivered = new List<string>();
        for (var i = first; i < first + count; i++)
        {
            producer.Produce(topic, new Message<byte[], byte[]> { Key = Text($"k{i % keys}"), Value = Text($"{i}") }, report =>
            {
                if (report.Error.IsError) undelivered.Add($"{Encoding.UTF8.GetString(report.Message.Value)}: {report.Error}");
            });
        }
        Assert.Equal(0, producer.Flush(TimeSpan.FromSeconds(60)));
        Assert.Empty(undelivered);
    }

    internal static void ProduceValues(string bootstrapServers, string topic, IEnumerable<string> values, int partition)
    {
        using var producer = new ProducerBuilder<byte[], byte[]>(
            new ProducerConfig { BootstrapServers = bootstrapServers, EnableIdempotence = true }).Build();
        foreach (var value in values)
        {
            producer.Produce(new TopicPartition(topic, partition), new Message<byte[], byte[]> { Key = Text("k"), Value = Text(value) });
        }
        Assert.Equal(0, producer.Flush(TimeSpan.FromSeconds(60)));
    }

    /// <summary>Waits until a value is in a topic; false where <paramref name="isHopeless"/> says so first.</summary>
    internal static bool Contains(string bootstrapServers, string topic, string value, Func<bool> isHopeless, CancellationToken stop)
    {
        using var consumer = new ConsumerBuilder<byte[], byte[]>(
            new ConsumerConfig { BootstrapServers = bootstrapServers, GroupId = "reader", EnableAutoCommit = false }).Build();
        consumer.Assign(Enumerable.Range(0, 4).Select(number => new TopicPartitionOffset(topic, number, Offset.Beginning)));
        while (!isHopeless())
        {
            var result = consumer.Consume(TimeSpan.FromMilliseconds(200));
            stop.ThrowIfCancellationRequested();
            if (result?.Message is { } message && Encoding.UTF8.GetString(message.Value) == value) return true;
        }
        return false;
    }

    /// <summary>Reads committed records until there are <paramref name="count"/> different values and no more for a moment.</summary>
    internal static List<ConsumeResult<byte[], byte[]>> Consume(
        string bootstrapServers, string topic, int count, TimeSpan? timeout = null, IsolationLevel level = IsolationLevel.ReadCommitted)
    {
        using var consumer = new ConsumerBuilder<byte[], byte[]>(new ConsumerConfig
        {
            BootstrapServers = bootstrapServers, GroupId = "reader", EnableAutoCommit = false,
            IsolationLevel = level,
        }).Build();
        // Assigned, not subscribed: a member of a group could meet the fault that is meant for the stream.
        consumer.Assign(Enumerable.Range(0, 4).Select(number => new TopicPartitionOffset(topic, number, Offset.Beginning)));
        var records = new List<ConsumeResult<byte[], byte[]>>();
        var values = new HashSet<string>(StringComparer.Ordinal);
        var deadline = Environment.TickCount64 + (long)(timeout ?? TimeSpan.FromSeconds(60)).TotalMilliseconds;
        while (Environment.TickCount64 < deadline)
        {
            // After the last one expected, a little longer: a repeated record would come now.
            var result = consumer.Consume(TimeSpan.FromMilliseconds(values.Count < count ? 200 : 500));
            if (result?.Message is { } message)
            {
                records.Add(result);
                values.Add(Encoding.UTF8.GetString(message.Value));
            }
            else if (values.Count >= count)
            {
                break;
            }
        }
        consumer.Close();
        return records;
    }

    internal static void AssertEachOnceInOrder(
        IReadOnlyList<ConsumeResult<byte[], byte[]>> records, int count, int keys)
    {
        var last = new Dictionary<string, int>();
        var seen = new Dictionary<int, TopicPartitionOffset>();
        foreach (var record in records)
        {
            var key = Encoding.UTF8.GetString(record.Message.Key);
            var number = int.Parse(Encoding.UTF8.GetString(record.Message.Value));
            Assert.True(
                seen.TryAdd(number, record.TopicPartitionOffset),
                $"record {number} came twice: {seen[number]} and {record.TopicPartitionOffset}");
            Assert.Equal($"k{number % keys}", key);
            Assert.True(!last.TryGetValue(key, out var before) || before < number, $"{key}: {number} after {before}");
            last[key] = number;
        }
        Assert.True(
            count == seen.Count, $"{seen.Count} of {count} records came; not {string.Join(", ", Missing(records, count).Take(20))} ...");
    }

    /// <summary>The numbers below <paramref name="count"/> that did not come.</summary>
    internal static List<int> Missing(IReadOnlyList<ConsumeResult<byte[], byte[]>> records, int count) =>
        [.. Enumerable.Range(0, count).Except(records.Select(static record => int.Parse(Encoding.UTF8.GetString(record.Message.Value))))];

    /// <summary>Where records are that no reader of a stream's output has seen: not sent, not processed, held back by a transaction, aborted, or lost.</summary>
    internal static string Explain(string bootstrapServers, string group, string input, string output, List<int> missing, int count)
    {
        var again = Missing(Consume(bootstrapServers, output, count, TimeSpan.FromSeconds(10)), count);
        var written = Consume(bootstrapServers, output, count, TimeSpan.FromSeconds(10), IsolationLevel.ReadUncommitted);
        using var consumer = new ConsumerBuilder<byte[], byte[]>(new ConsumerConfig { BootstrapServers = bootstrapServers, GroupId = group }).Build();
        var committed = consumer.Committed(Enumerable.Range(0, 4).Select(number => new TopicPartition(input, number)), TimeSpan.FromSeconds(20));
        return $"""
            {count - missing.Count} of {count} records came; not {string.Join(", ", missing.Take(300))}.
            Read again, {again.Count} are missing; read uncommitted, {Missing(written, count).Count}.
            {KafkaRecords.DescribeEnds(bootstrapServers, input)}; the group has committed {string.Join(", ", committed.Select(static entry => entry.Offset.Value))}.
            {KafkaRecords.DescribeEnds(bootstrapServers, output)}.
            """;
    }

    /// <summary>As they stand when each record's last appearance counts: the earlier ones were aborted.</summary>
    internal static void AssertEachInOrderAtLast(
        IReadOnlyList<ConsumeResult<byte[], byte[]>> records, int count, int keys)
    {
        var final = new Dictionary<string, ConsumeResult<byte[], byte[]>>();
        foreach (var record in records)
        {
            var number = Encoding.UTF8.GetString(record.Message.Value);
            final.Remove(number);
            final.Add(number, record);
        }
        AssertEachOnceInOrder(
            [.. final.Values.OrderBy(record => record.Partition.Value).ThenBy(record => record.Offset.Value)], count, keys);
    }

    /// <summary>The group's committed offsets cover every record of the topic.</summary>
    internal static void AssertCommittedToTheEnd(string bootstrapServers, string group, string topic, int count)
    {
        using var consumer = new ConsumerBuilder<byte[], byte[]>(
            new ConsumerConfig { BootstrapServers = bootstrapServers, GroupId = group }).Build();
        var partitions = Enumerable.Range(0, 4).Select(number => new TopicPartition(topic, number)).ToList();
        var committed = consumer.Committed(partitions, TimeSpan.FromSeconds(20));
        Assert.Equal(count, committed.Sum(entry => Math.Max(0, entry.Offset.Value)));
    }

    private static byte[] Text(string text) => Encoding.UTF8.GetBytes(text);
}
