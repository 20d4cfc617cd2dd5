using System.Runtime.ExceptionServices;
using StreamScoring.Schemas;

namespace StreamScoring.Processors.Planning;

/// <summary>Runs a model over articles with nothing around it: what the machine can do with it.</summary>
public static class ModelPass
{
    /// <summary>Scores every article once.</summary>
    /// <param name="processor">The model's processor.</param>
    /// <param name="articles">Enriched in place.</param>
    /// <param name="plan">How many calls at once. A call gets eight runs' rows, or four articles where a run has one row.</param>
    /// <param name="cancellationToken">Ends the pass between two calls.</param>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static void Run(
        IArticleProcessor processor, IReadOnlyList<Article> articles, ModelPlan plan, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(processor);
        ArgumentNullException.ThrowIfNull(articles);
        ArgumentNullException.ThrowIfNull(plan);
        var perCall = plan.RowsPerRun == 1 ? 4 : plan.RowsPerRun * 8;
        var next = -perCall;
        ExceptionDispatchInfo? failure = null;
        var threads = new Thread[plan.Calls];
        for (var i = 0; i < threads.Length; i++)
        {
            threads[i] = new Thread(Work) { IsBackground = true, Name = "streamscoring pass" };
            threads[i].Start();
        }
        foreach (var thread in threads) thread.Join();
        failure?.Throw();

        void Work()
        {
            var batch = new Article[perCall];
            var warnings = new IReadOnlyList<string>?[perCall];
            try
            {
                while (true)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    var start = Interlocked.Add(ref next, perCall);
                    if (start >= articles.Count || failure is not null) return;
                    var count = Math.Min(perCall, articles.Count - start);
                    for (var i = 0; i < count; i++) batch[i] = articles[start + i];
                    Array.Clear(warnings);
                    processor.Process(batch.AsSpan(0, count), warnings.AsSpan(0, count), cancellationToken);
                }
            }
            catch (Exception exception)
            {
                failure ??= ExceptionDispatchInfo.Capture(exception);
            }
        }
    }
}
