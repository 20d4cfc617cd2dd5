using System.Text.Json.Serialization;

namespace StreamScoring.Topology.Description;

/// <summary>What a topology looks like: sub-topologies, their nodes, and the topics between them.</summary>
/// <param name="SubTopologies">In the order of their numbers.</param>
public sealed record TopologyDescription(IReadOnlyList<SubTopologyDescription> SubTopologies)
{
    /// <summary>As Kafka Streams prints it.</summary>
    public override string ToString() => TopologyText.Render(this);

    /// <summary>A Mermaid flowchart.</summary>
    public string ToMermaid() => TopologyMermaid.Render(this);

    /// <summary>Indented JSON.</summary>
    public string ToJson() => TopologyJson.Render(this);
}

/// <summary>Nodes that are connected other than through a topic.</summary>
/// <param name="Id">Number.</param>
/// <param name="Nodes">Parents before children.</param>
public sealed record SubTopologyDescription(int Id, IReadOnlyList<NodeDescription> Nodes);

/// <summary>A node.</summary>
/// <param name="Name">Name.</param>
/// <param name="Kind">What it does with topics.</param>
/// <param name="Topics">A source's topics; a sink's topic, none where a topic-name extractor chooses it.</param>
/// <param name="BatchMaxRecords">For a batch operator: records in one call, at most.</param>
/// <param name="Predecessors">Names of the nodes before it.</param>
/// <param name="Successors">Names of the nodes after it.</param>
public sealed record NodeDescription(
    string Name,
    NodeDescriptionKind Kind,
    IReadOnlyList<string> Topics,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] int? BatchMaxRecords,
    IReadOnlyList<string> Predecessors,
    IReadOnlyList<string> Successors);

/// <summary>What a node does with topics.</summary>
public enum NodeDescriptionKind
{
    /// <summary>Reads topics.</summary>
    Source,

    /// <summary>Neither: an operator or a processor.</summary>
    Processor,

    /// <summary>Writes a topic.</summary>
    Sink,
}
