namespace StreamScoring.Schemas.Tests;

/// <summary>Articles to test with.</summary>
internal static class Articles
{
    public static DateTimeOffset PublishedAt { get; } = new(2026, 3, 1, 12, 30, 0, 250, TimeSpan.Zero);

    public static Article Full() => new()
    {
        Id = "a-1",
        Title = "Zürich Airport reopens",
        Body = "Swiss flights resumed on Monday. 飛行機 🛫 took off.",
        Source = "wire",
        Url = "https://example.org/a-1",
        Language = "en",
        PublishedAt = PublishedAt,
        Attributes = new() { ["desk"] = "travel", [""] = "an empty key" },
        Topic = new() { Label = "Business", Score = 0.97f, Scores = new() { ["Business"] = 0.97f, ["World"] = 0.03f } },
        Entities =
        [
            new() { Type = "LOC", Text = "Zürich Airport", Field = ArticleField.Title, Start = 0, End = 14, Score = 0.99f },
            new() { Type = "MISC", Text = "Swiss", Field = ArticleField.Body, Start = 0, End = 5, Score = 0.5f },
        ],
        Summary = new()
        {
            Text = "Swiss flights resumed on Monday.",
            Sentences = [new() { Field = ArticleField.Body, Start = 0, End = 32, Score = 0.1f }],
        },
        Provenance =
        [
            new()
            {
                Node = "topic", Model = "topic", Version = "1.0.0", Sha256 = new string('a', 64), Variant = "b",
                ScoredAt = PublishedAt.AddSeconds(1), DurationUs = 1234, Warnings = ["truncated at 512 tokens"],
            },
        ],
    };

    public static Article Small() => new() { Id = "a-2", Title = "T", Body = "B" };

    /// <summary>Equality of articles as people see it: as JSON, which writes every field.</summary>
    public static void AssertEqual(Article expected, Article actual) =>
        Assert.Equal(System.Text.Encoding.UTF8.GetString(ArticleJson.Write(expected)), System.Text.Encoding.UTF8.GetString(ArticleJson.Write(actual)));
}
