using StreamScoring.Schemas;
using StreamScoring.Topology.Processing;

namespace StreamScoring.Topology.Articles;

/// <summary>A node of the article stream, as its configuration says.</summary>
public sealed record NodeDefinition
{
    /// <summary>Kind that passes the bytes on unchanged.</summary>
    public const string IdentityKind = "identity";

    /// <summary>
    /// Batches of a node that asks for no others: 16 records, 16 KiB, 5 ms. A few seconds' work at most, so that scorers
    /// end together, and enough of it that threads seldom wake.
    /// </summary>
    public static BatchOptions DefaultBatch { get; } = new() { MaxRecords = 16, MaxBytes = 16 << 10 };

    /// <summary>Name, unique: letters a to z, digits, '.', '_', '-'. Provenance and dead letters carry it.</summary>
    public required string Name { get; init; }

    /// <summary>Kind of processor, e.g. <c>text-classification</c>.</summary>
    public required string Kind { get; init; }

    /// <summary>Name of the model; null where the kind has none.</summary>
    public string? Model { get; init; }

    /// <summary>Topic it reads.</summary>
    public required string Input { get; init; }

    /// <summary>Topic it writes.</summary>
    public required string Output { get; init; }

    /// <summary>How it writes articles. Default: Avro.</summary>
    public ArticleFormat Format { get; init; } = ArticleFormat.Avro;

    /// <summary>
    /// How many articles the model gets in one call. Default: <see cref="DefaultBatch"/>. On a CPU each article is a run of
    /// its own, so that more would only wait for each other.
    /// </summary>
    public BatchOptions Batch { get; init; } = DefaultBatch;

    internal bool IsIdentity => Kind == IdentityKind;
}
