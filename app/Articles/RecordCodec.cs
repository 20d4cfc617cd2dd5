using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Confluent.Kafka;
using StreamScoring.Schemas;
using StreamScoring.Schemas.Avro;

namespace StreamScoring.App.Articles;

/// <summary>Between lines, records and articles; what is no article becomes a sentence that says why.</summary>
internal static class RecordCodec
{
    private static readonly JsonWriterOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Reads an article from a line of JSON.</summary>
    internal static bool TryParseLine(Line line, [NotNullWhen(true)] out Article? article, [NotNullWhen(false)] out string? error)
    {
        (article, error) = (null, null);
        if (line.TooLong)
        {
            error = $"it is longer than {LineReader.DefaultMaxLineBytes >> 20} MiB.";
            return false;
        }
        try
        {
            article = ArticleJson.Read(line.Bytes);
            return true;
        }
        catch (CodecException exception)
        {
            error = exception.Message;
            return false;
        }
    }

    /// <summary>Reads an article from a record, whatever its wire form.</summary>
    /// <exception cref="CodecException">The schema registry cannot be reached: try again.</exception>
    internal static (Article? Article, string? Error) Decode(ArticleSerde serde, byte[]? value, Headers? headers)
    {
        if (value is null) return (null, "The record has no value.");
        byte[]? schemaId = null;
        headers?.TryGetLastBytes(ConfluentFraming.ValueSchemaIdHeader, out schemaId);
        try
        {
            return (serde.Decode(value, schemaId), null);
        }
        catch (CodecException exception) when (!exception.IsTransient)
        {
            return (null, exception.Message);
        }
    }

    /// <summary>
    /// Writes a record with everything around it. <c>value</c> is the article, null, or, where the bytes are none, a
    /// string: the text, or <c>value_base64</c> where they are no UTF-8.
    /// </summary>
    /// <param name="result">The record.</param>
    /// <param name="article">The article in it, or null where it is none.</param>
    /// <param name="serde">Writes the article.</param>
    /// <param name="output">Where it goes.</param>
    internal static void WriteEnvelope(
        ConsumeResult<byte[]?, byte[]?> result, Article? article, ArticleSerde serde, IBufferWriter<byte> output)
    {
        using var json = new Utf8JsonWriter(output, Relaxed);
        json.WriteStartObject();
        json.WriteString("topic", result.Topic);
        json.WriteNumber("partition", result.Partition.Value);
        json.WriteNumber("offset", result.Offset.Value);
        json.WriteString("timestamp", result.Message.Timestamp.UtcDateTime);
        WriteBytes(json, "key", result.Message.Key);
        json.WriteStartArray("headers");
        foreach (var header in result.Message.Headers)
        {
            json.WriteStartObject();
            json.WriteString("key", header.Key);
            WriteBytes(json, "value", header.GetValueBytes());
            json.WriteEndObject();
        }
        json.WriteEndArray();
        if (article is not null)
        {
            json.WritePropertyName("value");
            json.WriteRawValue(serde.Encode(article, ArticleFormat.Json), skipInputValidation: true);
        }
        else
        {
            WriteBytes(json, "value", result.Message.Value);
        }
        json.WriteEndObject();
    }

    private static void WriteBytes(Utf8JsonWriter json, string name, byte[]? bytes)
    {
        if (bytes is null) json.WriteNull(name);
        else if (System.Text.Unicode.Utf8.IsValid(bytes)) json.WriteString(name, Encoding.UTF8.GetString(bytes));
        else json.WriteBase64String(name + "_base64", bytes);
    }
}
