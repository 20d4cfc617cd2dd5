using System.Buffers.Binary;
using System.Text;
using StreamScoring.Topology.DeadLetters;
using StreamScoring.Topology.Execution;
using StreamScoring.Topology.Processing;
using StreamScoring.Topology.Serialization;
using StreamScoring.Topology.Testing;
using static StreamScoring.Topology.Tests.TestTopologies;

namespace StreamScoring.Topology.Tests.DeadLetters;

public sealed class DeadLetterTests
{
    private static readonly ConsumedRecord Record = new(
        "articles", 3, 1_000_000_007, 1_700_000_000_123, [1, 0, 255], [0xC3, 0x01, 0xFF],
        new RecordHeaders().Add("traceparent", "00-abc").Add("empty", (byte[]?)null).Add("traceparent", "00-def"));

    [Fact]
    public void A_dead_letter_keeps_key_value_headers_and_timestamp_and_says_what_happened()
    {
        var letter = Write(new InvalidDataException("it is bad"));
        Assert.Equal("articles.dlq", letter.Topic);
        Assert.Null(letter.Partition);
        Assert.Equal(1_700_000_000_123, letter.TimestampMs);
        Assert.Same(Record.Key, letter.Key);
        Assert.Same(Record.Value, letter.Value);
        Assert.Equal(
            [
                "traceparent=00-abc", "empty=<null>", "traceparent=00-def",
                "__streams.errors.exception=System.IO.InvalidDataException",
                "__streams.errors.message=it is bad",
                "__streams.errors.stacktrace=System.IO.InvalidDataException: it is bad",
                "__streams.errors.topic=articles",
                "__streams.errors.partition=3",
                "__streams.errors.offset=1000000007",
                "streamscoring_node=entities",
            ],
            letter.Headers.Select(Text));
        Assert.Equal(3, Record.Headers.Count);
    }

    [Fact]
    public void Header_text_is_bounded_and_stays_valid_UTF8()
    {
        var letter = Write(new InvalidDataException("ä" + new string('€', 100_000) + "\ud800"));
        var message = Bytes(letter, "__streams.errors.message");
        var stackTrace = Bytes(letter, "__streams.errors.stacktrace");
        Assert.InRange(message.Length, DeadLetterWriter.MaxMessageBytes - 3, DeadLetterWriter.MaxMessageBytes);
        Assert.InRange(stackTrace.Length, DeadLetterWriter.MaxStackTraceBytes - 3, DeadLetterWriter.MaxStackTraceBytes);
        var strict = new UTF8Encoding(false, throwOnInvalidBytes: true);
        Assert.StartsWith("ä€€", strict.GetString(message));
        Assert.EndsWith("€", strict.GetString(stackTrace));
        Assert.Equal("\ufffd", Write(new InvalidDataException("\ud800")).Headers.GetText("__streams.errors.message"));
    }

    [Fact]
    public void The_letter_of_a_record_near_Kafkas_limit_stays_below_it()
    {
        var large = new ConsumedRecord("articles", 3, 1, 0, null, new byte[998_000], new RecordHeaders());
        var error = new InvalidDataException(new string('x', 10_000));
        var letter = new DeadLetterWriter("articles.dlq").Write(
            new DeadLetter(large, "entities", new TaskId(1, 3), ProcessingStage.Processing, error));
        Assert.Same(large.Value, letter.Value);
        Assert.InRange(letter.Value!.Length + letter.Headers.Sum(h => h.Key.Length + (h.Value?.Length ?? 0)), 998_000, 999_000);
        Assert.StartsWith("xxx", letter.Headers.GetText("__streams.errors.message"));
    }

    [Fact]
    public void A_letter_that_was_replayed_and_failed_again_carries_only_its_last_failure()
    {
        var first = Write(new InvalidDataException("first"));
        var replayed = Record with { Headers = first.Headers };
        var second = new DeadLetterWriter("articles.dlq").Write(new DeadLetter(
            replayed, "summary", new TaskId(2, 3), ProcessingStage.Processing, new FormatException("second")));
        Assert.Single(second.Headers, h => h.Key == "__streams.errors.message");
        Assert.Equal("second", second.Headers.GetText("__streams.errors.message"));
        Assert.Equal("summary", second.Headers.GetText("streamscoring_node"));
        Assert.Equal(first.Headers.Count, second.Headers.Count);
    }

    [Fact]
    public void Spring_reads_its_own_headers_in_its_own_encoding()
    {
        var letter = Write(new InvalidDataException("it is bad"), DeadLetterProfile.Spring);
        Assert.Equal("System.IO.InvalidDataException", letter.Headers.GetText("kafka_dlt-exception-fqcn"));
        Assert.Equal("it is bad", letter.Headers.GetText("kafka_dlt-exception-message"));
        Assert.Equal("System.IO.InvalidDataException: it is bad", letter.Headers.GetText("kafka_dlt-exception-stacktrace"));
        Assert.Equal("articles", letter.Headers.GetText("kafka_dlt-original-topic"));
        Assert.Equal([0, 0, 0, 3], Bytes(letter, "kafka_dlt-original-partition"));
        Assert.Equal(1_000_000_007, BinaryPrimitives.ReadInt64BigEndian(Bytes(letter, "kafka_dlt-original-offset")));
        Assert.Equal(1_700_000_000_123, BinaryPrimitives.ReadInt64BigEndian(Bytes(letter, "kafka_dlt-original-timestamp")));
        Assert.Equal("entities", letter.Headers.GetText("streamscoring_node"));
        Assert.DoesNotContain(letter.Headers, h => h.Key.StartsWith("__streams"));
    }

    [Fact]
    public void Connect_reads_its_own_headers()
    {
        var letter = Write(new InvalidDataException("it is bad"), DeadLetterProfile.Connect);
        Assert.Equal(
            [
                "__connect.errors.topic=articles", "__connect.errors.partition=3", "__connect.errors.offset=1000000007",
                "__connect.errors.connector.name=entities", "__connect.errors.task.id=1_3",
                "__connect.errors.stage=TRANSFORMATION", "__connect.errors.class.name=entities",
                "__connect.errors.exception.class.name=System.IO.InvalidDataException",
                "__connect.errors.exception.message=it is bad",
                "__connect.errors.exception.stacktrace=System.IO.InvalidDataException: it is bad",
            ],
            letter.Headers.Where(h => h.Key.StartsWith("__connect")).Select(Text));
    }

    [Fact]
    public void One_failure_takes_back_all_outputs_of_its_record_and_leaves_one_letter()
    {
        using var driver = Drive(
            s =>
            {
                s.To("copy", TextOut);
                s.FlatMapValues(v => v.Split(' ')).MapValues(v => v == "bad" ? throw new FormatException("no") : v, "check")
                    .To("out", TextOut);
            },
            WithDeadLetters());
        driver.Input().PipeValueList(["a b", "c bad bad d", "e"]);
        Assert.Equal(["a b", "e"], driver.Output("copy").ReadValueList());
        Assert.Equal(["a", "b", "e"], driver.Output().ReadValueList());
        var letter = driver.Output("dlq").ReadRecord();
        Assert.Equal("c bad bad d", letter.Value);
        Assert.Equal("check", letter.Headers.GetText("streamscoring_node"));
        Assert.Equal("1", letter.Headers.GetText("__streams.errors.offset"));
        Assert.Contains("DeadLetterTests", letter.Headers.GetText("__streams.errors.stacktrace"));
        Assert.True(driver.Output("dlq").IsEmpty);
    }

    [Fact]
    public void Bytes_that_cannot_be_read_are_dead_lettered_intact_with_the_name_of_the_source()
    {
        using var driver = Drive(s => s.To("out", TextOut), WithDeadLetters());
        driver.CreateInputTopic("in", Serdes.ByteArray, Serdes.ByteArray).PipeInput([1], [0xFF, 0xFE, 0]);
        var letter = driver.CreateOutputTopic("dlq", Serdes.ByteArray, Serdes.ByteArray).ReadRecord();
        Assert.Equal([1], letter.Key);
        Assert.Equal([0xFF, 0xFE, 0], letter.Value);
        Assert.Equal("KSTREAM-SOURCE-0000000000", letter.Headers.GetText("streamscoring_node"));
        Assert.Equal("System.Text.DecoderFallbackException", letter.Headers.GetText("__streams.errors.exception"));
    }

    [Fact]
    public void A_letter_for_what_the_broker_refused_names_the_node_that_read_the_record()
    {
        using var executor = Build(s => s.To("out", TextOut)).CreateExecutors(new ExecutorOptions { DeadLetterTopic = "dlq" })[0];
        var letter = executor.CreateDeadLetter(Record with { Topic = "in" }, new IOException("message too large"))!;
        Assert.Equal("dlq", letter.Topic);
        Assert.Equal("KSTREAM-SOURCE-0000000000", letter.Headers.GetText("streamscoring_node"));
        using var without = Build(s => s.To("out", TextOut)).CreateExecutors()[0];
        Assert.Null(without.CreateDeadLetter(Record with { Topic = "in" }, new IOException("message too large")));
    }

    private static ProducedRecord Write(Exception error, DeadLetterProfile profile = DeadLetterProfile.KafkaStreams) =>
        new DeadLetterWriter("articles.dlq", profile).Write(
            new DeadLetter(Record, "entities", new TaskId(1, 3), ProcessingStage.Processing, error));

    private static byte[] Bytes(ProducedRecord record, string header) =>
        record.Headers.TryGetLast(header, out var value) ? value! : throw new KeyNotFoundException(header);

    private static string Text(RecordHeader header) =>
        $"{header.Key}={(header.Value is null ? "<null>" : Encoding.UTF8.GetString(header.Value))}";
}
