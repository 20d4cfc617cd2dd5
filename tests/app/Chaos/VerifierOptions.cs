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
internal sealed record VerifierReport
{
    public required int Seed { get; init; }

    public required int Records { get; init; }

    public required int Faults { get; init; }

    public required int Kills { get; init; }

    /// <summary>How many of the records cannot be scored.</summary>
    public required int Poison { get; init; }

    /// <summary>Records read at the last hop, repeated ones each time.</summary>
    public required long Read { get; init; }

    /// <summary>Records that came out nowhere, neither scored nor as dead letters.</summary>
    public required int Lost { get; init; }

    /// <summary>Records that came out, or were dead-lettered, more than once.</summary>
    public required int Repeated { get; init; }

    public required int OutOfOrder { get; init; }

    /// <summary>Poison that came out or has no dead letter, and articles that have one.</summary>
    public required int WrongDeadLetters { get; init; }

    /// <summary>Partitions with a transaction left open.</summary>
    public required int OpenTransactions { get; init; }

    /// <summary>Partitions whose committed offset is not their end.</summary>
    public required int Uncommitted { get; init; }

    public required IReadOnlyList<string> Details { get; init; }

    public required IReadOnlyList<string> Schedule { get; init; }

    /// <summary>Holds for both guarantees.</summary>
    public bool IsComplete => this is { Lost: 0, WrongDeadLetters: 0, OpenTransactions: 0, Uncommitted: 0 };

    public bool IsExact => IsComplete && this is { Repeated: 0, OutOfOrder: 0 };

    public string Counts =>
        $"seed {Seed}: {Records} records, {Poison} of them poison, {Faults} faults ({Kills} kills): lost {Lost}, repeated {Repeated}, " +
        $"out of order {OutOfOrder}, wrong dead letters {WrongDeadLetters}, partitions with an open transaction {OpenTransactions}, " +
        $"with uncommitted input {Uncommitted}";

    public override string ToString() => string.Join('\n', [Counts, .. Details, .. Schedule]);
}
