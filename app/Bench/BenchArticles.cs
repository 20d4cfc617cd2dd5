using System.Text;
using System.Text.Json;
using StreamScoring.App.Articles;
using StreamScoring.App.Commands;
using StreamScoring.App.Hosting;
using StreamScoring.Schemas;

namespace StreamScoring.App.Bench;

/// <summary>
/// Articles to measure with: those of a file as they are, or the bundled ones cut into pieces of news-agency length, so
/// that there are many, of many lengths, and none longer than what every contestant reads.
/// </summary>
internal static class BenchArticles
{
    private const int LongestPiece = 400;
    private const int ShortestPiece = 40;

    /// <summary>So many articles; the file's again from its start where it has fewer.</summary>
    internal static async Task<IReadOnlyList<Article>> LoadAsync(BenchSession session, int count)
    {
        var pieces = new List<Article>();
        var file = session.Options.Articles;
        await foreach (var article in ReadAsync(file ?? BundledFiles.Find("samples/articles.jsonl"), session.Stopping))
        {
            if (file is not null) pieces.Add(article);
            else Cut(article, pieces);
            if (pieces.Count >= count) break;
        }
        if (pieces.Count == 0) throw new CommandException($"{file}: there is no article in it.");
        return [.. Enumerable.Range(0, count).Select(i => new Article { Id = $"{i:D6}", Title = pieces[i % pieces.Count].Title, Body = pieces[i % pieces.Count].Body })];
    }

    /// <summary>As JSON lines: what any program reads.</summary>
    internal static byte[] Encode(Article article)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            json.WriteString("id", article.Id);
            json.WriteString("title", article.Title);
            json.WriteString("text", article.Body);
            json.WriteEndObject();
        }
        return stream.ToArray();
    }

    private static async IAsyncEnumerable<Article> ReadAsync(
        string file, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var (stream, _) = ArticleInput.Open(file);
        using var lines = new LineReader(stream);
        bool more;
        do
        {
            more = await lines.FillAsync(cancellationToken);
            while (lines.TryRead(out var line))
            {
                if (!line.IsBlank && RecordCodec.TryParseLine(line, out var article, out _)) yield return article;
            }
        }
        while (more);
    }

    private static void Cut(Article article, List<Article> pieces)
    {
        var piece = new StringBuilder();
        foreach (var sentence in article.Body.Split(". ", StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (piece.Length + sentence.Length > LongestPiece) Add();
            if (sentence.Length <= LongestPiece) piece.Append(sentence).Append(". ");
        }
        Add();

        void Add()
        {
            if (piece.Length >= ShortestPiece) pieces.Add(new Article { Title = "", Body = piece.ToString().TrimEnd() });
            piece.Clear();
        }
    }
}
