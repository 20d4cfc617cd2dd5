using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Confluent.Kafka;
using StreamScoring.Topology;

namespace StreamScoring.App.Replay;

/// <summary>A record as it was in its topic.</summary>
/// <param name="Partition">Partition.</param>
/// <param name="Offset">Offset.</param>
/// <param name="TimestampMs">Unix milliseconds.</param>
/// <param name="Key">Key.</param>
/// <param name="Value">Value.</param>
/// <param name="Headers">Headers, in order.</param>
internal sealed record CapturedRecord(int Partition, long Offset, long TimestampMs, byte[]? Key, byte[]? Value, RecordHeaders Headers)
{
    private static readonly JsonWriterOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    internal static CapturedRecord Of(ConsumeResult<byte[]?, byte[]?> result)
    {
        var headers = new RecordHeaders(result.Message.Headers?.Count ?? 0);
        foreach (var header in (IEnumerable<IHeader>?)result.Message.Headers ?? []) headers.Add(header.Key, header.GetValueBytes());
        return new CapturedRecord(
            result.Partition.Value, result.Offset.Value, result.Message.Timestamp.UnixTimestampMs, result.Message.Key, result.Message.Value, headers);
    }

    /// <summary>
    /// Writes the record as one line, without its end: bytes that are UTF-8 as text, others as <c>NAME_base64</c>, so that a
    /// capture can be read, searched and compared like any text.
    /// </summary>
    internal void Write(IBufferWriter<byte> output)
    {
        using var json = new Utf8JsonWriter(output, Relaxed);
        json.WriteStartObject();
        json.WriteNumber("offset", Offset);
        json.WriteNumber("timestamp", TimestampMs);
        WriteBytes(json, "key", Key);
        json.WriteStartArray("headers");
        foreach (var header in Headers)
        {
            json.WriteStartObject();
            json.WriteString("key", header.Key);
            WriteBytes(json, "value", header.Value);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        WriteBytes(json, "value", Value);
        json.WriteEndObject();
    }

    /// <summary>Reads a line.</summary>
    /// <exception cref="FormatException">It is none of <see cref="Write"/>'s.</exception>
    internal static CapturedRecord Read(int partition, ReadOnlyMemory<byte> line)
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            var root = document.RootElement;
            var headers = new RecordHeaders();
            foreach (var header in root.GetProperty("headers").EnumerateArray()) headers.Add(header.GetProperty("key").GetString()!, ReadBytes(header, "value"));
            return new CapturedRecord(
                partition, root.GetProperty("offset").GetInt64(), root.GetProperty("timestamp").GetInt64(),
                ReadBytes(root, "key"), ReadBytes(root, "value"), headers);
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException or ArgumentNullException)
        {
            throw new FormatException($"it is no captured record: {exception.Message}", exception);
        }
    }

    private static void WriteBytes(Utf8JsonWriter json, string name, byte[]? bytes)
    {
        if (bytes is null) json.WriteNull(name);
        else if (System.Text.Unicode.Utf8.IsValid(bytes)) json.WriteString(name, Encoding.UTF8.GetString(bytes));
        else json.WriteBase64String(name + "_base64", bytes);
    }

    private static byte[]? ReadBytes(JsonElement from, string name)
    {
        if (from.TryGetProperty(name + "_base64", out var encoded)) return encoded.GetBytesFromBase64();
        return from.GetProperty(name).GetString() is { } text ? Encoding.UTF8.GetBytes(text) : null;
    }
}
