using StreamScoring.Schemas;

namespace StreamScoring.App.Articles;

/// <summary>Enriched articles as lines on standard output while that is no terminal.</summary>
internal sealed class ArticleOutput(Stream? output, ArticleSerde serde) : IDisposable
{
    private readonly LineWriter? _lines = output is null ? null : new LineWriter(output);
    private readonly CancellationTokenSource _closed = new();

    /// <summary>Set when nobody reads the output any more.</summary>
    internal CancellationToken Closed => _closed.Token;

    /// <summary>Writes one line.</summary>
    internal void Write(Article article)
    {
        if (_lines is null || _closed.IsCancellationRequested) return;
        serde.Encode(article, ArticleFormat.Json, _lines);
        if (!_lines.EndLine()) _closed.Cancel();
    }

    /// <summary>Writes out what has gathered.</summary>
    internal void Flush()
    {
        if (_lines is { HasPending: true } && !_lines.Flush()) _closed.Cancel();
    }

    public void Dispose()
    {
        _lines?.Dispose();
        _closed.Dispose();
    }
}
