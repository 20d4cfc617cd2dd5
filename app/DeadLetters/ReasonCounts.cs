using System.Text;

namespace StreamScoring.App.DeadLetters;

/// <summary>How many dead letters there are of each reason. Numbers in a reason do not make it another one.</summary>
internal sealed class ReasonCounts
{
    private const int MaxReasons = 10_000;
    private const int MaxLength = 160;
    private const string Others = "(other reasons)";

    private readonly Dictionary<(string Node, string Reason), long> _counts = [];

    /// <summary>Letters counted.</summary>
    internal long Total { get; private set; }

    /// <summary>Node, reason and count, the most frequent first.</summary>
    internal IEnumerable<(string Node, string Reason, long Count)> Largest => _counts
        .OrderByDescending(static entry => entry.Value).ThenBy(static entry => entry.Key)
        .Select(static entry => (entry.Key.Node, entry.Key.Reason, entry.Value));

    /// <summary>Counts one.</summary>
    internal void Add(Letter letter)
    {
        Total++;
        var key = (View.TextCleaner.Line(letter.Says.Node ?? "-"), Kind(letter.Reason));
        if (!_counts.ContainsKey(key) && _counts.Count >= MaxReasons) key = ("-", Others);
        _counts[key] = _counts.GetValueOrDefault(key) + 1;
    }

    private static string Kind(string reason)
    {
        var kind = new StringBuilder(Math.Min(reason.Length, MaxLength));
        foreach (var c in reason)
        {
            if (kind.Length == MaxLength) break;
            if (!char.IsAsciiDigit(c)) kind.Append(c);
            else if (kind.Length == 0 || kind[^1] != '#') kind.Append('#');
        }
        return kind.ToString();
    }
}
