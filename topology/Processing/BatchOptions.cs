using StreamScoring.Topology.Execution;

namespace StreamScoring.Topology.Processing;

/// <summary>How much a batch operator gets in one call.</summary>
public sealed record BatchOptions
{
    /// <summary>Records in one call, at most. 1 to 65,536; default 64.</summary>
    public int MaxRecords { get; init; } = BatchLimits.Default.MaxRecords;

    /// <summary>Key, value and header bytes of the input records collected for a batch, at most. Default 4 MiB.</summary>
    public long MaxBytes { get; init; } = BatchLimits.Default.MaxBytes;

    /// <summary>
    /// How long the first record waits for company, at most, while every scorer is busy; with an idle one a batch goes at
    /// once and the next fills meanwhile. 0 to 60 s; default 5 ms.
    /// </summary>
    public TimeSpan Linger { get; init; } = BatchLimits.Default.Linger;

    internal void Validate(string node, List<string> mistakes)
    {
        if (MaxRecords is < 1 or > 65_536)
            mistakes.Add($"Node '{node}': a batch has 1 to 65,536 records, not {MaxRecords}.");
        if (MaxBytes < 1)
            mistakes.Add($"Node '{node}': a batch has at least 1 byte, not {MaxBytes}.");
        if (Linger < TimeSpan.Zero || Linger > TimeSpan.FromMinutes(1))
            mistakes.Add($"Node '{node}': a batch lingers 0 to 60 s, not {Linger.TotalSeconds} s.");
    }
}
