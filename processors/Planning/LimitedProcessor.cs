using StreamScoring.Schemas;

namespace StreamScoring.Processors.Planning;

/// <summary>Lets only so many calls into a processor at once: the others' threads are left to the calls inside.</summary>
public sealed class LimitedProcessor : IArticleProcessor
{
    private readonly IArticleProcessor _inner;
    private readonly SemaphoreSlim _calls;

    /// <summary>Owns <paramref name="inner"/>.</summary>
    /// <param name="inner">The processor.</param>
    /// <param name="calls">Calls at once, at least 1.</param>
    public LimitedProcessor(IArticleProcessor inner, int calls)
    {
        ArgumentNullException.ThrowIfNull(inner);
        ArgumentOutOfRangeException.ThrowIfLessThan(calls, 1);
        _inner = inner;
        _calls = new SemaphoreSlim(calls);
    }

    /// <inheritdoc/>
    public ModelIdentity? Model => _inner.Model;

    /// <inheritdoc/>
    public void Process(
        ReadOnlySpan<Article> batch, Span<IReadOnlyList<string>?> warnings, CancellationToken cancellationToken)
    {
        _calls.Wait(cancellationToken);
        try
        {
            _inner.Process(batch, warnings, cancellationToken);
        }
        finally
        {
            _calls.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _inner.Dispose();
}
