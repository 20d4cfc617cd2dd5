using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Confluent.Kafka;
using StreamScoring.Schemas;

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

    /// <summary>Reads an article from a record's value, whatever its wire form.</summary>
    internal static (Article? Article, string? Error) Decode(byte[]? value)
    {
        if (value is null) return (null, "The record has no value.");
        try
        {
            return (ArticleCodec.Decode(value), null);
        }
        catch (CodecException exception)
        {
            return (null, exception.Message);
        }
    }

    /// <summary>An article in a wire form.</summary>
    internal static byte[] Encode(Article article, bool asJson) =>
        ArticleCodec.Encode(article, asJson ? ArticleFormat.Json : ArticleFormat.Avro);

    /// <summary>Writes a record's article as JSON.</summary>
    /// <returns>Null, or why there is none; nothing was written then.</returns>
    internal static string? WriteArticle(byte[]? value, IBufferWriter<byte> output)
    {
        var (article, error) = Decode(value);
        if (article is null) return error;
        ArticleJson.Write(article, output);
        return null;
    }

    /// <summary>
    /// Writes a record with everything around it. <c>value</c> is the article, null, or, where the bytes are none, a
    /// string: the text, or <c>value_base64</c> where they are no UTF-8.
    /// </summary>
    internal static void WriteEnvelope(ConsumeResult<byte[]?, byte[]?> result, IBufferWriter<byte> output)
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
        if (Decode(result.Message.Value).Article is { } article)
        {
            json.WritePropertyName("value");
            json.WriteRawValue(ArticleJson.Write(article), skipInputValidation: true);
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
