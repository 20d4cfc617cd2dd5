using System.Text.Json;
using StreamScoring.Schemas.Json;

namespace StreamScoring.Schemas;

/// <summary>An article and its parts from JSON. Each method starts on the value's first token and ends on its last.</summary>
internal static class ArticleJsonReader
{
    // What the schema asks for: the fields without a default.
    private static readonly string[] TopicFields = ["topic.label", "topic.score", "topic.scores"];
    private static readonly string[] EntityFields =
        ["entities.type", "entities.text", "entities.field", "entities.start", "entities.end", "entities.score"];
    private static readonly string[] SummaryFields = ["summary.text", "summary.sentences"];
    private static readonly string[] SentenceFields =
        ["summary.sentences.field", "summary.sentences.start", "summary.sentences.end", "summary.sentences.score"];
    private static readonly string[] ProvenanceFields =
        ["provenance.node", "provenance.model", "provenance.version", "provenance.sha256", "provenance.scored_at", "provenance.duration_us"];

    public static Article Read(ref JsonInput json)
    {
        var article = new Article();
        string? id = null, title = null, body = null, text = null;
        DateTimeOffset? date = null;
        while (json.Read() && json.Token == JsonTokenType.PropertyName)
        {
            if (json.Is("id"u8)) id = json.Read() && json.IsNull ? null : json.GetScalar("id");
            else if (json.Is("title"u8)) title = NextStringOrNull(ref json, "title");
            else if (json.Is("body"u8)) body = NextStringOrNull(ref json, "body");
            else if (json.Is("text"u8)) text = NextStringOrNull(ref json, "text");
            else if (json.Is("source"u8)) article.Source = NextStringOrNull(ref json, "source");
            else if (json.Is("url"u8)) article.Url = NextStringOrNull(ref json, "url");
            else if (json.Is("language"u8)) article.Language = NextStringOrNull(ref json, "language");
            else if (json.Is("published_at"u8, "publishedAt"u8)) article.PublishedAt = NextTimestampOrNull(ref json, "published_at");
            else if (json.Is("date"u8)) date = json.Read() && json.TryGetTimestamp(out var parsed) ? parsed : SkipValue(ref json);
            else if (json.Is("attributes"u8)) ReadAttributes(ref json, article.Attributes);
            else if (json.Is("topic"u8)) article.Topic = json.Read() && json.IsNull ? null : ReadTopic(ref json);
            else if (json.Is("entities"u8)) article.Entities = json.Read() && json.IsNull ? null : ReadEntities(ref json);
            else if (json.Is("summary"u8)) article.Summary = json.Read() && json.IsNull ? null : ReadSummary(ref json);
            else if (json.Is("provenance"u8)) article.Provenance = json.Read() && json.IsNull ? [] : ReadProvenance(ref json);
            else json.Skip();
        }

        article.Title = title ?? "";
        article.Body = body ?? text ?? "";
        article.PublishedAt ??= date;
        if (string.IsNullOrWhiteSpace(article.Title) && string.IsNullOrWhiteSpace(article.Body))
        {
            throw new ArticleFormatException(ArticleError.MissingField,
                "Title and body are both missing or blank; an article needs at least one of them.", "title");
        }
        article.Id = string.IsNullOrWhiteSpace(id) ? ArticleJson.DeriveId(article.Title, article.Body) : id;
        return article;
    }

    private static string? NextStringOrNull(ref JsonInput json, string field)
    {
        json.Read();
        return json.GetStringOrNull(field);
    }

    private static DateTimeOffset? NextTimestampOrNull(ref JsonInput json, string field)
    {
        json.Read();
        if (json.IsNull) return null;
        return json.TryGetTimestamp(out var value) ? value : throw json.WrongType(field, "a date in ISO 8601 or Unix milliseconds");
    }

    /// <summary>A date of a form unknown to us is one more unknown field.</summary>
    private static DateTimeOffset? SkipValue(ref JsonInput json)
    {
        json.Skip();
        return null;
    }

    private static void ReadAttributes(ref JsonInput json, Dictionary<string, string> attributes)
    {
        json.Read();
        attributes.Clear();
        if (json.IsNull) return;
        json.Expect(JsonTokenType.StartObject, "attributes");
        while (json.Read() && json.Token == JsonTokenType.PropertyName)
        {
            var key = json.Text();
            json.Read();
            if (!json.IsNull) attributes[key] = json.GetScalar("attributes." + key);
        }
    }

    private static TopicScore ReadTopic(ref JsonInput json)
    {
        json.Expect(JsonTokenType.StartObject, "topic");
        var topic = new TopicScore();
        var seen = new SeenFields(TopicFields);
        while (json.Read() && json.Token == JsonTokenType.PropertyName)
        {
            if (json.Is("label"u8)) topic.Label = NextString(ref json, seen.Add(0));
            else if (json.Is("score"u8)) topic.Score = NextFloat(ref json, seen.Add(1));
            else if (json.Is("scores"u8)) ReadScores(ref json, topic.Scores, seen.Add(2));
            else json.Skip();
        }
        seen.ExpectAll();
        return topic;
    }

    private static void ReadScores(ref JsonInput json, Dictionary<string, float> scores, string field)
    {
        json.Read();
        json.Expect(JsonTokenType.StartObject, field);
        scores.Clear();
        while (json.Read() && json.Token == JsonTokenType.PropertyName)
        {
            var label = json.Text();
            scores[label] = NextFloat(ref json, field);
        }
    }

    private static List<Entity> ReadEntities(ref JsonInput json)
    {
        json.Expect(JsonTokenType.StartArray, "entities");
        var entities = new List<Entity>();
        while (json.Read() && json.Token != JsonTokenType.EndArray)
        {
            json.Expect(JsonTokenType.StartObject, "entities");
            var entity = new Entity();
            var seen = new SeenFields(EntityFields);
            while (json.Read() && json.Token == JsonTokenType.PropertyName)
            {
                if (json.Is("type"u8)) entity.Type = NextString(ref json, seen.Add(0));
                else if (json.Is("text"u8)) entity.Text = NextString(ref json, seen.Add(1));
                else if (json.Is("field"u8)) entity.Field = NextField(ref json, seen.Add(2));
                else if (json.Is("start"u8)) entity.Start = NextInt(ref json, seen.Add(3));
                else if (json.Is("end"u8)) entity.End = NextInt(ref json, seen.Add(4));
                else if (json.Is("score"u8)) entity.Score = NextFloat(ref json, seen.Add(5));
                else json.Skip();
            }
            seen.ExpectAll();
            entities.Add(entity);
        }
        return entities;
    }

    private static Summary ReadSummary(ref JsonInput json)
    {
        json.Expect(JsonTokenType.StartObject, "summary");
        var summary = new Summary();
        var seen = new SeenFields(SummaryFields);
        while (json.Read() && json.Token == JsonTokenType.PropertyName)
        {
            if (json.Is("text"u8)) summary.Text = NextString(ref json, seen.Add(0));
            else if (json.Is("sentences"u8)) summary.Sentences = ReadSentences(ref json, seen.Add(1));
            else json.Skip();
        }
        seen.ExpectAll();
        return summary;
    }

    private static List<SummarySentence> ReadSentences(ref JsonInput json, string field)
    {
        json.Read();
        json.Expect(JsonTokenType.StartArray, field);
        var sentences = new List<SummarySentence>();
        while (json.Read() && json.Token != JsonTokenType.EndArray)
        {
            json.Expect(JsonTokenType.StartObject, field);
            var sentence = new SummarySentence();
            var seen = new SeenFields(SentenceFields);
            while (json.Read() && json.Token == JsonTokenType.PropertyName)
            {
                if (json.Is("field"u8)) sentence.Field = NextField(ref json, seen.Add(0));
                else if (json.Is("start"u8)) sentence.Start = NextInt(ref json, seen.Add(1));
                else if (json.Is("end"u8)) sentence.End = NextInt(ref json, seen.Add(2));
                else if (json.Is("score"u8)) sentence.Score = NextFloat(ref json, seen.Add(3));
                else json.Skip();
            }
            seen.ExpectAll();
            sentences.Add(sentence);
        }
        return sentences;
    }

    private static List<Provenance> ReadProvenance(ref JsonInput json)
    {
        json.Expect(JsonTokenType.StartArray, "provenance");
        var entries = new List<Provenance>();
        while (json.Read() && json.Token != JsonTokenType.EndArray)
        {
            json.Expect(JsonTokenType.StartObject, "provenance");
            var entry = new Provenance();
            var seen = new SeenFields(ProvenanceFields);
            while (json.Read() && json.Token == JsonTokenType.PropertyName)
            {
                if (json.Is("node"u8)) entry.Node = NextString(ref json, seen.Add(0));
                else if (json.Is("model"u8)) entry.Model = NextString(ref json, seen.Add(1));
                else if (json.Is("version"u8)) entry.Version = NextString(ref json, seen.Add(2));
                else if (json.Is("sha256"u8)) entry.Sha256 = NextString(ref json, seen.Add(3));
                else if (json.Is("variant"u8)) entry.Variant = NextStringOrNull(ref json, "provenance.variant");
                else if (json.Is("scored_at"u8, "scoredAt"u8)) entry.ScoredAt = NextTimestamp(ref json, seen.Add(4));
                else if (json.Is("duration_us"u8, "durationUs"u8)) entry.DurationUs = NextLong(ref json, seen.Add(5));
                else if (json.Is("warnings"u8)) entry.Warnings = ReadWarnings(ref json);
                else json.Skip();
            }
            seen.ExpectAll();
            entries.Add(entry);
        }
        return entries;
    }

    private static List<string> ReadWarnings(ref JsonInput json)
    {
        const string field = "provenance.warnings";
        json.Read();
        json.Expect(JsonTokenType.StartArray, field);
        var warnings = new List<string>();
        while (json.Read() && json.Token != JsonTokenType.EndArray) warnings.Add(json.GetString(field));
        return warnings;
    }

    private static string NextString(ref JsonInput json, string field)
    {
        json.Read();
        return json.GetString(field);
    }

    private static int NextInt(ref JsonInput json, string field)
    {
        json.Read();
        return json.GetInt(field);
    }

    private static long NextLong(ref JsonInput json, string field)
    {
        json.Read();
        return json.GetLong(field);
    }

    private static float NextFloat(ref JsonInput json, string field)
    {
        json.Read();
        return json.GetFloat(field);
    }

    private static DateTimeOffset NextTimestamp(ref JsonInput json, string field) =>
        NextTimestampOrNull(ref json, field) ?? throw json.WrongType(field, "a date in ISO 8601 or Unix milliseconds");

    private static ArticleField NextField(ref JsonInput json, string field)
    {
        json.Read();
        if (json.Token == JsonTokenType.String && json.Is("title"u8)) return ArticleField.Title;
        if (json.Token == JsonTokenType.String && json.Is("body"u8)) return ArticleField.Body;
        throw json.WrongType(field, "\"title\" or \"body\"");
    }

    /// <summary>Which of the fields that a part must have were there.</summary>
    private struct SeenFields(string[] fields)
    {
        private int _seen;

        /// <summary>Notes a field and gives its path for errors.</summary>
        public string Add(int index)
        {
            _seen |= 1 << index;
            return fields[index];
        }

        public readonly void ExpectAll()
        {
            for (var i = 0; i < fields.Length; i++)
            {
                if ((_seen & (1 << i)) != 0) continue;
                throw new ArticleFormatException(ArticleError.MissingField, $"Field \"{fields[i]}\" is missing.", fields[i]);
            }
        }
    }
}
