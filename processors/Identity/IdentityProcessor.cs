using StreamScoring.Schemas;

namespace StreamScoring.Processors.Identity;

/// <summary>Leaves articles as they are: for tests, and for measuring everything around a model.</summary>
public sealed class IdentityProcessor : IArticleProcessor
{
    /// <summary>Name of the kind in a node's configuration.</summary>
    public const string Kind = "identity";

    /// <inheritdoc/>
    public ModelIdentity? Model => null;

    /// <inheritdoc/>
    public void Process(
        ReadOnlySpan<Article> batch, Span<IReadOnlyList<string>?> warnings, CancellationToken cancellationToken) =>
        cancellationToken.ThrowIfCancellationRequested();

    /// <inheritdoc/>
    public void Dispose()
    {
    }
}
