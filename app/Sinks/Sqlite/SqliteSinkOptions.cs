using StreamScoring.Topology.Sinks;

namespace StreamScoring.App.Sinks.Sqlite;

/// <summary>Where and how <see cref="SqliteSink"/> stores.</summary>
public sealed record SqliteSinkOptions
{
    /// <summary>Database file, created where it is missing. Default "streamscoring.db".</summary>
    public string Path { get; init; } = "streamscoring.db";

    /// <summary>Articles kept, the newest ones, 0 to 2^53; 0 (default) keeps all.</summary>
    public long KeepArticles { get; init; }

    /// <summary>How long a statement waits for another process's write, 0 to 60,000 ms. Default 5,000 ms.</summary>
    public int BusyTimeoutMs { get; init; } = 5_000;

    /// <summary>Reads an entry of <c>Sinks</c>.</summary>
    public static SinkPlan Plan(ISinkSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        var defaults = new SqliteSinkOptions();
        var options = new SqliteSinkOptions
        {
            Path = settings.Text("Path", defaults.Path),
            KeepArticles = settings.Number("KeepArticles", defaults.KeepArticles, 0, 1L << 53, "articles"),
            BusyTimeoutMs = (int)settings.Number("BusyTimeoutMs", defaults.BusyTimeoutMs, 0, 60_000, "ms"),
        };
        if (options.Path.Length == 0) settings.Problem("Path", "must name a file");
        return options.ToPlan();
    }

    /// <summary>The sink with these options.</summary>
    public SinkPlan ToPlan() => new(Path, context => new SqliteSink(this, context));
}
