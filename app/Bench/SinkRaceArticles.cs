using System.Globalization;
using StreamScoring.App.Articles;
using StreamScoring.App.Hosting;
using StreamScoring.Schemas;

namespace StreamScoring.App.Bench;

/// <summary>
/// Articles as they leave the last node, without models: real texts, a made-up topic, an entity for each word that begins
/// with a capital (20 at most), the first sentence as the summary.
/// </summary>
internal static class SinkRaceArticles
{
    private const int MaxEntities = 20;
    private static readonly string[] Nodes = ["topic", "entities", "summary"];
    private static readonly string[] Labels = ["World", "Sports", "Business", "Science"];

    /// <summary>That many articles with different ids.</summary>
    internal static IReadOnlyList<Article> Make(int count)
    {
        var texts = Texts();
        var articles = new Article[count];
        for (var i = 0; i < count; i++) articles[i] = Enriched(texts[i % texts.Count], i);
        return articles;
    }

    private static List<(string Title, string Body)> Texts()
    {
        var texts = new List<(string, string)>();
        foreach (var line in File.ReadLines(BundledFiles.Find("samples/articles.jsonl")))
        {
            if (ArticleJson.Read(System.Text.Encoding.UTF8.GetBytes(line)) is { } article) texts.Add((article.Title, article.Body));
        }
        return texts;
    }

    private static Article Enriched((string Title, string Body) text, int number)
    {
        var label = Labels[number % Labels.Length];
        var stop = text.Body.IndexOf('.', StringComparison.Ordinal);
        var first = stop < 0 ? text.Body : text.Body[..(stop + 1)];
        return new Article
        {
            Id = string.Create(CultureInfo.InvariantCulture, $"article-{number:D8}"),
            Title = text.Title,
            Body = text.Body,
            Source = "race",
            Language = "en",
            PublishedAt = DateTimeOffset.UnixEpoch.AddMinutes(number),
            Attributes = new() { ["license"] = "CC-BY" },
            Topic = new TopicScore { Label = label, Score = 0.5f + (number % 50 / 100f), Scores = Labels.ToDictionary(each => each, each => each == label ? 0.7f : 0.1f) },
            Entities = Entities(text.Body),
            Summary = new Summary { Text = first, Sentences = [new SummarySentence { Field = ArticleField.Body, Start = 0, End = first.Length, Score = 0.5f }] },
            Provenance = [.. Nodes.Select(node => new Provenance
            {
                Node = node, Model = node, Version = "1.0.0", Sha256 = new string('a', 64), ScoredAt = DateTimeOffset.UnixEpoch, DurationUs = 1_000,
            })],
        };
    }

    private static List<Entity> Entities(string body)
    {
        var entities = new List<Entity>();
        for (var start = 0; start < body.Length && entities.Count < MaxEntities; start++)
        {
            if (!char.IsUpper(body[start]) || (start > 0 && char.IsLetter(body[start - 1]))) continue;
            var end = start;
            while (end < body.Length && char.IsLetter(body[end])) end++;
            entities.Add(new Entity { Type = entities.Count % 2 == 0 ? "PER" : "LOC", Text = body[start..end], Field = ArticleField.Body, Start = start, End = end, Score = 0.75f });
        }
        return entities;
    }
}
