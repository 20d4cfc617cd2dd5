using System.Buffers;
using StreamScoring.Processors;
using StreamScoring.Schemas;

namespace StreamScoring.Topology.Articles;

/// <summary>
/// Runs a node's processor and writes the provenance: whoever scores articles, from a stream or from a file, does it
/// through this. Safe for several threads where the processor is, as it has to be.
/// </summary>
internal sealed class ArticleScorer(string node, IArticleProcessor processor, TimeProvider time)
{
    private const string DeadlinePassed = "deadline passed, not scored";
    private const string DeadlineUnreadable = "streamscoring_deadline is no number, ignored";

    public string Node => node;

    /// <summary>Enriches articles and gives each its provenance; all of them, or none where the processor throws.</summary>
    public void Score(ReadOnlySpan<Article> articles, CancellationToken cancellationToken)
    {
        if (articles.IsEmpty) return;
        var warnings = ArrayPool<IReadOnlyList<string>?>.Shared.Rent(articles.Length);
        try
        {
            var ownWarnings = warnings.AsSpan(0, articles.Length);
            ownWarnings.Clear();
            var start = time.GetTimestamp();
            processor.Process(articles, ownWarnings, cancellationToken);
            var elapsed = time.GetElapsedTime(start);
            var durationUs = (long)elapsed.TotalMicroseconds / articles.Length;
            var scoredAt = time.GetUtcNow();
            for (var i = 0; i < articles.Length; i++)
                Put(articles[i].Provenance, CreateEntry(scoredAt, durationUs, ownWarnings[i]));
        }
        finally
        {
            ArrayPool<IReadOnlyList<string>?>.Shared.Return(warnings, clearArray: true);
        }
    }

    /// <summary>Whether a record's deadline has passed; then its provenance says so and it is not to be scored.</summary>
    public bool SkipIfLate(Article article, RecordHeaders headers)
    {
        if (!ArticleHeaders.TryGetDeadline(headers, out var deadlineMs) || deadlineMs is not { } deadline) return false;
        var now = time.GetUtcNow();
        if (now.ToUnixTimeMilliseconds() <= deadline) return false;
        // An answer that this node gave earlier stays, and so does what is known about it.
        if (!article.Provenance.Exists(entry => entry.Node == node))
            article.Provenance.Add(CreateEntry(now, 0, [DeadlinePassed]));
        return true;
    }

    /// <summary>Tells the reader of an article that its deadline was no number.</summary>
    public void WarnIfDeadlineUnreadable(Article article, RecordHeaders headers)
    {
        if (ArticleHeaders.TryGetDeadline(headers, out _)) return;
        article.Provenance.Find(entry => entry.Node == node)?.Warnings.Add(DeadlineUnreadable);
    }

    private Provenance CreateEntry(DateTimeOffset scoredAt, long durationUs, IReadOnlyList<string>? warnings) => new()
    {
        Node = node,
        Model = processor.Model?.Name ?? "",
        Version = processor.Model?.Version ?? "",
        Sha256 = processor.Model?.Sha256 ?? "",
        ScoredAt = scoredAt,
        DurationUs = durationUs,
        Warnings = warnings is null ? [] : [.. warnings],
    };

    /// <summary>One entry for each node: scoring again replaces the earlier one where it stands.</summary>
    private void Put(List<Provenance> provenance, Provenance entry)
    {
        for (var i = 0; i < provenance.Count; i++)
        {
            if (provenance[i].Node != node) continue;
            provenance[i] = entry;
            return;
        }
        provenance.Add(entry);
    }
}
