using StreamScoring.Schemas;

namespace StreamScoring.Processors;

/// <summary>
/// A processing node's computation: enriches articles in place. It gets decoded records and knows no topics, offsets,
/// loggers or clocks; the topology observes it from outside and writes the provenance.
/// </summary>
/// <remarks>
/// Calls may come from several threads at once. What an article gets must not depend on its neighbours in the batch:
/// a replay cuts batches elsewhere and must give the same answer.
/// </remarks>
public interface IArticleProcessor : IDisposable
{
    /// <summary>The model that answers, or null where a node has none (kind <c>identity</c>).</summary>
    ModelIdentity? Model { get; }

    /// <summary>Enriches every article of <paramref name="batch"/>.</summary>
    /// <param name="batch">Articles, each enriched in place. Scoring an article twice overwrites the first answer.</param>
    /// <param name="warnings">
    /// As long as <paramref name="batch"/>, all null on entry: set where something is worth telling the reader of
    /// that article, e.g. "truncated at 512 tokens".
    /// </param>
    /// <param name="cancellationToken">Ends the work between two articles.</param>
    /// <exception cref="Exception">
    /// Any exception fails the whole call; the caller then narrows the batch down to the article that cannot be scored.
    /// </exception>
    void Process(ReadOnlySpan<Article> batch, Span<IReadOnlyList<string>?> warnings, CancellationToken cancellationToken);
}

/// <summary>Which model gave an answer: goes into the provenance of every record.</summary>
/// <param name="Name">The model's name from model.json.</param>
/// <param name="Version">Its version from model.json.</param>
/// <param name="Sha256">SHA-256 of model.onnx, lower-case hexadecimal.</param>
public sealed record ModelIdentity(string Name, string Version, string Sha256);
