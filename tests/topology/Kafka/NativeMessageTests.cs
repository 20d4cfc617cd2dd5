using Confluent.Kafka;
using CsCheck;
using StreamScoring.Topology.Execution;
using StreamScoring.Topology.Kafka.Embedded;
using StreamScoring.Topology.Kafka.Internal;

namespace StreamScoring.Topology.Tests.Kafka;

/// <summary>Reading and sending straight with librdkafka, by the side of Confluent.Kafka's own Consume and Produce.</summary>
public sealed class NativeMessageTests
{
    private const int Count = 400;

    private static readonly Gen<byte[]?> Bytes = Gen.Frequency(
        (2, Gen.Const((byte[]?)null)),
        (2, Gen.Const((byte[]?)[])),
        (20, Gen.Byte.Array[1, 300].Select(static bytes => (byte[]?)bytes)),
        (1, Gen.Int[1, 200_000].Select(static length => (byte[]?)new byte[length])));

    private static readonly Gen<string> HeaderKey = Gen.OneOf(Gen.Const("id"), Gen.Const(""), Gen.Const("naïve ☕"), Gen.String[Gen.Char['a', 'z'], 1, 300]);

    private static readonly Gen<ProducedRecord> Record = Gen.Select(
        Gen.Int[-1, 3], Gen.Long[-1, 4_000_000_000_000], Bytes, Bytes, Gen.Select(HeaderKey, Bytes).Array[0, 5],
        static (partition, timestampMs, key, value, headers) =>
        {
            var all = new RecordHeaders();
            foreach (var (name, bytes) in headers) all.Add(name, bytes);
            return new ProducedRecord("sent", partition < 0 ? null : partition, timestampMs, key, value, all);
        });

    [Fact]
    public void What_is_sent_and_read_is_what_Confluents_clients_send_and_read()
    {
        Record.Array[Count].Sample(Compare, iter: 1);
    }

    [Fact]
    public void A_record_without_a_timestamp_gets_the_clocks()
    {
        using var kafka = EmbeddedKafka.Start();
        kafka.CreateTopic("sent", 4);
        using (var producer = Producer(kafka.BootstrapServers))
        {
            Assert.Null(new MessageSender(producer.Handle).Send(new ProducedRecord("sent", 0, -1, null, [1], new RecordHeaders())));
            Assert.Equal(0, producer.Flush(TimeSpan.FromSeconds(30)));
        }
        var timestampMs = long.Parse(Assert.Single(Ours(kafka.BootstrapServers, "sent")).Split(' ')[2]);
        Assert.InRange(DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() - timestampMs, 0, 120_000);
    }

    [Fact]
    public void What_the_producer_does_not_take_is_told()
    {
        using var kafka = EmbeddedKafka.Start();
        kafka.CreateTopic("sent", 4);
        using var producer = Producer(kafka.BootstrapServers, messageMaxBytes: 1_000);
        var headers = new RecordHeaders().Add("id", "7");
        var error = new MessageSender(producer.Handle).Send(new ProducedRecord("sent", 0, 1, null, new byte[2_000], headers));
        Assert.Equal(ErrorCode.MsgSizeTooLarge, error?.Code);
    }

    [Fact]
    public void The_end_of_a_partition_is_told()
    {
        using var kafka = EmbeddedKafka.Start();
        kafka.CreateTopic("sent", 1);
        using var consumer = Consumer(kafka.BootstrapServers, partitionEof: true);
        using var reader = new MessageReader(consumer.Handle);
        consumer.Assign(new TopicPartitionOffset("sent", 0, Offset.Beginning));
        Assert.Equal(1, reader.Read(1, TimeSpan.FromSeconds(30)));
        Assert.Equal(ErrorCode.Local_PartitionEOF, (ErrorCode)reader[0].Error);
        Assert.Equal("sent", reader.TopicOf(in reader[0]));
        Assert.Equal(0, reader[0].Offset);
    }

    [Fact]
    public void Of_large_records_few_are_read_at_a_time()
    {
        using var kafka = EmbeddedKafka.Start();
        kafka.CreateTopic("sent", 1);
        using (var producer = Producer(kafka.BootstrapServers))
        {
            var sender = new MessageSender(producer.Handle);
            for (var i = 0; i < 8; i++) Assert.Null(sender.Send(new ProducedRecord("sent", 0, 1, null, new byte[400_000], new RecordHeaders())));
            Assert.Equal(0, producer.Flush(TimeSpan.FromSeconds(30)));
        }
        using var consumer = Consumer(kafka.BootstrapServers);
        using var reader = new MessageReader(consumer.Handle);
        consumer.Assign(new TopicPartitionOffset("sent", 0, Offset.Beginning));
        Assert.Equal(1, reader.Read(1, TimeSpan.FromSeconds(30)));
        reader.Free();
        for (var records = 1; records < 8;)
        {
            var count = reader.Read(100, TimeSpan.FromSeconds(1));
            Assert.InRange(count, 0, 2);
            reader.Free();
            records += count;
        }
    }

    [Fact]
    public void A_name_is_read_as_UTF_8_whatever_was_read_before()
    {
        var names = new NameCache();
        Gen.OneOf(Gen.Byte.Array[0, 12], Gen.Byte[97, 99].Array[0, 4], Gen.Byte.Array[0, 600]).Sample(
            bytes => Assert.Equal(System.Text.Encoding.UTF8.GetString(bytes), names.Read(bytes)), threads: 1);
        Assert.Same(names.Read("articles"u8), names.Read("articles"u8));
    }

    private static void Compare(ProducedRecord[] records)
    {
        using var kafka = EmbeddedKafka.Start();
        kafka.CreateTopic("sent", 4);
        kafka.CreateTopic("oracle", 4);
        // Without a key or a partition the partitioner may choose any; without a timestamp it is the clock's.
        var settled = Array.ConvertAll(records, static record => record with
        {
            Partition = record.Partition ?? (record.Key is { Length: > 0 } ? null : 1),
            TimestampMs = Math.Max(1, record.TimestampMs),
        });
        using (var producer = Producer(kafka.BootstrapServers))
        {
            var sender = new MessageSender(producer.Handle);
            foreach (var record in settled)
            {
                Assert.Null(sender.Send(record));
                KafkaMessages.Produce(producer, record with { Topic = "oracle" }, delivered: null);
            }
            Assert.Equal(0, producer.Flush(TimeSpan.FromSeconds(30)));
        }

        var oracle = Confluents(kafka.BootstrapServers, "oracle");
        Assert.Equal(Count, oracle.Count);
        Assert.Equal(oracle, Confluents(kafka.BootstrapServers, "sent"));
        Assert.Equal(oracle, Ours(kafka.BootstrapServers, "sent"));
    }

    private static IProducer<byte[]?, byte[]?> Producer(string bootstrapServers, int? messageMaxBytes = null) =>
        new ProducerBuilder<byte[]?, byte[]?>(new ProducerConfig
        {
            BootstrapServers = bootstrapServers, EnableIdempotence = true, Partitioner = Partitioner.Murmur2Random, MessageMaxBytes = messageMaxBytes,
        }).Build();

    private static IConsumer<byte[]?, byte[]?> Consumer(string bootstrapServers, bool partitionEof = false) =>
        new ConsumerBuilder<byte[]?, byte[]?>(new ConsumerConfig
        {
            BootstrapServers = bootstrapServers, GroupId = "reader", EnableAutoCommit = false, EnablePartitionEof = partitionEof,
        }).Build();

    private static List<string> Confluents(string bootstrapServers, string topic)
    {
        using var consumer = Consumer(bootstrapServers, partitionEof: true);
        consumer.Assign(Enumerable.Range(0, 4).Select(number => new TopicPartitionOffset(topic, number, Offset.Beginning)));
        var texts = new List<string>();
        for (var ends = 0; ends < 4;)
        {
            var result = consumer.Consume(TimeSpan.FromSeconds(30));
            if (result.IsPartitionEOF)
            {
                ends++;
                continue;
            }
            var message = result.Message;
            texts.Add(Text(
                result.Partition.Value, result.Offset.Value, message.Timestamp.UnixTimestampMs, message.Key, message.Value,
                (message.Headers ?? []).Select(static header => (header.Key, (byte[]?)header.GetValueBytes()))));
        }
        return [.. texts.Order(StringComparer.Ordinal)];
    }

    private static List<string> Ours(string bootstrapServers, string topic)
    {
        using var consumer = Consumer(bootstrapServers, partitionEof: true);
        using var reader = new MessageReader(consumer.Handle);
        consumer.Assign(Enumerable.Range(0, 4).Select(number => new TopicPartitionOffset(topic, number, Offset.Beginning)));
        var texts = new List<string>();
        for (var ends = 0; ends < 4;)
        {
            var count = reader.Read(texts.Count % 7 + 1, TimeSpan.FromSeconds(1));
            for (var i = 0; i < count; i++)
            {
                if (reader[i].Error != 0)
                {
                    Assert.Equal(ErrorCode.Local_PartitionEOF, (ErrorCode)reader[i].Error);
                    ends++;
                    continue;
                }
                var record = reader.ToRecord(in reader[i], reader.TopicOf(in reader[i])!);
                Assert.Equal(topic, record.Topic);
                texts.Add(Text(
                    record.Partition, record.Offset, record.TimestampMs, record.Key, record.Value,
                    record.Headers.Select(static header => (header.Key, header.Value))));
            }
            reader.Free();
        }
        return [.. texts.Order(StringComparer.Ordinal)];
    }

    private static string Text(
        int partition, long offset, long timestampMs, byte[]? key, byte[]? value, IEnumerable<(string Key, byte[]? Value)> headers) =>
        $"{partition} {offset:D6} {timestampMs} {Text(key)} {Text(value)} {string.Join(' ', headers.Select(static header => $"{header.Key}={Text(header.Value)}"))}";

    private static string Text(byte[]? bytes) => bytes is null ? "null" : bytes.Length > 300 ? $"{bytes.Length} bytes" : $"'{Convert.ToHexString(bytes)}'";
}
