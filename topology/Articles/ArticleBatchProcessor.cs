using System.Buffers;
using StreamScoring.Schemas;
using StreamScoring.Topology.Processing;

namespace StreamScoring.Topology.Articles;

/// <summary>A model node in a topology: scores what is not late and passes everything on.</summary>
internal sealed class ArticleBatchProcessor(ArticleScorer scorer) : IBatchProcessor<byte[], Article, byte[], Article>
{
    public void Process(
        ReadOnlySpan<Record<byte[], Article>> batch,
        BatchOutput<byte[], Article> output,
        CancellationToken cancellationToken)
    {
        var articles = ArrayPool<Article>.Shared.Rent(batch.Length);
        try
        {
            var count = 0;
            foreach (ref readonly var record in batch)
            {
                if (!scorer.SkipIfLate(record.Value, record.Headers)) articles[count++] = record.Value;
            }
            scorer.Score(articles.AsSpan(0, count), cancellationToken);
            for (var i = 0; i < batch.Length; i++)
            {
                scorer.WarnIfDeadlineUnreadable(batch[i].Value, batch[i].Headers);
                output.Forward(i, batch[i]);
            }
        }
        finally
        {
            ArrayPool<Article>.Shared.Return(articles, clearArray: true);
        }
    }
}
