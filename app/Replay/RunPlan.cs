using StreamScoring.App.Commands;
using StreamScoring.App.Configuration;

namespace StreamScoring.App.Replay;

/// <summary>What a run of a captured topic consists of: the nodes behind that topic, on topics of the run's own.</summary>
internal sealed class RunPlan
{
    private readonly string _prefix;
    private readonly IReadOnlyList<NodeSettings> _original;

    private RunPlan(IReadOnlyList<NodeSettings> nodes, string prefix) => (_original, _prefix) = (nodes, prefix);

    /// <summary>The nodes as they are configured.</summary>
    internal IReadOnlyList<NodeSettings> OriginalNodes => _original;

    /// <summary>The nodes on the run's topics.</summary>
    internal IReadOnlyList<NodeSettings> Nodes => [.. _original.Select(node => node with { Input = _prefix + node.Input, Output = _prefix + node.Output })];

    /// <summary>Finds the nodes that a record of a topic passes.</summary>
    /// <param name="nodes">The configured nodes.</param>
    /// <param name="topic">The captured topic.</param>
    /// <param name="prefix">How the run's topics begin; empty where they can have the names of the captured ones.</param>
    /// <exception cref="CommandException">None reads it.</exception>
    internal static RunPlan Create(IReadOnlyList<NodeSettings> nodes, string topic, string prefix)
    {
        var topics = new HashSet<string>(StringComparer.Ordinal) { topic };
        var behind = new HashSet<NodeSettings>(ReferenceEqualityComparer.Instance);
        bool found;
        do
        {
            found = false;
            foreach (var node in nodes)
            {
                if (!topics.Contains(node.Input) || !behind.Add(node)) continue;
                topics.Add(node.Output);
                found = true;
            }
        }
        while (found);
        if (behind.Count == 0)
        {
            throw new CommandException(
                $"No node reads {topic}, the captured topic. Nodes read {string.Join(", ", nodes.Select(static node => node.Input).Distinct())}: give the --config whose nodes are to run.");
        }
        return new RunPlan([.. nodes.Where(behind.Contains)], prefix);
    }

    /// <summary>A topic of the run.</summary>
    internal string Own(string topic) => _prefix + topic;

    /// <summary>The name without what marks it as the run's.</summary>
    internal string Original(string topic) => topic.StartsWith(_prefix, StringComparison.Ordinal) ? topic[_prefix.Length..] : topic;

    /// <summary>Where the records of a topic come out at last: topics that nodes write and none reads. By their original names.</summary>
    internal HashSet<string> FinalTopics(string topic)
    {
        var final = new HashSet<string>(StringComparer.Ordinal);
        Follow(topic);
        return final;

        void Follow(string from)
        {
            var isRead = false;
            foreach (var node in _original)
            {
                if (node.Input != from) continue;
                isRead = true;
                Follow(node.Output);
            }
            if (!isRead) final.Add(from);
        }
    }
}
