using System.Runtime.ExceptionServices;
using StreamScoring.Schemas;

namespace StreamScoring.Processors.Planning;

/// <summary>
/// Lets models take turns on a machine: threads that are inside of different models' processors work off the articles of
/// one of them together, then those of the next, so that the processor's caches hold the weights of one model at a time.
/// </summary>
/// <remarks>
/// Cohort scheduling (Larus and Parkes, "Using Cohort Scheduling to Enhance Server Performance", USENIX 2002), with the
/// articles of one model as the cohort. Nobody stands still: who waits for its own articles works on those of others. For
/// processors that compute one article after the other; an article is one piece of work.
/// </remarks>
public sealed class CohortScheduler
{
    // A model's turn ends after so many articles where another model's wait, however many more of its own have come.
    private const int LongestTurn = 256;

    private readonly object _signal = new();
    // Calls with articles that nobody has taken, the oldest first.
    private readonly List<Call> _open = [];
    private IArticleProcessor? _turn;
    private int _taken;
    private int _waiting;

    /// <summary>A processor that takes turns with the others of this scheduler.</summary>
    /// <param name="inner">What computes; disposed with the result.</param>
    public IArticleProcessor Add(IArticleProcessor inner)
    {
        ArgumentNullException.ThrowIfNull(inner);
        return new Member(this, inner);
    }

    private void Run(
        IArticleProcessor processor, ReadOnlySpan<Article> batch, Span<IReadOnlyList<string>?> warnings, CancellationToken cancellationToken)
    {
        if (batch.IsEmpty) return;
        var own = new Call(processor, batch.ToArray(), cancellationToken);
        lock (_signal)
        {
            _open.Add(own);
            if (_waiting > 0) Monitor.PulseAll(_signal);
        }
        while (TryTake(own, out var call, out var article))
        {
            var error = call.Compute(article);
            Finish(call, error);
        }
        own.Error?.Throw();
        own.Warnings.CopyTo(warnings);
    }

    /// <summary>The next article for a thread; false once its own call is done.</summary>
    private bool TryTake(Call own, out Call call, out int article)
    {
        lock (_signal)
        {
            while (own.Unfinished > 0)
            {
                if (Choose(own) is { } chosen)
                {
                    call = chosen;
                    article = chosen.Next++;
                    if (chosen.Next == chosen.Articles.Length) _open.Remove(chosen);
                    return true;
                }
                _waiting++;
                Monitor.Wait(_signal);
                _waiting--;
            }
        }
        (call, article) = (own, 0);
        return false;
    }

    private Call? Choose(Call own)
    {
        var isOver = _taken >= LongestTurn;
        if (!isOver && own.Processor == _turn && own.Next < own.Articles.Length)
        {
            // Its articles, and what an earlier model's tokenizer made of them, are in this thread's cache.
            _taken++;
            return own;
        }
        Call? next = null;
        foreach (var call in _open)
        {
            var isItsTurn = call.Processor == _turn;
            if (isItsTurn && !isOver)
            {
                _taken++;
                return call;
            }
            // The oldest of another model, or of this one where there is no other.
            if (next is null || (next.Processor == _turn && !isItsTurn)) next = call;
        }
        if (next is not null) (_turn, _taken) = (next.Processor, 1);
        return next;
    }

    private void Finish(Call call, Exception? error)
    {
        lock (_signal)
        {
            call.Unfinished--;
            if (error is not null && call.Error is null)
            {
                // It fails as a whole: what nobody has taken is left undone.
                call.Error = ExceptionDispatchInfo.Capture(error);
                call.Unfinished -= call.Articles.Length - call.Next;
                call.Next = call.Articles.Length;
                _open.Remove(call);
            }
            if (call.Unfinished == 0 && _waiting > 0) Monitor.PulseAll(_signal);
        }
    }

    /// <summary>A call of a processor that is under way.</summary>
    private sealed class Call(IArticleProcessor processor, Article[] articles, CancellationToken cancellationToken)
    {
        public IArticleProcessor Processor => processor;

        public Article[] Articles => articles;

        public IReadOnlyList<string>?[] Warnings { get; } = new IReadOnlyList<string>?[articles.Length];

        /// <summary>The first article that nobody has taken.</summary>
        public int Next { get; set; }

        /// <summary>Articles that are not computed yet.</summary>
        public int Unfinished { get; set; } = articles.Length;

        public ExceptionDispatchInfo? Error { get; set; }

        /// <summary>Computes an article, on whatever thread took it.</summary>
        /// <returns>Why it failed, or null.</returns>
        public Exception? Compute(int article)
        {
            try
            {
                processor.Process(articles.AsSpan(article, 1), Warnings.AsSpan(article, 1), cancellationToken);
                return null;
            }
            catch (Exception exception)
            {
                return exception;
            }
        }
    }

    private sealed class Member(CohortScheduler scheduler, IArticleProcessor inner) : IArticleProcessor
    {
        public ModelIdentity? Model => inner.Model;

        public void Process(
            ReadOnlySpan<Article> batch, Span<IReadOnlyList<string>?> warnings, CancellationToken cancellationToken) =>
            scheduler.Run(inner, batch, warnings, cancellationToken);

        public void Dispose() => inner.Dispose();
    }
}
