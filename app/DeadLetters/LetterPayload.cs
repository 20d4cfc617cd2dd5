using System.Globalization;
using System.Text;
using System.Text.Json;
using StreamScoring.App.View;
using StreamScoring.Schemas;
using StreamScoring.Schemas.Avro;
using StreamScoring.Topology;

namespace StreamScoring.App.DeadLetters;

/// <summary>The value of a dead letter for people, decoded as far as it goes.</summary>
internal static class LetterPayload
{
    private const int MaxTextBytes = 16 << 10;
    private const int DumpBytes = 256;
    private const int DumpWidth = 16;

    private static readonly JsonSerializerOptions Indented = new()
    {
        WriteIndented = true,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Lines of text: the wire form, then the article, or what can be read of it and why not the rest.</summary>
    internal static string Describe(byte[]? value, RecordHeaders headers, ArticleSerde serde, ISchemaSource? registry)
    {
        if (value is null) return "no value (a tombstone)";
        var form = FormOf(value);
        headers.TryGetLast(ConfluentFraming.ValueSchemaIdHeader, out var schemaId);
        try
        {
            var article = serde.Decode(value, schemaId);
            using var json = JsonDocument.Parse(ArticleJson.Write(article));
            return $"{form}\n{Clean(JsonSerializer.Serialize(json, Indented))}";
        }
        catch (CodecException exception)
        {
            return $"{form}\n{exception.Message}\n{Rest(value, schemaId, registry)}";
        }
    }

    private static string FormOf(byte[] value)
    {
        var size = string.Create(CultureInfo.InvariantCulture, $"{value.Length:N0} bytes");
        if (AvroCodec.TryReadFingerprint(value, out var fingerprint))
        {
            var known = ArticleSchemas.Known.Find(fingerprint) is null ? "an unknown schema" : "a known schema of the article";
            return $"{size}, Avro single-object encoding, schema fingerprint {fingerprint:x16} ({known})";
        }
        if (ConfluentFraming.TryReadId(value, out var id)) return string.Create(CultureInfo.InvariantCulture, $"{size}, Confluent framing, schema id {id}");
        return value.AsSpan().TrimStart(" \t\r\n"u8) is [(byte)'{', ..] ? $"{size}, JSON" : size;
    }

    private static string Rest(byte[] value, byte[]? schemaId, ISchemaSource? registry)
    {
        if (WriterOf(value, schemaId, registry) is var (schema, header) && schema is not null)
        {
            var (text, error) = AvroOutline.Read(value.AsSpan(header), schema);
            return error is null ? text : $"{text}--- no further: {error}\n{Dump(value)}";
        }
        if (!System.Text.Unicode.Utf8.IsValid(value)) return Dump(value);
        var cut = Math.Min(value.Length, MaxTextBytes);
        while (cut < value.Length && (value[cut] & 0xC0) == 0x80) cut--;
        return Clean(Encoding.UTF8.GetString(value, 0, cut)) + (cut < value.Length ? "…" : "");
    }

    private static (AvroSchema? Schema, int HeaderBytes) WriterOf(byte[] value, byte[]? schemaId, ISchemaSource? registry)
    {
        try
        {
            if (schemaId is not null && registry is not null)
            {
                if (ConfluentFraming.TryReadGuid(schemaId, out var guid)) return (registry.GetSchema(guid), 0);
                if (ConfluentFraming.TryReadId(schemaId, out var named)) return (registry.GetSchema(named), 0);
            }
            if (AvroCodec.TryReadFingerprint(value, out var fingerprint))
            {
                return (ArticleSchemas.Known.Find(fingerprint), AvroCodec.SingleObjectHeaderBytes);
            }
            if (registry is not null && ConfluentFraming.TryReadId(value, out var id)) return (registry.GetSchema(id), ConfluentFraming.HeaderBytes);
        }
        catch (CodecException)
        {
            // The registry does not help: the bytes are shown as they are.
        }
        return (null, 0);
    }

    /// <summary>Line ends stay; everything else that could steer a terminal goes.</summary>
    private static string Clean(string text) => string.Join('\n', text.Split('\n').Select(TextCleaner.SameLength));

    private static string Dump(byte[] value)
    {
        var text = new StringBuilder();
        for (var start = 0; start < Math.Min(value.Length, DumpBytes); start += DumpWidth)
        {
            var row = value.AsSpan(start, Math.Min(DumpWidth, value.Length - start));
            text.Append(CultureInfo.InvariantCulture, $"{start:x8}  ");
            for (var i = 0; i < DumpWidth; i++) text.Append(i < row.Length ? $"{row[i]:x2} " : "   ");
            text.Append(' ');
            foreach (var b in row) text.Append(b is >= 0x20 and < 0x7f ? (char)b : '.');
            text.Append('\n');
        }
        if (value.Length > DumpBytes) text.Append(CultureInfo.InvariantCulture, $"… {value.Length - DumpBytes:N0} more bytes\n");
        return text.ToString();
    }
}
