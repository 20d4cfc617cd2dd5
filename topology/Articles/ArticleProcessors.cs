using StreamScoring.Processors;

namespace StreamScoring.Topology.Articles;

/// <summary>Makes the processors of all nodes, or says of all nodes why not.</summary>
internal static class ArticleProcessors
{
    /// <returns>By the name of the node.</returns>
    /// <exception cref="TopologyException">The definitions cannot work, or a processor cannot be made.</exception>
    public static Dictionary<string, IArticleProcessor> Create(
        ArticleTopologyOptions options, Func<NodeDefinition, IArticleProcessor> createProcessor)
    {
        var mistakes = NodeGraph.FindMistakes(options);
        if (mistakes.Count > 0) throw new TopologyException(mistakes);

        var processors = new Dictionary<string, IArticleProcessor>(StringComparer.Ordinal);
        var errors = new List<Exception>();
        foreach (var node in options.Nodes)
        {
            if (node.IsIdentity) continue;
            try
            {
                processors.Add(node.Name, createProcessor(node));
            }
            catch (Exception exception)
            {
                mistakes.Add($"Node '{node.Name}' cannot start: {exception.Message}");
                errors.Add(exception);
            }
        }
        if (mistakes.Count == 0) return processors;
        foreach (var processor in processors.Values) processor.Dispose();
        throw new TopologyException(mistakes, new AggregateException(errors));
    }
}
