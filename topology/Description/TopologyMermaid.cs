using System.Globalization;
using System.Text;

namespace StreamScoring.Topology.Description;

internal static class TopologyMermaid
{
    public static string Render(TopologyDescription description)
    {
        var text = new StringBuilder("flowchart LR\n");
        var nodeIds = new Dictionary<string, string>(StringComparer.Ordinal);
        var topicIds = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var node in description.SubTopologies.SelectMany(static sub => sub.Nodes))
        {
            nodeIds.Add(node.Name, Invariant($"n{nodeIds.Count}"));
            foreach (var topic in node.Topics) topicIds.TryAdd(topic, Invariant($"t{topicIds.Count}"));
        }

        foreach (var (topic, id) in topicIds) text.Append(Invariant($"  {id}[({Label(topic)})]\n"));
        foreach (var sub in description.SubTopologies)
        {
            text.Append(Invariant($"  subgraph s{sub.Id}[\"Sub-topology {sub.Id}\"]\n"));
            foreach (var node in sub.Nodes) text.Append(Invariant($"    {nodeIds[node.Name]}[{Label(node.Name)}]\n"));
            text.Append("  end\n");
        }
        foreach (var node in description.SubTopologies.SelectMany(static sub => sub.Nodes))
        {
            foreach (var topic in node.Topics)
            {
                text.Append(node.Kind == NodeDescriptionKind.Source
                    ? Invariant($"  {topicIds[topic]} --> {nodeIds[node.Name]}\n")
                    : Invariant($"  {nodeIds[node.Name]} --> {topicIds[topic]}\n"));
            }
            foreach (var child in node.Successors)
                text.Append(Invariant($"  {nodeIds[node.Name]} --> {nodeIds[child]}\n"));
        }
        return text.ToString();
    }

    /// <summary>Names follow Kafka's rule for topics, so nothing in them needs escaping inside quotes.</summary>
    private static string Label(string name) => $"\"{name}\"";

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
