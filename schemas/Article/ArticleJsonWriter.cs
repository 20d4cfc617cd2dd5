using StreamScoring.Schemas.Json;

namespace StreamScoring.Schemas;

/// <summary>The fields of an article and its parts, in the order of the schema.</summary>
internal readonly struct ArticleJsonWriter(FieldNaming naming)
{
    private readonly bool _camel = naming == FieldNaming.CamelCase;

    public void Write(ref JsonOutput json, Article article)
    {
        json.Raw("{\"id\":"u8);
        json.StringOrNull(article.Id);
        json.Raw(",\"title\":"u8);
        json.StringOrNull(article.Title);
        json.Raw(",\"body\":"u8);
        json.StringOrNull(article.Body);
        json.Raw(",\"source\":"u8);
        json.StringOrNull(article.Source);
        json.Raw(",\"url\":"u8);
        json.StringOrNull(article.Url);
        json.Raw(",\"language\":"u8);
        json.StringOrNull(article.Language);
        json.Raw(_camel ? ",\"publishedAt\":"u8 : ",\"published_at\":"u8);
        if (article.PublishedAt is { } publishedAt) json.Timestamp(publishedAt);
        else json.Raw("null"u8);
        json.Raw(",\"attributes\":{"u8);
        var separate = false;
        foreach (var (key, value) in article.Attributes)
        {
            Separate(ref json, ref separate);
            json.String(key);
            json.Byte((byte)':');
            json.StringOrNull(value);
        }
        json.Raw("},\"topic\":"u8);
        Write(ref json, article.Topic);
        json.Raw(",\"entities\":"u8);
        Write(ref json, article.Entities);
        json.Raw(",\"summary\":"u8);
        Write(ref json, article.Summary);
        json.Raw(",\"provenance\":["u8);
        separate = false;
        foreach (var provenance in article.Provenance)
        {
            Separate(ref json, ref separate);
            Write(ref json, provenance);
        }
        json.Raw("]}"u8);
    }

    private static void Write(ref JsonOutput json, TopicScore? topic)
    {
        if (topic is null)
        {
            json.Raw("null"u8);
            return;
        }
        json.Raw("{\"label\":"u8);
        json.StringOrNull(topic.Label);
        json.Raw(",\"score\":"u8);
        json.Number(topic.Score);
        json.Raw(",\"scores\":{"u8);
        var separate = false;
        foreach (var (label, score) in topic.Scores)
        {
            Separate(ref json, ref separate);
            json.String(label);
            json.Byte((byte)':');
            json.Number(score);
        }
        json.Raw("}}"u8);
    }

    private static void Write(ref JsonOutput json, List<Entity>? entities)
    {
        if (entities is null)
        {
            json.Raw("null"u8);
            return;
        }
        json.Byte((byte)'[');
        var separate = false;
        foreach (var entity in entities)
        {
            Separate(ref json, ref separate);
            json.Raw("{\"type\":"u8);
            json.StringOrNull(entity.Type);
            json.Raw(",\"text\":"u8);
            json.StringOrNull(entity.Text);
            WriteSpan(ref json, entity.Field, entity.Start, entity.End, entity.Score);
        }
        json.Byte((byte)']');
    }

    private static void Write(ref JsonOutput json, Summary? summary)
    {
        if (summary is null)
        {
            json.Raw("null"u8);
            return;
        }
        json.Raw("{\"text\":"u8);
        json.StringOrNull(summary.Text);
        json.Raw(",\"sentences\":["u8);
        for (var i = 0; i < summary.Sentences.Count; i++)
        {
            var sentence = summary.Sentences[i];
            json.Raw(i > 0 ? ",{"u8 : "{"u8);
            WriteSpan(ref json, sentence.Field, sentence.Start, sentence.End, sentence.Score, separate: false);
        }
        json.Raw("]}"u8);
    }

    /// <summary>Where in the article something stands, and how sure that is; closes the object.</summary>
    private static void WriteSpan(
        ref JsonOutput json, ArticleField field, int start, int end, float score, bool separate = true)
    {
        if (separate) json.Byte((byte)',');
        json.Raw(field == ArticleField.Title ? "\"field\":\"title\",\"start\":"u8 : "\"field\":\"body\",\"start\":"u8);
        json.Number(start);
        json.Raw(",\"end\":"u8);
        json.Number(end);
        json.Raw(",\"score\":"u8);
        json.Number(score);
        json.Byte((byte)'}');
    }

    private void Write(ref JsonOutput json, Provenance provenance)
    {
        json.Raw("{\"node\":"u8);
        json.StringOrNull(provenance.Node);
        json.Raw(",\"model\":"u8);
        json.StringOrNull(provenance.Model);
        json.Raw(",\"version\":"u8);
        json.StringOrNull(provenance.Version);
        json.Raw(",\"sha256\":"u8);
        json.StringOrNull(provenance.Sha256);
        json.Raw(",\"variant\":"u8);
        json.StringOrNull(provenance.Variant);
        json.Raw(_camel ? ",\"scoredAt\":"u8 : ",\"scored_at\":"u8);
        json.Timestamp(provenance.ScoredAt);
        json.Raw(_camel ? ",\"durationUs\":"u8 : ",\"duration_us\":"u8);
        json.Number(provenance.DurationUs);
        json.Raw(",\"warnings\":["u8);
        var separate = false;
        foreach (var warning in provenance.Warnings)
        {
            Separate(ref json, ref separate);
            json.StringOrNull(warning);
        }
        json.Raw("]}"u8);
    }

    private static void Separate(ref JsonOutput json, ref bool separate)
    {
        if (separate) json.Byte((byte)',');
        separate = true;
    }
}
