using Confluent.Kafka;
using StreamScoring.App.View;
using StreamScoring.Topology;
using StreamScoring.Topology.DeadLetters;

namespace StreamScoring.App.DeadLetters;

/// <summary>A record of the dead-letter topic.</summary>
internal sealed class Letter
{
    private const int MaxKeyLength = 40;

    internal Letter(ConsumeResult<byte[]?, byte[]?> result)
    {
        Position = new LetterPosition(result.Partition.Value, result.Offset.Value);
        Timestamp = result.Message.Timestamp;
        Key = result.Message.Key;
        Value = result.Message.Value;
        var headers = new RecordHeaders(result.Message.Headers?.Count ?? 0);
        foreach (var header in (IEnumerable<IHeader>?)result.Message.Headers ?? []) headers.Add(header.Key, header.GetValueBytes());
        Headers = headers;
        Says = DeadLetterHeaders.Read(headers);
    }

    /// <summary>Where it stands.</summary>
    internal LetterPosition Position { get; }

    /// <summary>The time of the record that failed.</summary>
    internal Timestamp Timestamp { get; }

    /// <summary>Key of the record that failed.</summary>
    internal byte[]? Key { get; }

    /// <summary>Value of the record that failed.</summary>
    internal byte[]? Value { get; }

    /// <summary>All headers.</summary>
    internal RecordHeaders Headers { get; }

    /// <summary>What the headers say about the failure.</summary>
    internal DeadLetterHeaders Says { get; }

    /// <summary>Why, in one line: the exception's name without its namespace, and its message.</summary>
    internal string Reason
    {
        get
        {
            var type = Says.ExceptionType is { } full ? full[(full.LastIndexOf('.') + 1)..] : null;
            return (type, Says.Message) switch
            {
                (null, null) => "(no header says why)",
                (null, { } message) => TextCleaner.Line(message),
                ({ } name, null) => TextCleaner.Line(name),
                ({ } name, { } message) => TextCleaner.Line($"{name}: {message}"),
            };
        }
    }

    /// <summary>The key as people read it; "-" for none.</summary>
    internal string KeyText
    {
        get
        {
            if (Key is null) return "-";
            if (!System.Text.Unicode.Utf8.IsValid(Key)) return "0x" + Convert.ToHexString(Key.AsSpan(0, Math.Min(Key.Length, MaxKeyLength / 2)));
            var text = TextCleaner.Line(System.Text.Encoding.UTF8.GetString(Key));
            return text.Length <= MaxKeyLength ? text : text[..MaxKeyLength] + "…";
        }
    }
}

/// <summary>What became of a dead letter.</summary>
internal enum LetterState
{
    /// <summary>It waits.</summary>
    Open,

    /// <summary>It was sent into its topic again.</summary>
    Replayed,
}
