namespace StreamScoring.Testing.Processes;

/// <summary>How a <see cref="ChildProcess"/> is started.</summary>
public sealed record ChildProcessOptions
{
    /// <summary>Variables to set, or with null to remove, on top of this process's own. Default: none.</summary>
    public IReadOnlyDictionary<string, string?> Environment { get; init; } = new Dictionary<string, string?>();

    /// <summary>Folder it starts in. Default: this process's.</summary>
    public string? WorkingDirectory { get; init; }

    /// <summary>Lines kept of each stream, the newest ones. Default 100,000.</summary>
    public int RetainedLines { get; init; } = 100_000;

    /// <summary>File that gets every line of both streams as it comes, with the time of day. Default: none.</summary>
    public string? Transcript { get; init; }

    /// <summary>Standard error goes where standard output goes. Default false.</summary>
    public bool MergeErrors { get; init; }
}
