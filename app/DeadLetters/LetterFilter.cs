using System.Text;

namespace StreamScoring.App.DeadLetters;

/// <summary>Which dead letters are meant; what is null restricts nothing.</summary>
internal sealed record LetterFilter
{
    /// <summary>Name of the node that failed.</summary>
    public string? Node { get; init; }

    /// <summary>Part of the reason, in any case of letters.</summary>
    public string? Reason { get; init; }

    /// <summary>The key.</summary>
    public string? Key { get; init; }

    /// <summary>Earliest time of the record.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>Time of the record before this.</summary>
    public DateTimeOffset? Until { get; init; }

    /// <summary>These alone; empty: any.</summary>
    public IReadOnlySet<LetterPosition> Positions { get; init; } = new HashSet<LetterPosition>();

    /// <summary>Whether a letter is meant.</summary>
    internal bool Matches(Letter letter) =>
        (Positions.Count == 0 || Positions.Contains(letter.Position))
        && (Node is null || letter.Says.Node == Node)
        && (Key is null || (letter.Key is { } key && key.AsSpan().SequenceEqual(Encoding.UTF8.GetBytes(Key))))
        && (Since is not { } since || letter.Timestamp.UnixTimestampMs >= since.ToUnixTimeMilliseconds())
        && (Until is not { } until || letter.Timestamp.UnixTimestampMs < until.ToUnixTimeMilliseconds())
        && (Reason is null || letter.Reason.Contains(Reason, StringComparison.OrdinalIgnoreCase));
}
