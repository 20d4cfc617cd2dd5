namespace StreamScoring.App.Sinks;

/// <summary>Where and how <see cref="SqliteSink"/> stores.</summary>
public sealed record SqliteSinkOptions
{
    /// <summary>Database file, created where it is missing.</summary>
    public required string Path { get; init; }

    /// <summary>Name of the sink: its positions are kept under it.</summary>
    public required string Name { get; init; }

    /// <summary>
    /// Which Kafka the records come from, e.g. its cluster id. Offsets mean something only within it: the same file takes
    /// records of several.
    /// </summary>
    public required string Source { get; init; }

    /// <summary>Articles kept, the newest ones; 0 (default) keeps all.</summary>
    public long KeepArticles { get; init; }

    /// <summary>How long a statement waits for another process's write, 0 to 60,000 ms. Default 5,000 ms.</summary>
    public int BusyTimeoutMs { get; init; } = 5_000;
}
