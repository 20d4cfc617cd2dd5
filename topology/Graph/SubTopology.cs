using StreamScoring.Topology.Execution;
using StreamScoring.Topology.Processing;

namespace StreamScoring.Topology.Graph;

/// <summary>Nodes that are connected other than through a topic, laid out in stages.</summary>
internal sealed class SubTopology
{
    private readonly Dictionary<string, SourceNode> _sources = new(StringComparer.Ordinal);

    public SubTopology(int id, IReadOnlyList<GraphNode> nodes)
    {
        Id = id;
        Nodes = SortTopologically(nodes);
        foreach (var node in Nodes)
        {
            node.SubTopologyId = id;
            if (node is not SourceNode source) continue;
            foreach (var topic in source.Topics) _sources[topic] = source;
        }
        SourceTopics = [.. Nodes.OfType<SourceNode>().SelectMany(static source => source.Topics)];
        SinkTopics = [.. Nodes.Where(static node => node.Kind == NodeKind.Sink)
            .SelectMany(static sink => sink.Topics).Distinct()];
        Stages = AssignStages();
        ProcessNodes = [.. Nodes.OfType<IProcessNode>()];
        for (var i = 0; i < ProcessNodes.Count; i++) ProcessNodes[i].ProcessIndex = i;
        var batchNodes = Nodes.OfType<IBatchNode>().ToList();
        for (var i = 0; i < batchNodes.Count; i++) batchNodes[i].BatchIndex = i;
        BatchNodeCount = batchNodes.Count;
        Limits = LimitsOf(batchNodes);
    }

    public int Id { get; }

    /// <summary>Parents before children.</summary>
    public IReadOnlyList<GraphNode> Nodes { get; }

    public IReadOnlyList<string> SourceTopics { get; }

    public IReadOnlyList<string> SinkTopics { get; }

    /// <summary>Nodes of stages 1, 2, …</summary>
    public IReadOnlyList<IStageNode> Stages { get; }

    public IReadOnlyList<IProcessNode> ProcessNodes { get; }

    public int BatchNodeCount { get; }

    /// <summary>Wide enough for the widest batch operator, waiting no longer than the most impatient one.</summary>
    public BatchLimits Limits { get; }

    public SourceNode? SourceOf(string topic) => _sources.GetValueOrDefault(topic);

    private static BatchLimits LimitsOf(List<IBatchNode> nodes) => nodes.Count == 0
        ? BatchLimits.RecordByRecord
        : new BatchLimits(
            nodes.Max(static node => node.Options.MaxRecords),
            nodes.Min(static node => node.Options.MaxBytes),
            nodes.Min(static node => node.Options.Linger));

    /// <summary>
    /// A batch operator waits for the whole batch. So does a processor with state after one: it must see its records in
    /// input order.
    /// </summary>
    private List<IStageNode> AssignStages()
    {
        var stages = new List<IStageNode>();
        var isAfterBatch = new HashSet<GraphNode>();
        foreach (var node in Nodes)
        {
            if (node.Parents.Any(isAfterBatch.Contains)) isAfterBatch.Add(node);
            if (node is IBatchNode || (node is IProcessNode && isAfterBatch.Contains(node)))
            {
                stages.Add((IStageNode)node);
                node.Stage = stages.Count;
            }
            if (node is IBatchNode) isAfterBatch.Add(node);
        }
        return stages;
    }

    /// <summary>Kahn's algorithm; among those that are ready, the one that was added first.</summary>
    private static List<GraphNode> SortTopologically(IReadOnlyList<GraphNode> nodes)
    {
        var position = new Dictionary<GraphNode, int>();
        for (var i = 0; i < nodes.Count; i++) position[nodes[i]] = i;
        var missing = nodes.ToDictionary(static node => node, static node => node.Parents.Count);
        var ready = new SortedSet<int>(nodes.Where(node => missing[node] == 0).Select(node => position[node]));
        var sorted = new List<GraphNode>(nodes.Count);
        while (ready.Count > 0)
        {
            var node = nodes[ready.Min];
            ready.Remove(ready.Min);
            sorted.Add(node);
            foreach (var child in node.Children)
            {
                if (--missing[child] == 0) ready.Add(position[child]);
            }
        }
        return sorted;
    }
}
