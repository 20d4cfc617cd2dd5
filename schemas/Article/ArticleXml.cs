using System.Buffers;
using StreamScoring.Schemas.Xml;

namespace StreamScoring.Schemas;

/// <summary>
/// Articles as XML, for people and their tools: one <c>article</c> element on one line, an element for each field in the
/// order of the schema, none where there is null. <see cref="GetSchema"/> describes it.
/// </summary>
public static class ArticleXml
{
    private const int StackBytes = 1024;

    /// <summary>Writes an article, without XML declaration and line end.</summary>
    /// <param name="article">The article.</param>
    /// <param name="output">Receives UTF-8.</param>
    /// <param name="naming">Spelling of the element names.</param>
    public static void Write(Article article, IBufferWriter<byte> output, FieldNaming naming = FieldNaming.SnakeCase)
    {
        ArgumentNullException.ThrowIfNull(article);
        ArgumentNullException.ThrowIfNull(output);
        var xml = new XmlOutput(stackalloc byte[StackBytes]);
        try
        {
            Write(ref xml, article, naming == FieldNaming.CamelCase);
            output.Write(xml.Written);
        }
        finally
        {
            xml.Dispose();
        }
    }

    /// <summary>An article as UTF-8, without XML declaration and line end.</summary>
    /// <param name="article">The article.</param>
    /// <param name="naming">Spelling of the element names.</param>
    public static byte[] Write(Article article, FieldNaming naming = FieldNaming.SnakeCase)
    {
        var output = new ArrayBufferWriter<byte>();
        Write(article, output, naming);
        return output.WrittenSpan.ToArray();
    }

    /// <summary>The XML Schema (XSD 1.0) of what <see cref="Write(Article, FieldNaming)"/> gives.</summary>
    /// <param name="naming">Spelling of the element names.</param>
    public static string GetSchema(FieldNaming naming = FieldNaming.SnakeCase)
    {
        using var text = new StreamReader(typeof(ArticleXml).Assembly.GetManifestResourceStream("article.xsd")!);
        var schema = text.ReadToEnd();
        return naming == FieldNaming.SnakeCase ? schema : schema
            .Replace("published_at", "publishedAt", StringComparison.Ordinal)
            .Replace("scored_at", "scoredAt", StringComparison.Ordinal)
            .Replace("duration_us", "durationUs", StringComparison.Ordinal);
    }

    private static void Write(ref XmlOutput xml, Article article, bool camel)
    {
        xml.Open("article"u8);
        xml.Element("id"u8, article.Id);
        xml.Element("title"u8, article.Title);
        xml.Element("body"u8, article.Body);
        xml.Element("source"u8, article.Source);
        xml.Element("url"u8, article.Url);
        xml.Element("language"u8, article.Language);
        if (article.PublishedAt is { } publishedAt) xml.Element(camel ? "publishedAt"u8 : "published_at"u8, publishedAt);
        xml.Open("attributes"u8);
        foreach (var (key, value) in article.Attributes)
        {
            xml.Open("attribute"u8, "name"u8, key);
            xml.Text(value);
            xml.Close("attribute"u8);
        }
        xml.Close("attributes"u8);
        if (article.Topic is { } topic) Write(ref xml, topic);
        if (article.Entities is { } entities) Write(ref xml, entities);
        if (article.Summary is { } summary) Write(ref xml, summary);
        xml.Open("provenance"u8);
        foreach (var entry in article.Provenance) Write(ref xml, entry, camel);
        xml.Close("provenance"u8);
        xml.Close("article"u8);
    }

    private static void Write(ref XmlOutput xml, TopicScore topic)
    {
        xml.Open("topic"u8);
        xml.Element("label"u8, topic.Label);
        xml.Element("score"u8, topic.Score);
        xml.Open("scores"u8);
        foreach (var (label, score) in topic.Scores)
        {
            xml.Open("score"u8, "label"u8, label);
            xml.Number(score);
            xml.Close("score"u8);
        }
        xml.Close("scores"u8);
        xml.Close("topic"u8);
    }

    private static void Write(ref XmlOutput xml, List<Entity> entities)
    {
        xml.Open("entities"u8);
        foreach (var entity in entities)
        {
            xml.Open("entity"u8);
            xml.Element("type"u8, entity.Type);
            xml.Element("text"u8, entity.Text);
            WriteSpan(ref xml, entity.Field, entity.Start, entity.End, entity.Score);
            xml.Close("entity"u8);
        }
        xml.Close("entities"u8);
    }

    private static void Write(ref XmlOutput xml, Summary summary)
    {
        xml.Open("summary"u8);
        xml.Element("text"u8, summary.Text);
        xml.Open("sentences"u8);
        foreach (var sentence in summary.Sentences)
        {
            xml.Open("sentence"u8);
            WriteSpan(ref xml, sentence.Field, sentence.Start, sentence.End, sentence.Score);
            xml.Close("sentence"u8);
        }
        xml.Close("sentences"u8);
        xml.Close("summary"u8);
    }

    private static void WriteSpan(ref XmlOutput xml, ArticleField field, int start, int end, float score)
    {
        xml.Element("field"u8, field == ArticleField.Title ? "title" : "body");
        xml.Element("start"u8, start);
        xml.Element("end"u8, end);
        xml.Element("score"u8, score);
    }

    private static void Write(ref XmlOutput xml, Provenance entry, bool camel)
    {
        xml.Open("entry"u8);
        xml.Element("node"u8, entry.Node);
        xml.Element("model"u8, entry.Model);
        xml.Element("version"u8, entry.Version);
        xml.Element("sha256"u8, entry.Sha256);
        xml.Element("variant"u8, entry.Variant);
        xml.Element(camel ? "scoredAt"u8 : "scored_at"u8, entry.ScoredAt);
        xml.Element(camel ? "durationUs"u8 : "duration_us"u8, entry.DurationUs);
        xml.Open("warnings"u8);
        foreach (var warning in entry.Warnings) xml.Element("warning"u8, warning);
        xml.Close("warnings"u8);
        xml.Close("entry"u8);
    }
}
