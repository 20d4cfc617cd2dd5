namespace StreamScoring.App.Tests.Chaos;

/// <summary>What a verification run does. The seed decides every fault and every pause.</summary>
internal sealed record VerifierOptions
{
    public required int Seed { get; init; }

    public required string Guarantee { get; init; }

    /// <summary>Records sent, spread over the run.</summary>
    public required int Records { get; init; }

    /// <summary>How long records are sent and faults happen.</summary>
    public required TimeSpan Duration { get; init; }

    /// <summary>Pause between two faults.</summary>
    public TimeSpan MinPause { get; init; } = TimeSpan.FromSeconds(1);

    public TimeSpan MaxPause { get; init; } = TimeSpan.FromSeconds(5);

    public int Instances { get; init; } = 2;

    public int Hops { get; init; } = 3;

    public int Keys { get; init; } = 1_000;

    public bool RestartsBroker { get; init; } = true;

    /// <summary>Only the broker is broken: it is stopped and started again.</summary>
    public bool LeavesInstances { get; init; }

    /// <summary>Folder for what the instances write; null: nowhere.</summary>
    public string? Transcripts { get; init; } = Environment.GetEnvironmentVariable("STREAMSCORING_CHAOS_TRANSCRIPTS");
}

/// <summary>What readers with read_committed found at the end.</summary>
internal sealed record VerifierReport(
    int Seed, int Records, int Faults, int Kills, long Read, int Lost, int Repeated, int OutOfOrder, int OpenTransactions,
    int Uncommitted, IReadOnlyList<string> Repeats, IReadOnlyList<string> Schedule)
{
    public bool IsExact => this is { Lost: 0, Repeated: 0, OutOfOrder: 0, OpenTransactions: 0, Uncommitted: 0 };

    public override string ToString() =>
        $"seed {Seed}: {Records} records, {Faults} faults ({Kills} kills): lost {Lost}, repeated {Repeated}, out of order " +
        $"{OutOfOrder}, partitions with an open transaction {OpenTransactions}, with uncommitted input {Uncommitted}\n" +
        string.Join('\n', Repeats.Concat(Schedule));
}
