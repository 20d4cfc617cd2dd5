using StreamScoring.Schemas;

namespace StreamScoring.App.Tests.Sinks;

internal static class SinkArticles
{
    /// <summary>An article that passed all three nodes.</summary>
    internal static Article Enriched(string id) => new()
    {
        Id = id,
        Title = "Ada in London",
        Body = "Ada was there.",
        PublishedAt = new DateTimeOffset(2026, 5, 4, 3, 2, 1, TimeSpan.Zero),
        Attributes = new() { ["license"] = "CC-BY" },
        Topic = new TopicScore { Label = "World", Score = 0.75f, Scores = new() { ["World"] = 0.75f } },
        Entities =
        [
            new Entity { Type = "PER", Text = "Ada", Field = ArticleField.Title, Start = 0, End = 3, Score = 0.5f },
            new Entity { Type = "LOC", Text = "London", Field = ArticleField.Title, Start = 7, End = 13, Score = 0.5f },
        ],
        Summary = new Summary { Text = "Ada was there.", Sentences = [new SummarySentence { Field = ArticleField.Body, Start = 0, End = 14, Score = 0.5f }] },
        Provenance = [new Provenance { Node = "topic", Model = "m", Version = "1", Sha256 = "00" }],
    };
}
