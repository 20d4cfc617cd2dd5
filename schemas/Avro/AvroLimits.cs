namespace StreamScoring.Schemas.Avro;

/// <summary>
/// What a reader puts up with. Beyond these, memory is bounded by the input itself: a length or a count is never
/// believed further than the bytes that are there.
/// </summary>
public sealed record AvroLimits
{
    /// <summary>The defaults.</summary>
    public static AvroLimits Default { get; } = new();

    /// <summary>Longest string or bytes, in bytes. Default 64 MiB.</summary>
    public int MaxStringBytes { get; init; } = 64 << 20;

    /// <summary>Most items of one array or map. Default 1,000,000.</summary>
    public int MaxItems { get; init; } = 1_000_000;

    /// <summary>
    /// Most items of one array whose items take no bytes (null, empty records): nothing else bounds them. Default 1,000.
    /// </summary>
    public int MaxEmptyItems { get; init; } = 1_000;

    /// <summary>How deep records may hold themselves. Default 64 levels.</summary>
    public int MaxDepth { get; init; } = 64;

    /// <summary>Most bytes that the data of another writer's schema may come to in the reader's. Default 64 MiB.</summary>
    public int MaxResolvedBytes { get; init; } = 64 << 20;
}
