using System.Buffers.Binary;
using System.Globalization;

namespace StreamScoring.Topology.DeadLetters;

/// <summary>What the headers of a dead letter say, whichever <see cref="DeadLetterProfile"/> wrote them.</summary>
public sealed record DeadLetterHeaders
{
    /// <summary>
    /// Header that counts replays, in decimal ASCII digits: set where a dead letter is sent into its topic again, taken
    /// off by the source that reads it, so that only a record that fails again keeps it.
    /// </summary>
    public const string Attempts = "streamscoring_replay_attempts";

    internal const string Streams = "__streams.errors.";
    internal const string Spring = "kafka_dlt-";
    internal const string Connect = "__connect.errors.";

    private DeadLetterHeaders()
    {
    }

    /// <summary>The node that could not handle the record; null where no header says.</summary>
    public string? Node { get; private init; }

    /// <summary>Full name of the exception's type; null where no header says.</summary>
    public string? ExceptionType { get; private init; }

    /// <summary>The exception's message; null where no header says.</summary>
    public string? Message { get; private init; }

    /// <summary>The exception's stack trace; null where no header says.</summary>
    public string? StackTrace { get; private init; }

    /// <summary>Topic that the record was read from; null where no header says.</summary>
    public string? Topic { get; private init; }

    /// <summary>Partition that the record was read from; null where no header says.</summary>
    public int? Partition { get; private init; }

    /// <summary>Offset that the record was read at; null where no header says.</summary>
    public long? Offset { get; private init; }

    /// <summary>How often the record was replayed before this failure.</summary>
    public int ReplayAttempts { get; private init; }

    /// <summary>Reads them; headers that are missing or malformed leave their property null.</summary>
    public static DeadLetterHeaders Read(RecordHeaders headers)
    {
        ArgumentNullException.ThrowIfNull(headers);
        var attempts = int.TryParse(headers.GetText(Attempts), NumberStyles.None, CultureInfo.InvariantCulture, out var count) ? count : 0;
        var read = new DeadLetterHeaders { Node = headers.GetText(DeadLetterWriter.NodeHeader), ReplayAttempts = attempts };
        if (headers.Contains(Spring + "exception-fqcn") || headers.Contains(Spring + "original-topic"))
        {
            return read with
            {
                ExceptionType = headers.GetText(Spring + "exception-fqcn"),
                Message = headers.GetText(Spring + "exception-message"),
                StackTrace = headers.GetText(Spring + "exception-stacktrace"),
                Topic = headers.GetText(Spring + "original-topic"),
                Partition = headers.TryGetLast(Spring + "original-partition", out var partition) && partition is { Length: sizeof(int) }
                    ? BinaryPrimitives.ReadInt32BigEndian(partition) : null,
                Offset = headers.TryGetLast(Spring + "original-offset", out var offset) && offset is { Length: sizeof(long) }
                    ? BinaryPrimitives.ReadInt64BigEndian(offset) : null,
            };
        }
        var isConnect = headers.Contains(Connect + "exception.class.name");
        var prefix = isConnect ? Connect : Streams;
        return read with
        {
            ExceptionType = headers.GetText(isConnect ? Connect + "exception.class.name" : Streams + "exception"),
            Message = headers.GetText(isConnect ? Connect + "exception.message" : Streams + "message"),
            StackTrace = headers.GetText(isConnect ? Connect + "exception.stacktrace" : Streams + "stacktrace"),
            Topic = headers.GetText(prefix + "topic"),
            Partition = int.TryParse(headers.GetText(prefix + "partition"), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null,
            Offset = long.TryParse(headers.GetText(prefix + "offset"), NumberStyles.None, CultureInfo.InvariantCulture, out var place) ? place : null,
        };
    }

    /// <summary>The headers that the record had before it failed: everything a <see cref="DeadLetterWriter"/> adds is left out.</summary>
    public static RecordHeaders Original(RecordHeaders headers)
    {
        ArgumentNullException.ThrowIfNull(headers);
        var original = new RecordHeaders(headers.Count);
        for (var i = 0; i < headers.Count; i++)
        {
            if (!IsOurs(headers[i].Key)) original.Add(headers[i].Key, headers[i].Value);
        }
        return original;
    }

    private static bool IsOurs(string key) =>
        key is DeadLetterWriter.NodeHeader or Attempts
        || key.StartsWith(Streams, StringComparison.Ordinal)
        || key.StartsWith(Spring, StringComparison.Ordinal)
        || key.StartsWith(Connect, StringComparison.Ordinal);
}
