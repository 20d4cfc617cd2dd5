using System.Text;

namespace StreamScoring.Schemas.Benchmarks;

/// <summary>An article as it leaves the last node: 2 KB of text, 20 entities, a summary, three entries of provenance.</summary>
internal static class SampleArticle
{
    private static readonly string[] Names =
        ["Zürich", "Swiss International", "Geneva", "European Union", "Maria Keller", "Lufthansa", "Berlin", "World Bank", "Asia", "John Smith"];

    public static Article Create()
    {
        var article = new Article
        {
            Id = "5f0c2a4e9b7d4c1e8a3f6b2d1c0e9f8a",
            Title = "Swiss carriers resume flights after a week of strikes",
            Source = "newswire",
            Url = "https://news.example.org/2026/03/01/swiss-carriers-resume-flights",
            Language = "en",
            PublishedAt = new DateTimeOffset(2026, 3, 1, 12, 30, 0, TimeSpan.Zero),
            Attributes = new() { ["desk"] = "business", ["priority"] = "3" },
            Topic = new()
            {
                Label = "Business",
                Score = 0.9712f,
                Scores = new() { ["Business"] = 0.9712f, ["World"] = 0.0181f, ["Sci/Tech"] = 0.0079f, ["Sports"] = 0.0028f },
            },
            Entities = [],
            Summary = new(),
        };
        var body = new StringBuilder();
        for (var i = 0; i < 20; i++)
        {
            var name = Names[i % Names.Length];
            var start = body.Append("In a statement on Monday ").Length;
            body.Append(name);
            article.Entities.Add(new()
            {
                Type = i % 2 == 0 ? "LOC" : "ORG", Text = name, Field = ArticleField.Body,
                Start = start, End = body.Length, Score = 0.9f + (i * 0.0037f),
            });
            body.Append(" said that the talks would go on until all sides agreed. ");
        }
        article.Body = body.ToString();
        article.Summary.Text = article.Body[..180];
        for (var i = 0; i < 3; i++)
        {
            article.Summary.Sentences.Add(new() { Field = ArticleField.Body, Start = i * 60, End = (i * 60) + 59, Score = 0.5f - (i * 0.113f) });
            article.Provenance.Add(new()
            {
                Node = i switch { 0 => "topic", 1 => "entities", _ => "summary" },
                Model = "minilm", Version = "1.0.0", Sha256 = new string((char)('a' + i), 64),
                ScoredAt = new DateTimeOffset(2026, 3, 1, 12, 30, i, TimeSpan.Zero), DurationUs = 1234 * (i + 1),
            });
        }
        return article;
    }

    /// <summary>The same record with strings, lists and maps of its own: what a decoder has to allocate, and no more.</summary>
    public static Article Copy(Article article) => new()
    {
        Id = Copy(article.Id),
        Title = Copy(article.Title),
        Body = Copy(article.Body),
        Source = Copy(article.Source!),
        Url = Copy(article.Url!),
        Language = Copy(article.Language!),
        PublishedAt = article.PublishedAt,
        Attributes = article.Attributes.ToDictionary(static entry => Copy(entry.Key), static entry => Copy(entry.Value)),
        Topic = new()
        {
            Label = article.Topic!.Label,
            Score = article.Topic.Score,
            Scores = new(article.Topic.Scores),
        },
        Entities = [.. article.Entities!.Select(static entity => new Entity
        {
            Type = entity.Type, Text = Copy(entity.Text), Field = entity.Field, Start = entity.Start, End = entity.End, Score = entity.Score,
        })],
        Summary = new()
        {
            Text = Copy(article.Summary!.Text),
            Sentences = [.. article.Summary.Sentences.Select(static sentence => new SummarySentence
            {
                Field = sentence.Field, Start = sentence.Start, End = sentence.End, Score = sentence.Score,
            })],
        },
        Provenance = [.. article.Provenance.Select(static entry => new Provenance
        {
            Node = entry.Node, Model = entry.Model, Version = entry.Version, Sha256 = entry.Sha256, Variant = entry.Variant,
            ScoredAt = entry.ScoredAt, DurationUs = entry.DurationUs, Warnings = [.. entry.Warnings],
        })],
    };

    private static string Copy(string text) => new(text.AsSpan());
}
