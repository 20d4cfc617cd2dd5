namespace StreamScoring.App.Replay;

/// <summary>
/// ROUGE-L (Lin, "ROUGE: A Package for Automatic Evaluation of Summaries", 2004) between two texts: the F1 of their longest
/// common subsequence of words, in lower case, letters and digits only.
/// </summary>
internal static class Rouge
{
    private const int MaxWords = 2_000;

    /// <summary>0 to 1; 1 for two texts without words. Words beyond the first 2,000 do not count.</summary>
    internal static double L(string a, string b)
    {
        if (a == b) return 1;
        var (x, y) = (Words(a), Words(b));
        if (x.Count == 0 && y.Count == 0) return 1;
        if (x.Count == 0 || y.Count == 0) return 0;
        return 2.0 * CommonSubsequence(x, y) / (x.Count + y.Count);
    }

    private static int CommonSubsequence(List<string> x, List<string> y)
    {
        var row = new int[y.Count + 1];
        foreach (var word in x)
        {
            var diagonal = 0;
            for (var j = 1; j <= y.Count; j++)
            {
                var above = row[j];
                row[j] = word == y[j - 1] ? diagonal + 1 : Math.Max(above, row[j - 1]);
                diagonal = above;
            }
        }
        return row[^1];
    }

    private static List<string> Words(string text)
    {
        var words = new List<string>();
        var start = -1;
        for (var i = 0; i <= text.Length && words.Count < MaxWords; i++)
        {
            var isWord = i < text.Length && char.IsLetterOrDigit(text[i]);
            if (isWord && start < 0) start = i;
            if (isWord || start < 0) continue;
            words.Add(text[start..i].ToLowerInvariant());
            start = -1;
        }
        return words;
    }
}
