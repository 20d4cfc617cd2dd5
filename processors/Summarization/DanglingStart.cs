using System.Collections.Frozen;

namespace StreamScoring.Processors.Summarization;

/// <summary>Tells sentences that lean on the one before them: "But he said…", "In addition, …", "\"Yes,\" she said."</summary>
internal static class DanglingStart
{
    private const string Quotes = "\"“”'‘’«»";

    private static readonly FrozenSet<string>.AlternateLookup<ReadOnlySpan<char>> FirstWords = Words(
        """
        but and or so yet nor however moreover furthermore meanwhile nevertheless nonetheless therefore thus hence instead
        otherwise likewise similarly consequently additionally besides still then also too well indeed afterwards
        he she it they him her his hers its their theirs them this that these those such
        """);

    /// <summary>What "this" may stand before without meaning anything that was said: "This week …".</summary>
    private static readonly FrozenSet<string>.AlternateLookup<ReadOnlySpan<char>> Times = Words(
        """
        week weekend month year morning afternoon evening season spring summer autumn fall winter century decade quarter
        monday tuesday wednesday thursday friday saturday sunday
        january february march april may june july august september october november december
        """);

    private static readonly FrozenSet<string>.AlternateLookup<ReadOnlySpan<char>> Speakers = Words("he she they it we");

    private static readonly string[] Phrases =
    [
        "in addition", "in contrast", "by contrast", "in response", "in turn", "in fact", "as a result", "as such", "as well",
        "on the other hand", "for example", "for instance", "at the same time", "of course", "despite this", "despite that",
        "after that", "before that", "because of this", "because of that", "according to him", "according to her",
        "according to them", "even so", "the latter", "the former", "the same ", "one of them", "some of them",
        "many of them", "most of them", "both of them", "all of them", "none of them",
    ];

    /// <summary>True where <paramref name="sentence"/> needs another one before it.</summary>
    public static bool Is(ReadOnlySpan<char> sentence)
    {
        var text = sentence.TrimStart(" \t\r\n-–—*•([…." + Quotes);
        if (text.Length == 0) return false;
        var first = WordLength(text);
        // "Then-president Smith" leans on nothing.
        var hyphenated = first < text.Length && text[first] is '-' or '\u2011';
        if (!hyphenated && FirstWords.Contains(text[..first]) && !IsTime(text, first)) return true;
        foreach (var phrase in Phrases)
        {
            if (text.StartsWith(phrase, StringComparison.OrdinalIgnoreCase)
                && (text.Length == phrase.Length || !char.IsLetter(text[phrase.Length]) || phrase[^1] == ' '))
                return true;
        }
        return IsQuoteOfSomeone(sentence);
    }

    /// <summary>A quotation alone, or one whose speaker is but a pronoun.</summary>
    private static bool IsQuoteOfSomeone(ReadOnlySpan<char> sentence)
    {
        sentence = sentence.Trim();
        if (sentence.Length < 2 || sentence[0] is not ('"' or '“' or '«' or '‘' or '\'')) return false;
        var end = sentence[1..].LastIndexOfAny("\"”»") + 1;
        if (end == 0) return false;
        var rest = sentence[(end + 1)..].TrimStart(" ,");
        if (WordLength(rest) == 0) return true;
        return Speakers.Contains(rest[..WordLength(rest)]);
    }

    private static bool IsTime(ReadOnlySpan<char> text, int first)
    {
        var rest = text[first..].TrimStart();
        var second = rest[..WordLength(rest)];
        if (text[..first].Equals("so", StringComparison.OrdinalIgnoreCase)) return second.Equals("far", StringComparison.OrdinalIgnoreCase);
        return text[..first].Equals("this", StringComparison.OrdinalIgnoreCase) && Times.Contains(second);
    }

    private static int WordLength(ReadOnlySpan<char> text)
    {
        var length = 0;
        while (length < text.Length && char.IsLetter(text[length])) length++;
        return length;
    }

    private static FrozenSet<string>.AlternateLookup<ReadOnlySpan<char>> Words(string words) =>
        words.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)
            .ToFrozenSet(StringComparer.OrdinalIgnoreCase)
            .GetAlternateLookup<ReadOnlySpan<char>>();
}
