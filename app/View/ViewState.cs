using StreamScoring.Schemas;

namespace StreamScoring.App.View;

/// <summary>Everything one frame of the live view shows.</summary>
internal sealed record ViewState
{
    /// <summary>What the stream is doing: starting, running, stopping.</summary>
    public required string State { get; init; }

    /// <summary>Where other clients connect.</summary>
    public required string BootstrapServers { get; init; }

    /// <summary>Topic that other clients send to.</summary>
    public required string InputTopic { get; init; }

    /// <summary>Since the start.</summary>
    public required TimeSpan Uptime { get; init; }

    /// <summary>One row for each node, or for each chain of fused nodes.</summary>
    public required IReadOnlyList<NodeRow> Nodes { get; init; }

    /// <summary>One row for each sink.</summary>
    public required IReadOnlyList<SinkRow> Sinks { get; init; }

    /// <summary>Enriched articles a second, over the last seconds.</summary>
    public required double ArticlesPerSecond { get; init; }

    /// <summary>Median time from sending to enriched, over the last articles; null where there is none yet.</summary>
    public required TimeSpan? MedianLatency { get; init; }

    /// <summary>Enriched articles since the start.</summary>
    public required long Articles { get; init; }

    /// <summary>Dead letters since the start.</summary>
    public required long DeadLetters { get; init; }

    /// <summary>How many articles each topic got, most frequent first.</summary>
    public required IReadOnlyList<KeyValuePair<string, long>> TopicCounts { get; init; }

    /// <summary>The latest enriched article.</summary>
    public Article? LastArticle { get; init; }

    /// <summary>The latest warning, one line; null where all is well.</summary>
    public string? Notice { get; init; }

    /// <summary>What the keys do now.</summary>
    public string Hint { get; init; } = "Ctrl-C drains and stops";
}

/// <summary>A node's row.</summary>
internal sealed record NodeRow(
    string Name, string Input, string Output, double PerSecond, long Total, long Lag, long DeadLetters, IReadOnlyList<double> History);

/// <summary>A sink's row.</summary>
internal sealed record SinkRow(string Name, string Target, double PerSecond, long Total, long Lag, string? Trouble, IReadOnlyList<double> History);
