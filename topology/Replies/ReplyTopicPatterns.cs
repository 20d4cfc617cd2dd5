namespace StreamScoring.Topology.Replies;

/// <summary>The allow-list. No regular expressions: a match costs at most pattern times name, whatever a stranger sends.</summary>
internal sealed class ReplyTopicPatterns(IReadOnlyList<string> patterns)
{
    private const int MaxLength = 249;

    private readonly string[] _patterns = [.. patterns];

    /// <summary>What is wrong with a pattern; null: nothing.</summary>
    internal static string? Complaint(string pattern)
    {
        if (pattern.Length is 0 or > MaxLength) return $"a pattern has 1 to {MaxLength} characters";
        foreach (var c in pattern)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('.' or '_' or '-' or '*'))
                return $"'{pattern}' is no pattern: letters, digits, '.', '_', '-', and '*' for any characters";
        }
        return null;
    }

    internal bool Allows(string topic)
    {
        // Kafka's own: __consumer_offsets, __transaction_state, …
        if (topic.StartsWith("__", StringComparison.Ordinal)) return false;
        foreach (var pattern in _patterns)
        {
            if (Matches(pattern, topic)) return true;
        }
        return false;
    }

    /// <summary>Goes back to the last star only: no exponential search.</summary>
    private static bool Matches(string pattern, string topic)
    {
        var (p, t, star, mark) = (0, 0, -1, 0);
        while (t < topic.Length)
        {
            if (p < pattern.Length && pattern[p] == '*')
            {
                star = p++;
                mark = t;
            }
            else if (p < pattern.Length && pattern[p] == topic[t])
            {
                p++;
                t++;
            }
            else if (star >= 0)
            {
                p = star + 1;
                t = ++mark;
            }
            else
            {
                return false;
            }
        }
        while (p < pattern.Length && pattern[p] == '*') p++;
        return p == pattern.Length;
    }
}
