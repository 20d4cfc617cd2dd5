using StreamScoring.App.Configuration;

namespace StreamScoring.App.DeadLetters;

/// <summary>Finds the topic through which a dead letter reaches the node that failed.</summary>
/// <param name="options">The nodes.</param>
/// <param name="only">A topic that the user named for all; null: none.</param>
/// <param name="partitions">The cluster's topics, with their numbers of partitions.</param>
internal sealed class ReplayTarget(AppOptions options, string? only, IReadOnlyDictionary<string, int> partitions)
{
    // Dead letters come from a topic that anybody may write to: only what nodes read is ever written.
    private readonly HashSet<string> _inputs = new(
        options.Fuse ? TopicGraph.FirstTopics(options.Nodes) : options.Nodes.Select(static node => node.Input), StringComparer.Ordinal);

    /// <summary>The topic, or why there is none.</summary>
    internal (string? Topic, string? Problem) Find(Letter letter)
    {
        var topic = only ?? FromNodes(letter);
        if (topic is null)
        {
            return (null, letter.Says.Topic is { } origin
                ? $"no configured node reads its topic {View.TextCleaner.Line(origin)}, and its node {View.TextCleaner.Line(letter.Says.Node ?? "(none)")} is not configured: give the --config it ran with, or --to TOPIC"
                : "its headers do not say where it came from: give --to TOPIC");
        }
        return partitions.ContainsKey(topic) ? (topic, null) : (null, $"topic {topic} does not exist");
    }

    /// <summary>The partition it came from where it goes back to its topic; null leaves the choice to the key.</summary>
    internal int? PartitionOf(Letter letter, string topic) =>
        letter.Says.Topic == topic && letter.Says.Partition is { } partition && partition < partitions[topic] ? partition : null;

    private string? FromNodes(Letter letter)
    {
        if (letter.Says.Topic is { } origin && _inputs.Contains(origin)) return origin;
        var input = options.Nodes.FirstOrDefault(node => node.Name == letter.Says.Node)?.Input;
        return input is not null && _inputs.Contains(input) ? input : null;
    }
}
