using StreamScoring.Schemas;

namespace StreamScoring.Processors.Tests;

/// <summary>Scores articles in tests.</summary>
internal static class ArticleScoring
{
    public static Article Article(string title, string body) => new() { Id = "1", Title = title, Body = body };

    /// <summary>Scores one article and gives it back.</summary>
    public static Article Score(this IArticleProcessor processor, string title, string body) =>
        processor.Score(title, body, out _);

    public static Article Score(
        this IArticleProcessor processor, string title, string body, out IReadOnlyList<string>? warnings)
    {
        var article = Article(title, body);
        var noted = new IReadOnlyList<string>?[1];
        processor.Process([article], noted, CancellationToken.None);
        warnings = noted[0];
        return article;
    }

    /// <summary>Everything a node may have said, bit for bit.</summary>
    public static string Fingerprint(this Article article)
    {
        var parts = new List<string>();
        if (article.Topic is { } topic)
        {
            parts.Add($"{topic.Label} {BitConverter.SingleToInt32Bits(topic.Score)}");
            parts.AddRange(topic.Scores.Select(pair => $"{pair.Key} {BitConverter.SingleToInt32Bits(pair.Value)}"));
        }
        foreach (var e in article.Entities ?? [])
            parts.Add($"{e.Type} {e.Text} {e.Field} {e.Start} {e.End} {BitConverter.SingleToInt32Bits(e.Score)}");
        if (article.Summary is { } summary)
        {
            parts.Add(summary.Text);
            parts.AddRange(summary.Sentences.Select(s => $"{s.Field} {s.Start} {s.End} {BitConverter.SingleToInt32Bits(s.Score)}"));
        }
        return string.Join('\n', parts);
    }
}
