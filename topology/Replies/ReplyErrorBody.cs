using System.Buffers;
using System.Text;
using System.Text.Json;
using StreamScoring.Topology.Execution;

namespace StreamScoring.Topology.Replies;

/// <summary>What an error answer says, as one JSON object with fixed fields and bounded texts.</summary>
/// <param name="Code">One of <see cref="ReplyCodes"/>.</param>
/// <param name="Message">For people: what happened and what to do.</param>
/// <param name="Input">The record that was being processed when it happened.</param>
internal readonly record struct ReplyErrorBody(string Code, string Message, ConsumedRecord Input)
{
    private const int MaxTextChars = 1_000;
    private const int MaxKeyBytes = 256;

    /// <summary>The node that could not process it.</summary>
    public string? Node { get; init; }

    /// <summary>Type of the exception.</summary>
    public string? Exception { get; init; }

    /// <summary>Where the record, enriched or dead, can be read: a topic; its offset is not known before the commit.</summary>
    public string? FoundIn { get; init; }

    /// <summary>Key of that record.</summary>
    public byte[]? FoundKey { get; init; }

    internal byte[] Write()
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("error", Code);
            json.WriteString("message", Bounded(Message));
            if (Node is not null) json.WriteString("node", Node);
            if (Exception is not null) json.WriteString("exception", Bounded(Exception));
            json.WriteString("topic", Input.Topic);
            json.WriteNumber("partition", Input.Partition);
            json.WriteNumber("offset", Input.Offset);
            if (FoundIn is not null)
            {
                json.WriteStartObject("found");
                json.WriteString("topic", FoundIn);
                if (FoundKey is not null) json.WriteString("key", KeyText(FoundKey));
                json.WriteEndObject();
            }
            json.WriteEndObject();
        }
        return buffer.WrittenSpan.ToArray();
    }

    private static string Bounded(string text) => text.Length <= MaxTextChars ? text : text[..MaxTextChars] + "…";

    private static string KeyText(byte[] key) => Encoding.UTF8.GetString(key.AsSpan(0, Math.Min(key.Length, MaxKeyBytes)));
}
