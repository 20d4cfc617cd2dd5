namespace StreamScoring.App.Configuration;

/// <summary>What follows from the nodes' inputs and outputs.</summary>
internal static class TopicGraph
{
    /// <summary>Topics that nodes write and no node reads: where enriched articles come out.</summary>
    internal static IReadOnlyList<string> FinalTopics(IReadOnlyList<NodeSettings> nodes)
    {
        var final = new List<string>();
        foreach (var node in nodes)
        {
            if (!nodes.Any(other => other.Input == node.Output) && !final.Contains(node.Output)) final.Add(node.Output);
        }
        return final;
    }

    /// <summary>Topics that nodes read and no node writes: where articles come in.</summary>
    internal static IReadOnlyList<string> FirstTopics(IReadOnlyList<NodeSettings> nodes)
    {
        var first = new List<string>();
        foreach (var node in nodes)
        {
            if (!nodes.Any(other => other.Output == node.Input) && !first.Contains(node.Input)) first.Add(node.Input);
        }
        return first;
    }

    /// <summary>Whether what a node takes can come to one of these topics.</summary>
    internal static bool LeadsTo(NodeSettings node, IReadOnlyList<string> topics, IReadOnlyList<NodeSettings> nodes)
    {
        var reached = new List<string> { node.Output };
        for (var i = 0; i < reached.Count; i++)
        {
            if (topics.Contains(reached[i])) return true;
            reached.AddRange(nodes.Where(next => next.Input == reached[i]).Select(next => next.Output).Where(topic => !reached.Contains(topic)).Distinct());
        }
        return false;
    }

    /// <summary>Every topic the nodes touch, dead letters included, in the order of the way.</summary>
    /// <param name="nodes">The nodes.</param>
    /// <param name="deadLetterTopic">Topic for dead letters.</param>
    /// <param name="fuse">True where nodes that follow each other need no topic between them.</param>
    internal static IReadOnlyList<string> AllTopics(IReadOnlyList<NodeSettings> nodes, string deadLetterTopic, bool fuse)
    {
        var topics = new List<string>();
        foreach (var node in nodes)
        {
            if (!topics.Contains(node.Input) && !(fuse && nodes.Any(other => other.Output == node.Input))) topics.Add(node.Input);
            if (!topics.Contains(node.Output) && !(fuse && nodes.Any(other => other.Input == node.Output))) topics.Add(node.Output);
        }
        if (!topics.Contains(deadLetterTopic)) topics.Add(deadLetterTopic);
        return topics;
    }

    /// <summary>The names of nodes that feed each other in a circle, or null.</summary>
    internal static IReadOnlyList<string>? FindCycle(IReadOnlyList<NodeSettings> nodes)
    {
        var way = new List<NodeSettings>();
        var finished = new HashSet<NodeSettings>(ReferenceEqualityComparer.Instance);
        foreach (var node in nodes)
        {
            if (Follow(node, nodes, way, finished) is { } cycle) return cycle;
        }
        return null;
    }

    private static List<string>? Follow(
        NodeSettings node, IReadOnlyList<NodeSettings> nodes, List<NodeSettings> way, HashSet<NodeSettings> finished)
    {
        var start = way.FindIndex(seen => ReferenceEquals(seen, node));
        if (start >= 0) return [.. way.Skip(start).Select(seen => seen.Name), node.Name];
        if (finished.Contains(node) || node.Output.Length == 0) return null;
        way.Add(node);
        foreach (var next in nodes)
        {
            // A node that reads its own output is reported by itself.
            if (next.Input != node.Output || ReferenceEquals(next, node)) continue;
            if (Follow(next, nodes, way, finished) is { } cycle) return cycle;
        }
        way.RemoveAt(way.Count - 1);
        finished.Add(node);
        return null;
    }
}
