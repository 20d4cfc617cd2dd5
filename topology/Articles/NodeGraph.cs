namespace StreamScoring.Topology.Articles;

/// <summary>Checks node definitions as a whole and finds the chains that run in memory.</summary>
internal static class NodeGraph
{
    /// <summary>Everything that is wrong, in the order of the nodes.</summary>
    public static List<string> FindMistakes(ArticleTopologyOptions options)
    {
        var mistakes = new List<string>();
        if (options.Nodes.Count == 0) mistakes.Add("There are no nodes.");
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var node in options.Nodes)
        {
            if (!TopicName.IsValid(node.Name, out var reason)) mistakes.Add($"Node name: {reason}");
            else if (!names.Add(node.Name)) mistakes.Add($"Two nodes have the name '{node.Name}'.");
            CheckKind(node, options.KnownKinds, mistakes);
            CheckTopics(node, options.DeadLetterTopic, mistakes);
            node.Batch.Validate(node.Name, mistakes);
        }
        if (options.DeadLetterTopic is { } deadLetters && !TopicName.IsValid(deadLetters, out var why))
            mistakes.Add($"DeadLetterTopic: {why}");
        if (FindCycle(options.Nodes) is { } cycle)
            mistakes.Add($"Nodes feed each other in a circle, a record would never come out: {string.Join(" -> ", cycle)}.");
        if (options.Fuse) CheckChains(options.Nodes, mistakes);
        return mistakes;
    }

    /// <summary>Nodes that run one after the other in memory: chains where fused, else each node by itself.</summary>
    public static List<List<NodeDefinition>> FindChains(ArticleTopologyOptions options)
    {
        if (!options.Fuse) return options.Nodes.Select(static node => new List<NodeDefinition> { node }).ToList();
        var byInput = options.Nodes.ToDictionary(static node => node.Input, StringComparer.Ordinal);
        var outputs = options.Nodes.Select(static node => node.Output).ToHashSet(StringComparer.Ordinal);
        var chains = new List<List<NodeDefinition>>();
        foreach (var first in options.Nodes)
        {
            if (outputs.Contains(first.Input)) continue;
            var chain = new List<NodeDefinition>();
            for (var node = first; node is not null; node = byInput.GetValueOrDefault(node.Output)) chain.Add(node);
            chains.Add(chain);
        }
        return chains;
    }

    /// <summary>The nodes in the order in which a record meets them; those with nothing between them as they are listed.</summary>
    public static List<NodeDefinition> InOrder(IReadOnlyList<NodeDefinition> nodes)
    {
        var waiting = nodes.ToList();
        var ordered = new List<NodeDefinition>(nodes.Count);
        while (waiting.Count > 0)
        {
            var next = waiting.Find(node => !waiting.Exists(other => other.Output == node.Input))!;
            waiting.Remove(next);
            ordered.Add(next);
        }
        return ordered;
    }

    private static void CheckKind(NodeDefinition node, IReadOnlyCollection<string>? knownKinds, List<string> mistakes)
    {
        if (string.IsNullOrWhiteSpace(node.Kind))
            mistakes.Add($"Node '{node.Name}' has no kind.");
        else if (knownKinds is not null && !node.IsIdentity && !knownKinds.Contains(node.Kind))
            mistakes.Add($"Node '{node.Name}': there is no kind '{node.Kind}', but {string.Join(", ", knownKinds)}.");
    }

    private static void CheckTopics(NodeDefinition node, string? deadLetterTopic, List<string> mistakes)
    {
        if (!TopicName.IsValid(node.Input, out var reason)) mistakes.Add($"Node '{node.Name}', input: {reason}");
        if (!TopicName.IsValid(node.Output, out reason)) mistakes.Add($"Node '{node.Name}', output: {reason}");
        if (deadLetterTopic is null) return;
        if (node.Input == deadLetterTopic)
            mistakes.Add($"Node '{node.Name}' reads the dead-letter topic '{deadLetterTopic}': a record that fails would come back for ever.");
        if (node.Output == deadLetterTopic)
            mistakes.Add($"Node '{node.Name}' writes to the dead-letter topic '{deadLetterTopic}': dead letters and articles would mix.");
    }

    private static void CheckChains(IReadOnlyList<NodeDefinition> nodes, List<string> mistakes)
    {
        foreach (var group in nodes.GroupBy(static node => node.Input, StringComparer.Ordinal))
        {
            if (group.Count() > 1)
                mistakes.Add($"Fuse: nodes {Quoted(group)} all read '{group.Key}', but nodes in memory form a chain. Set Fuse to false, or give them different inputs.");
        }
        foreach (var group in nodes.GroupBy(static node => node.Output, StringComparer.Ordinal))
        {
            if (group.Count() > 1 && nodes.Any(node => node.Input == group.Key))
                mistakes.Add($"Fuse: nodes {Quoted(group)} all feed '{group.Key}', but nodes in memory form a chain. Set Fuse to false, or give them different outputs.");
        }
    }

    private static string Quoted(IEnumerable<NodeDefinition> nodes) =>
        string.Join(", ", nodes.Select(static node => $"'{node.Name}'"));

    /// <summary>Follows every way from every node; a way that comes back to itself is a circle.</summary>
    private static List<string>? FindCycle(IReadOnlyList<NodeDefinition> nodes)
    {
        var finished = new HashSet<int>();
        var way = new List<int>();
        for (var i = 0; i < nodes.Count; i++)
        {
            if (Follow(i, nodes, way, finished) is { } cycle) return cycle;
        }
        return null;
    }

    private static List<string>? Follow(int at, IReadOnlyList<NodeDefinition> nodes, List<int> way, HashSet<int> finished)
    {
        var start = way.IndexOf(at);
        if (start >= 0) return [.. way.Skip(start).Append(at).Select(index => nodes[index].Name)];
        if (finished.Contains(at)) return null;
        way.Add(at);
        for (var next = 0; next < nodes.Count; next++)
        {
            if (nodes[next].Input == nodes[at].Output && Follow(next, nodes, way, finished) is { } cycle) return cycle;
        }
        way.RemoveAt(way.Count - 1);
        finished.Add(at);
        return null;
    }
}
