using StreamScoring.Processors;
using StreamScoring.Schemas;
using StreamScoring.Topology.Execution;

namespace StreamScoring.Topology.Articles;

/// <summary>
/// The nodes without a stream: articles in, the same articles enriched, by the same code and in the same order as in an
/// <see cref="ArticleTopology"/>. Owns the processors. Safe for several threads.
/// </summary>
public sealed class ArticleChain : IDisposable
{
    private readonly IReadOnlyList<IArticleProcessor> _processors;
    private readonly IReadOnlyList<(ArticleScorer Scorer, int MaxRecords)> _nodes;

    private ArticleChain(
        IReadOnlyList<IArticleProcessor> processors, IReadOnlyList<(ArticleScorer Scorer, int MaxRecords)> nodes)
    {
        _processors = processors;
        _nodes = nodes;
    }

    /// <summary>Builds the chain.</summary>
    /// <param name="options">
    /// The nodes; they run in the order in which their topics connect them, though no topic is there. Kind
    /// <c>identity</c> does nothing.
    /// </param>
    /// <param name="createProcessor">Makes the processor of a node; the chain disposes of it.</param>
    /// <exception cref="TopologyException">The nodes cannot work; carries every mistake.</exception>
    public static ArticleChain Build(
        ArticleTopologyOptions options, Func<NodeDefinition, IArticleProcessor> createProcessor)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(createProcessor);
        var processors = ArticleProcessors.Create(options, createProcessor);
        return new ArticleChain(
            [.. processors.Values],
            [.. NodeGraph.InOrder(options.Nodes).Where(static node => !node.IsIdentity).Select(node => (
                new ArticleScorer(node.Name, processors[node.Name], options.TimeProvider), node.Batch.MaxRecords))]);
    }

    /// <summary>Enriches articles in place. One that a node cannot score keeps its neighbours from nothing.</summary>
    /// <param name="articles">Any number.</param>
    /// <param name="cancellationToken">Ends the work between two calls of a processor.</param>
    /// <returns>As long as <paramref name="articles"/>: null, or where and why this one failed.</returns>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public IReadOnlyList<ArticleFailure?> Score(IReadOnlyList<Article> articles, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(articles);
        var failures = new ArticleFailure?[articles.Count];
        foreach (var (scorer, maxRecords) in _nodes)
        {
            var pass = new ScoringPass(scorer, articles, failures, cancellationToken);
            for (var start = 0; start < pass.Count; start += maxRecords)
                Bisection.Run(pass, start, Math.Min(maxRecords, pass.Count - start));
        }
        return failures;
    }

    /// <summary>Disposes of the processors.</summary>
    public void Dispose()
    {
        foreach (var processor in _processors) processor.Dispose();
    }

    /// <summary>One node's turn on the articles that have not failed.</summary>
    private sealed class ScoringPass : IBisected
    {
        private readonly ArticleScorer _scorer;
        private readonly ArticleFailure?[] _failures;
        private readonly CancellationToken _cancellationToken;
        private readonly Article[] _articles;
        private readonly int[] _indexes;

        public ScoringPass(
            ArticleScorer scorer,
            IReadOnlyList<Article> articles,
            ArticleFailure?[] failures,
            CancellationToken cancellationToken)
        {
            _scorer = scorer;
            _failures = failures;
            _cancellationToken = cancellationToken;
            _articles = new Article[articles.Count];
            _indexes = new int[articles.Count];
            for (var i = 0; i < articles.Count; i++)
            {
                if (failures[i] is not null) continue;
                _articles[Count] = articles[i];
                _indexes[Count++] = i;
            }
        }

        public int Count { get; }

        public Exception? TryRun(int start, int length)
        {
            _cancellationToken.ThrowIfCancellationRequested();
            try
            {
                _scorer.Score(_articles.AsSpan(start, length), _cancellationToken);
                return null;
            }
            catch (Exception exception)
                when (exception is not OperationCanceledException || !_cancellationToken.IsCancellationRequested)
            {
                return exception;
            }
        }

        public void Succeeded(int start, int length)
        {
        }

        public void Failed(int index, Exception exception) =>
            _failures[_indexes[index]] = new ArticleFailure(_scorer.Node, exception);
    }
}

/// <summary>An article that could not be scored.</summary>
/// <param name="Node">The node that could not.</param>
/// <param name="Error">Why.</param>
public sealed record ArticleFailure(string Node, Exception Error)
{
    /// <summary>One line for people.</summary>
    public override string ToString() => $"node '{Node}': {Error.Message}";
}
