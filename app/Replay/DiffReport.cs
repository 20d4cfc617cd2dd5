namespace StreamScoring.App.Replay;

/// <summary>Two runs compared: totals, the bounds and whether they are kept, and the worst differences.</summary>
internal sealed record DiffReport
{
    /// <summary>The first run's folder.</summary>
    public required string FolderA { get; init; }

    /// <summary>The second run's folder.</summary>
    public required string FolderB { get; init; }

    /// <summary>The first run.</summary>
    public required CaptureManifest A { get; init; }

    /// <summary>The second run.</summary>
    public required CaptureManifest B { get; init; }

    /// <summary>Records that both runs answered.</summary>
    public required long Records { get; init; }

    /// <summary>Records of one run only.</summary>
    public required long Missing { get; init; }

    /// <summary>Records with a difference that a person would see.</summary>
    public required long Changed { get; init; }

    /// <summary>Each bound with what was measured; null where there was nothing to measure.</summary>
    public required IReadOnlyList<(Tolerance Tolerance, double? Value)> Measures { get; init; }

    /// <summary>Entities that both runs found, that only the second, and that only the first found.</summary>
    public required (long Shared, long Added, long Lost) Entities { get; init; }

    /// <summary>How often one topic became another, the most frequent first.</summary>
    public required IReadOnlyList<(string From, string To, long Count)> Flips { get; init; }

    /// <summary>Articles by the largest change of any of their scores: upper end of the bucket, and their number.</summary>
    public required IReadOnlyList<(double Below, long Count)> ScoreChanges { get; init; }

    /// <summary>Latency and time in each node, p50 and p95 of both runs in milliseconds.</summary>
    public required IReadOnlyList<(string Name, double? A50, double? B50, double? A95, double? B95)> Latencies { get; init; }

    /// <summary>The worst differences, the worst first.</summary>
    public required IReadOnlyList<RecordChange> Worst { get; init; }

    /// <summary>Whether every bound is kept.</summary>
    internal bool IsKept => Measures.All(static measure => measure.Tolerance.IsKept(measure.Value));
}
