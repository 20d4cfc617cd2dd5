namespace StreamScoring.Topology.Graph;

internal enum NodeKind
{
    Source,
    Processor,
    Batch,
    Sink,
}

/// <summary>
/// A node of the graph: its place, and below it the code that runs. Built once, then never changed, so that any number
/// of executors and threads share it; what changes lives in the <c>Pass</c> and in the <c>StreamTask</c>.
/// </summary>
internal abstract class GraphNode(string name, NodeKind kind)
{
    public string Name { get; } = name;

    public NodeKind Kind { get; } = kind;

    /// <summary>The name that errors carry: that of the node the user knows, where several make it up.</summary>
    public string ReportedName { get; init; } = name;

    public List<GraphNode> Parents { get; } = [];

    public List<GraphNode> Children { get; } = [];

    public int SubTopologyId { get; set; } = -1;

    /// <summary>
    /// Number of the stage in which the node gets its records: 0 for those that run as soon as a record comes by;
    /// a node that must wait until the whole batch has reached it has a stage of its own.
    /// </summary>
    public int Stage { get; set; }

    public virtual IReadOnlyList<string> Topics => [];

    /// <summary>What is wrong with the node's own settings.</summary>
    public virtual void Validate(List<string> mistakes)
    {
    }
}
