using StreamScoring.Schemas;

namespace StreamScoring.Topology.Articles;

/// <summary>What an article topology is made of.</summary>
public sealed record ArticleTopologyOptions
{
    /// <summary>The nodes, in any order: topics connect them.</summary>
    public required IReadOnlyList<NodeDefinition> Nodes { get; init; }

    /// <summary>
    /// Runs nodes that follow each other in memory: of a chain only the first input and the last output are topics.
    /// Default false: every hop is a topic.
    /// </summary>
    public bool Fuse { get; init; }

    /// <summary>Topic for records that cannot be processed; null: such a record stops the stream.</summary>
    public string? DeadLetterTopic { get; init; }

    /// <summary>Kinds a node may have; null leaves that to whoever makes the processors.</summary>
    public IReadOnlyCollection<string>? KnownKinds { get; init; }

    /// <summary>Articles from and to bytes. Default: Avro single-object encoding and JSON, no registry.</summary>
    public ArticleSerde Serde { get; init; } = ArticleSerde.Default;

    /// <summary>
    /// Serdes of output topics that are written in a way of their own, e.g. each under its schema id in a registry.
    /// Default none: all are written with <see cref="Serde"/>.
    /// </summary>
    public IReadOnlyDictionary<string, ArticleSerde> OutputSerdes { get; init; } = new Dictionary<string, ArticleSerde>();

    /// <summary>Clock for provenance and deadlines. Default: the system's.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;
}
