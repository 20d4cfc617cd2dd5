using StreamScoring.Schemas;

namespace StreamScoring.App.Replay;

/// <summary>Compares what two runs made of one record.</summary>
internal static class RecordComparison
{
    internal static RecordChange Compare(RunResult a, RunResult b)
    {
        var change = new RecordChange { Partition = a.Partition, Offset = a.Offset };
        var (outcomeA, outcomeB) = (Outcome(a), Outcome(b));
        if (outcomeA != outcomeB) change.Outcome = (Describe(a), Describe(b));
        foreach (var (topic, output) in a.Outputs)
        {
            if (!b.Outputs.TryGetValue(topic, out var other)) continue;
            if (output.Article is { } first && other.Article is { } second) CompareArticles(first, second, change);
            else if (output.Article is not null || other.Article is not null || !SameBytes(output.Value, other.Value)) change.OtherFields.Add("value");
        }
        foreach (var topic in a.Outputs.Keys.Except(b.Outputs.Keys).Concat(b.Outputs.Keys.Except(a.Outputs.Keys)))
        {
            // Where a run failed, an output is missing for that reason.
            if (change.Outcome is null) change.OtherFields.Add($"output to {topic}");
        }
        return change;
    }

    internal static RecordChange OnlyIn(string run, RunResult result)
    {
        var change = new RecordChange { Partition = result.Partition, Offset = result.Offset, OnlyIn = run };
        if (result.Outputs.Values.FirstOrDefault(static output => output.Article is not null)?.Article is { } article) (change.Id, change.Title) = (article.Id, article.Title);
        return change;
    }

    private static string Outcome(RunResult result) =>
        string.Join('|', result.Failures.Select(static failure => failure.Node).Order(StringComparer.Ordinal));

    private static string Describe(RunResult result) => result.Failures.Count == 0
        ? "answered"
        : string.Join("; ", result.Failures.Select(static failure => $"failed at {failure.Node}: {failure.Message}"));

    private static void CompareArticles(Article a, Article b, RecordChange change)
    {
        (change.Id, change.Title) = (a.Id, a.Title);
        CompareOthers(a, b, change.OtherFields);
        CompareTopics(a.Topic, b.Topic, change);
        CompareEntities(a.Entities, b.Entities, change);
        CompareSummaries(a.Summary, b.Summary, change);
    }

    private static void CompareOthers(Article a, Article b, List<string> fields)
    {
        if (a.Id != b.Id) fields.Add("id");
        if (a.Title != b.Title) fields.Add("title");
        if (a.Body != b.Body) fields.Add("body");
        if (a.Source != b.Source) fields.Add("source");
        if (a.Url != b.Url) fields.Add("url");
        if (a.Language != b.Language) fields.Add("language");
        if (a.PublishedAt != b.PublishedAt) fields.Add("published_at");
        if (a.Attributes.Count != b.Attributes.Count || a.Attributes.Any(pair => b.Attributes.GetValueOrDefault(pair.Key) != pair.Value)) fields.Add("attributes");
        if (!a.Provenance.SelectMany(static entry => entry.Warnings).SequenceEqual(b.Provenance.SelectMany(static entry => entry.Warnings))) fields.Add("warnings");
    }

    private static void CompareTopics(TopicScore? a, TopicScore? b, RecordChange change)
    {
        if (a is null && b is null) return;
        if (a?.Label != b?.Label) change.Flip = (a?.Label ?? "(none)", a?.Score ?? 0, b?.Label ?? "(none)", b?.Score ?? 0);
        if (a is null || b is null) return;
        var delta = (double)Math.Abs(a.Score - b.Score);
        foreach (var (label, score) in a.Scores)
        {
            if (b.Scores.TryGetValue(label, out var other)) delta = Math.Max(delta, Math.Abs(score - other));
        }
        change.TopicDelta = Math.Max(change.TopicDelta, delta);
    }

    private static void CompareEntities(List<Entity>? a, List<Entity>? b, RecordChange change)
    {
        var scores = new Dictionary<EntitySpan, float>();
        foreach (var entity in a ?? []) scores[Span(entity)] = entity.Score;
        foreach (var entity in b ?? [])
        {
            if (scores.Remove(Span(entity), out var score))
            {
                change.SharedEntities++;
                change.EntityDelta = Math.Max(change.EntityDelta, Math.Abs(score - entity.Score));
            }
            else
            {
                change.Added.Add(Span(entity));
            }
        }
        change.Lost.AddRange(scores.Keys);
    }

    private static void CompareSummaries(Summary? a, Summary? b, RecordChange change)
    {
        if (a is null && b is null) return;
        change.Rouge = Math.Min(change.Rouge ?? 1, Rouge.L(a?.Text ?? "", b?.Text ?? ""));
        if (a?.Text != b?.Text) change.Summaries = (a?.Text ?? "", b?.Text ?? "");
        foreach (var sentence in a?.Sentences ?? [])
        {
            foreach (var other in b?.Sentences ?? [])
            {
                if (sentence.Field != other.Field || sentence.Start != other.Start || sentence.End != other.End) continue;
                change.SummaryDelta = Math.Max(change.SummaryDelta, Math.Abs(sentence.Score - other.Score));
            }
        }
    }

    private static EntitySpan Span(Entity entity) => new(entity.Type, entity.Field, entity.Start, entity.End, entity.Text);

    private static bool SameBytes(byte[]? a, byte[]? b) => a is null || b is null ? a is null && b is null : a.AsSpan().SequenceEqual(b);
}
