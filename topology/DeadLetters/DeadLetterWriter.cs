using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using StreamScoring.Topology.Execution;

namespace StreamScoring.Topology.DeadLetters;

/// <summary>
/// Writes dead letters: key, value and headers of the input record as they came, its timestamp, and headers that say
/// what happened. A record that fails again after a replay keeps only the headers of its last failure.
/// </summary>
public sealed class DeadLetterWriter
{
    /// <summary>Header with the name of the node that could not handle the record, UTF-8.</summary>
    public const string NodeHeader = "streamscoring_node";

    /// <summary>Longest error message in a header, in bytes of UTF-8.</summary>
    public const int MaxMessageBytes = 2 * 1024;

    /// <summary>Longest stack trace in a header, in bytes of UTF-8.</summary>
    public const int MaxStackTraceBytes = 8 * 1024;

    /// <summary>
    /// A record of at least this many bytes gets <see cref="BriefBytes"/> of message and stack trace instead: its letter
    /// must still fit Kafka's default limit of 1 MB, or one poison record near the limit would stop the stream.
    /// </summary>
    public const long LargeRecordBytes = 950_000;

    /// <summary>Longest message and stack trace in the letter of a large record, in bytes of UTF-8 each.</summary>
    public const int BriefBytes = 256;

    private const string Streams = DeadLetterHeaders.Streams;
    private const string Spring = DeadLetterHeaders.Spring;
    private const string Connect = DeadLetterHeaders.Connect;

    private readonly string _topic;
    private readonly DeadLetterProfile _profile;

    /// <summary>A writer of dead letters.</summary>
    /// <param name="topic">The dead-letter topic.</param>
    /// <param name="profile">Whose headers.</param>
    public DeadLetterWriter(string topic, DeadLetterProfile profile = DeadLetterProfile.KafkaStreams)
    {
        ArgumentException.ThrowIfNullOrEmpty(topic);
        if (!Enum.IsDefined(profile)) throw new ArgumentOutOfRangeException(nameof(profile), profile, "No such profile.");
        _topic = topic;
        _profile = profile;
    }

    /// <summary>The record for the dead-letter topic; the producer's partitioner chooses its partition by the key.</summary>
    public ProducedRecord Write(DeadLetter letter)
    {
        ArgumentNullException.ThrowIfNull(letter);
        var record = letter.Record;
        var headers = record.Headers.Clone();
        switch (_profile)
        {
            case DeadLetterProfile.Spring: AddSpring(headers, letter); break;
            case DeadLetterProfile.Connect: AddConnect(headers, letter); break;
            default: AddStreams(headers, letter); break;
        }
        headers.Set(NodeHeader, letter.Node);
        return new ProducedRecord(_topic, Partition: null, record.TimestampMs, record.Key, record.Value, headers)
        {
            DeadLetter = letter,
        };
    }

    private static void AddStreams(RecordHeaders headers, DeadLetter letter) => headers
        .Set(Streams + "exception", ExceptionName(letter.Error))
        .Set(Streams + "message", Message(letter))
        .Set(Streams + "stacktrace", StackTrace(letter))
        .Set(Streams + "topic", letter.Record.Topic)
        .Set(Streams + "partition", Text(letter.Record.Partition))
        .Set(Streams + "offset", Text(letter.Record.Offset));

    private static void AddSpring(RecordHeaders headers, DeadLetter letter) => headers
        .Set(Spring + "exception-fqcn", ExceptionName(letter.Error))
        .Set(Spring + "exception-message", Message(letter))
        .Set(Spring + "exception-stacktrace", StackTrace(letter))
        .Set(Spring + "original-topic", letter.Record.Topic)
        .Set(Spring + "original-partition", BigEndian(letter.Record.Partition))
        .Set(Spring + "original-offset", BigEndian(letter.Record.Offset))
        .Set(Spring + "original-timestamp", BigEndian(letter.Record.TimestampMs));

    private static void AddConnect(RecordHeaders headers, DeadLetter letter) => headers
        .Set(Connect + "topic", letter.Record.Topic)
        .Set(Connect + "partition", Text(letter.Record.Partition))
        .Set(Connect + "offset", Text(letter.Record.Offset))
        .Set(Connect + "connector.name", letter.Node)
        .Set(Connect + "task.id", letter.TaskId.ToString())
        .Set(Connect + "stage", ConnectStage(letter.Stage))
        .Set(Connect + "class.name", letter.Error.TargetSite?.DeclaringType?.FullName ?? letter.Node)
        .Set(Connect + "exception.class.name", ExceptionName(letter.Error))
        .Set(Connect + "exception.message", Message(letter))
        .Set(Connect + "exception.stacktrace", StackTrace(letter));

    private static string ConnectStage(ProcessingStage stage) => stage switch
    {
        ProcessingStage.Deserialization => "VALUE_CONVERTER",
        ProcessingStage.Processing => "TRANSFORMATION",
        ProcessingStage.Serialization => "VALUE_CONVERTER",
        _ => "TASK_PUT",
    };

    private static string ExceptionName(Exception error) => error.GetType().FullName ?? error.GetType().Name;

    private static byte[] Message(DeadLetter letter) =>
        Bounded(letter.Error.Message, IsLarge(letter) ? BriefBytes : MaxMessageBytes);

    private static byte[] StackTrace(DeadLetter letter) =>
        Bounded(letter.Error.ToString(), IsLarge(letter) ? BriefBytes : MaxStackTraceBytes);

    private static bool IsLarge(DeadLetter letter) => letter.Record.SizeBytes >= LargeRecordBytes;

    private static string Text(long value) => value.ToString(CultureInfo.InvariantCulture);

    private static byte[] BigEndian(int value)
    {
        var bytes = new byte[sizeof(int)];
        BinaryPrimitives.WriteInt32BigEndian(bytes, value);
        return bytes;
    }

    private static byte[] BigEndian(long value)
    {
        var bytes = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(bytes, value);
        return bytes;
    }

    /// <summary>UTF-8 of as many whole characters as fit; a lone surrogate becomes U+FFFD.</summary>
    private static byte[] Bounded(string text, int maxBytes)
    {
        var buffer = new byte[maxBytes];
        Encoding.UTF8.GetEncoder().Convert(text, buffer, flush: true, out _, out var written, out _);
        return buffer.AsSpan(0, written).ToArray();
    }
}
