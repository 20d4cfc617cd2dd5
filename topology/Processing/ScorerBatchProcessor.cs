using System.Buffers;

namespace StreamScoring.Topology.Processing;

/// <summary>A batch processor that gives every record one new value.</summary>
internal sealed class ScorerBatchProcessor<TKey, TValue, TResult>(BatchScorer<TKey, TValue, TResult> scorer)
    : IBatchProcessor<TKey, TValue, TKey, TResult>
{
    public void Process(
        ReadOnlySpan<Record<TKey, TValue>> batch,
        BatchOutput<TKey, TResult> output,
        CancellationToken cancellationToken)
    {
        var results = ArrayPool<TResult>.Shared.Rent(batch.Length);
        try
        {
            var span = results.AsSpan(0, batch.Length);
            span.Clear();
            scorer(batch, span, cancellationToken);
            for (var i = 0; i < batch.Length; i++) output.Forward(i, batch[i].WithValue(span[i]));
        }
        finally
        {
            ArrayPool<TResult>.Shared.Return(results, clearArray: true);
        }
    }
}
