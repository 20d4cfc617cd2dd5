using StreamScoring.Topology.Replies;

namespace StreamScoring.App.Configuration;

/// <summary>Reads section <c>Replies</c>.</summary>
internal static class ReplyReader
{
    /// <summary>The settings, with the answer topics that follow from the nodes where none are named.</summary>
    internal static ReplySettings Read(SettingsReader reader, IReadOnlyList<NodeSettings> nodes, bool fuse)
    {
        var fallback = new ReplySettings();
        var settings = new ReplySettings
        {
            AllowedTopics = Topics(reader, "AllowedTopics", ReplyOptions.PatternComplaint),
            AnswerFrom = Topics(reader, "AnswerFrom", Names.TopicComplaint),
            WritesJson = reader.Either("Format", fallback.WritesJson, "json", "as-output"),
            MaxAnswerBytes = (int)reader.Number("MaxAnswerBytes", fallback.MaxAnswerBytes, 1_024, 100_000_000, "bytes"),
            MaxTopics = (int)reader.Number("MaxTopics", fallback.MaxTopics, 1, 100_000, "topics"),
            AnswersPerSecond = (int)reader.Number("AnswersPerSecond", fallback.AnswersPerSecond, 1, 10_000_000, "answers a second"),
            BytesPerSecond = reader.Number("BytesPerSecond", fallback.BytesPerSecond, 1_024, 1L << 40, "bytes a second"),
            DeliveryTimeoutMs = (int)reader.Number("DeliveryTimeoutMs", fallback.DeliveryTimeoutMs, 1_000, 300_000, "ms"),
        };
        if (settings.AllowedTopics.Count > ReplyOptions.MaxPatterns)
            reader.Problem("AllowedTopics", $"has {settings.AllowedTopics.Count} patterns, at most {ReplyOptions.MaxPatterns} are allowed");
        if (settings.AnswerFrom.Count == 0) settings = settings with { AnswerFrom = TopicGraph.FinalTopics(nodes) };
        else CheckAnswerTopics(reader, settings.AnswerFrom, nodes, fuse);
        // A graph that goes round in a circle is reported elsewhere; it has no ways to follow.
        if (settings.AllowedTopics.Count > 0 && TopicGraph.FindCycle(nodes) is null) CheckWays(reader, settings.AnswerFrom, nodes);
        reader.WarnAboutUnknownKeys();
        return settings;
    }

    private static List<string> Topics(SettingsReader reader, string key, Func<string, string?> complaintAbout)
    {
        var topics = new List<string>();
        // A word where a list belongs would otherwise allow nothing, silently.
        if (reader.Text(key, "").Length > 0) reader.Problem(key, "must be a list");
        foreach (var (index, topic) in reader.Map(key))
        {
            if (complaintAbout(topic) is { } complaint) reader.Problem($"{key}:{index}", complaint);
            topics.Add(topic);
        }
        return topics;
    }

    private static void CheckAnswerTopics(SettingsReader reader, IReadOnlyList<string> answerFrom, IReadOnlyList<NodeSettings> nodes, bool fuse)
    {
        foreach (var topic in answerFrom)
        {
            if (!nodes.Any(node => node.Output == topic)) reader.Problem("AnswerFrom", $"no node writes '{topic}'");
            else if (fuse && nodes.Any(node => node.Input == topic)) reader.Problem("AnswerFrom", $"with Fuse no record is written to '{topic}'");
        }
    }

    /// <summary>A request must have one way to its answer: on two it would get two.</summary>
    private static void CheckWays(SettingsReader reader, IReadOnlyList<string> answerFrom, IReadOnlyList<NodeSettings> nodes)
    {
        foreach (var readers in nodes.GroupBy(node => node.Input, StringComparer.Ordinal))
        {
            var ways = readers.Where(node => TopicGraph.LeadsTo(node, answerFrom, nodes)).Select(node => node.Name).ToArray();
            if (ways.Length < 2) continue;
            reader.Problem("AnswerFrom", $"'{readers.Key}' leads to an answer by the nodes {string.Join(" and ", ways)}: a request would get {ways.Length} answers. Name the topic whose records are the answers");
        }
        foreach (var node in nodes.Where(node => answerFrom.Contains(node.Output)))
        {
            if (nodes.Where(next => next.Input == node.Output).Any(next => TopicGraph.LeadsTo(next, answerFrom, nodes)))
                reader.Problem("AnswerFrom", $"a record of '{node.Output}' is an answer and leads to another one");
        }
    }
}
