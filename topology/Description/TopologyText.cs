using System.Globalization;
using System.Text;

namespace StreamScoring.Topology.Description;

/// <summary>The layout of Kafka Streams' TopologyDescription.toString(), which tools and people know how to read.</summary>
internal static class TopologyText
{
    public static string Render(TopologyDescription description)
    {
        var text = new StringBuilder("Topologies:\n ");
        foreach (var sub in description.SubTopologies)
        {
            text.Append(CultureInfo.InvariantCulture, $"  Sub-topology: {sub.Id}\n");
            foreach (var node in sub.Nodes) Append(text, node);
            text.Append('\n');
        }
        return text.ToString();
    }

    private static void Append(StringBuilder text, NodeDescription node)
    {
        var what = node.Kind switch
        {
            NodeDescriptionKind.Source => $"Source: {node.Name} (topics: [{string.Join(", ", node.Topics)}])",
            NodeDescriptionKind.Sink when node.Topics.Count == 0 => $"Sink: {node.Name} (topic extractor)",
            NodeDescriptionKind.Sink => $"Sink: {node.Name} (topic: {node.Topics[0]})",
            _ when node.BatchMaxRecords is { } records => $"Processor: {node.Name} (stores: [], batch: {records})",
            _ => $"Processor: {node.Name} (stores: [])",
        };
        text.Append("    ").Append(what).Append('\n');
        if (node.Kind != NodeDescriptionKind.Sink) text.Append("      --> ").Append(Names(node.Successors)).Append('\n');
        if (node.Kind != NodeDescriptionKind.Source) text.Append("      <-- ").Append(Names(node.Predecessors)).Append('\n');
    }

    private static string Names(IReadOnlyList<string> names) => names.Count == 0 ? "none" : string.Join(", ", names);
}
