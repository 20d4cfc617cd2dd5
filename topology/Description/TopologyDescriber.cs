using StreamScoring.Topology.Graph;

namespace StreamScoring.Topology.Description;

internal static class TopologyDescriber
{
    public static TopologyDescription Describe(IReadOnlyList<SubTopology> subTopologies) =>
        new([.. subTopologies.Select(static sub => new SubTopologyDescription(sub.Id, [.. sub.Nodes.Select(Describe)]))]);

    private static NodeDescription Describe(GraphNode node) => new(
        node.Name,
        node.Kind switch
        {
            NodeKind.Source => NodeDescriptionKind.Source,
            NodeKind.Sink => NodeDescriptionKind.Sink,
            _ => NodeDescriptionKind.Processor,
        },
        node.Topics,
        (node as IBatchNode)?.Options.MaxRecords,
        [.. node.Parents.Select(static parent => parent.Name)],
        [.. node.Children.Select(static child => child.Name)]);
}
