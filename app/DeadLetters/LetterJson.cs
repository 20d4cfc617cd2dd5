using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace StreamScoring.App.DeadLetters;

/// <summary>Dead letters for programs: one JSON object each.</summary>
internal static class LetterJson
{
    private static readonly JsonWriterOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes a letter without its line end.</summary>
    /// <param name="letter">The letter.</param>
    /// <param name="state">What became of it.</param>
    /// <param name="full">Also stack trace, headers and value.</param>
    /// <param name="output">Receives UTF-8.</param>
    internal static void Write(Letter letter, LetterState state, bool full, IBufferWriter<byte> output)
    {
        using var json = new Utf8JsonWriter(output, Relaxed);
        json.WriteStartObject();
        json.WriteNumber("partition", letter.Position.Partition);
        json.WriteNumber("offset", letter.Position.Offset);
        json.WriteString("timestamp", letter.Timestamp.UtcDateTime);
        WriteBytes(json, "key", letter.Key);
        json.WriteString("node", letter.Says.Node);
        json.WriteString("exception", letter.Says.ExceptionType);
        json.WriteString("message", letter.Says.Message);
        json.WriteStartObject("from");
        json.WriteString("topic", letter.Says.Topic);
        WriteNumber(json, "partition", letter.Says.Partition);
        WriteNumber(json, "offset", letter.Says.Offset);
        json.WriteEndObject();
        json.WriteNumber("replay_attempts", letter.Says.ReplayAttempts);
        json.WriteString("state", state == LetterState.Open ? "open" : "replayed");
        json.WriteNumber("value_bytes", letter.Value?.Length ?? 0);
        if (full)
        {
            json.WriteString("stacktrace", letter.Says.StackTrace);
            json.WriteStartArray("headers");
            foreach (var header in letter.Headers)
            {
                json.WriteStartObject();
                json.WriteString("key", header.Key);
                WriteBytes(json, "value", header.Value);
                json.WriteEndObject();
            }
            json.WriteEndArray();
            WriteBytes(json, "value", letter.Value);
        }
        json.WriteEndObject();
    }

    private static void WriteNumber(Utf8JsonWriter json, string name, long? value)
    {
        if (value is { } number) json.WriteNumber(name, number);
        else json.WriteNull(name);
    }

    private static void WriteBytes(Utf8JsonWriter json, string name, byte[]? bytes)
    {
        if (bytes is null) json.WriteNull(name);
        else if (System.Text.Unicode.Utf8.IsValid(bytes)) json.WriteString(name, Encoding.UTF8.GetString(bytes));
        else json.WriteBase64String(name + "_base64", bytes);
    }
}
