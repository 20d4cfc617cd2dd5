using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using StreamScoring.Schemas;

namespace StreamScoring.App.Sinks;

/// <summary>
/// The parts of an article that databases hold as JSON, for SQLite's <c>json_each</c> and PostgreSQL's <c>jsonb</c>. The
/// latter knows no U+0000: it becomes U+FFFD, as a lone surrogate does.
/// </summary>
internal static class SinkJson
{
    // The text goes into a database, not into a page: é stays é.
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    internal static string NameOf(ArticleField field) => field == ArticleField.Title ? "title" : "body";

    internal static string Attributes(Article article) => Write(article, static (writer, article) =>
    {
        writer.WriteStartObject();
        foreach (var (key, value) in article.Attributes) writer.WriteString(Clean(key), Clean(value));
        writer.WriteEndObject();
    });

    internal static string Scores(TopicScore topic) => Write(topic, static (writer, topic) =>
    {
        writer.WriteStartObject();
        foreach (var (label, score) in topic.Scores) WriteFinite(writer, Clean(label), score);
        writer.WriteEndObject();
    });

    internal static string Sentences(Summary summary) => Write(summary, static (writer, summary) =>
    {
        writer.WriteStartArray();
        foreach (var sentence in summary.Sentences)
        {
            writer.WriteStartObject();
            writer.WriteString("field", NameOf(sentence.Field));
            writer.WriteNumber("start", sentence.Start);
            writer.WriteNumber("end", sentence.End);
            WriteFinite(writer, "score", sentence.Score);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
    });

    internal static string Provenance(Article article) => Write(article, static (writer, article) =>
    {
        writer.WriteStartArray();
        foreach (var entry in article.Provenance)
        {
            writer.WriteStartObject();
            writer.WriteString("node", Clean(entry.Node));
            writer.WriteString("model", Clean(entry.Model));
            writer.WriteString("version", Clean(entry.Version));
            writer.WriteString("sha256", Clean(entry.Sha256));
            writer.WriteString("variant", Clean(entry.Variant));
            writer.WriteString("scored_at", entry.ScoredAt);
            writer.WriteNumber("duration_us", entry.DurationUs);
            writer.WriteStartArray("warnings");
            foreach (var warning in entry.Warnings) writer.WriteStringValue(Clean(warning));
            writer.WriteEndArray();
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
    });

    [return: NotNullIfNotNull(nameof(text))]
    private static string? Clean(string? text) => text?.Replace('\0', '\ufffd');

    private static void WriteFinite(Utf8JsonWriter writer, string name, float value)
    {
        if (float.IsFinite(value)) writer.WriteNumber(name, value);
        else writer.WriteNull(name);
    }

    private static string Write<T>(T value, Action<Utf8JsonWriter, T> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, Options)) write(writer, value);
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}
