using System.Buffers;
using System.Collections.Frozen;
using StreamScoring.Processors.Sentences;

namespace StreamScoring.Processors.Summarization;

/// <summary>Tells sentences that say nothing about the article: bylines, photo credits, invitations, dates, addresses.</summary>
internal static class Boilerplate
{
    private const int FewestWords = 3;

    private static readonly string[] Openings =
    [
        "read more", "read also", "read the full", "click here", "tap here", "sign up", "subscribe", "follow us", "follow @",
        "share this", "share on", "advertisement", "sponsored", "photo:", "photo by", "photos:", "photograph:", "file photo",
        "image:", "image by", "images:", "image credit", "image from", "picture:", "pictures:", "credit:", "caption:",
        "video:", "watch:", "watch live", "listen:", "related:", "related articles", "see also", "more on this", "copyright",
        "©", "(c) ", "all rights reserved", "this article was", "this article is", "this page was", "skip to", "reporting by",
        "editing by", "writing by", "additional reporting", "source:", "sources:", "tags:", "comments", "have your say",
        "from wikinews", "from wikipedia", "retrieved from", "contact:", "media contact", "press contact", "for immediate release",
        "last updated", "published:", "updated:", "posted:", "download",
    ];

    private static readonly SearchValues<string> Anywhere = SearchValues.Create(
        ["all rights reserved", "cookie policy", "privacy policy", "terms of use", "terms of service", "newsletter"],
        StringComparison.OrdinalIgnoreCase);

    private static readonly FrozenSet<string>.AlternateLookup<ReadOnlySpan<char>> DateWords =
        """
        monday tuesday wednesday thursday friday saturday sunday january february march april may june july august september
        october november december jan feb mar apr jun jul aug sep sept oct nov dec mon tue wed thu fri sat sun am pm gmt utc
        est edt bst th st nd rd of at on
        """
            .Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)
            .ToFrozenSet(StringComparer.OrdinalIgnoreCase)
            .GetAlternateLookup<ReadOnlySpan<char>>();

    /// <summary>True where <paramref name="sentence"/> should not stand in a summary if there is any other.</summary>
    public static bool Is(ReadOnlySpan<char> sentence)
    {
        sentence = sentence.TrimStart(" \t\r\n-–—*•\"'“‘([");
        foreach (var opening in Openings)
        {
            if (sentence.StartsWith(opening, StringComparison.OrdinalIgnoreCase)) return true;
        }
        return CountWords(sentence) < FewestWords || IsByline(sentence) || IsDate(sentence) || IsAddress(sentence)
            || (sentence.Length < 200 && sentence.ContainsAny(Anywhere));
    }

    /// <summary>True where <paramref name="sentence"/> only says the title again, perhaps with a date.</summary>
    public static bool Repeats(ReadOnlySpan<char> sentence, ReadOnlySpan<char> title)
    {
        title = title.Trim();
        return title.Length > 0 && sentence.StartsWith(title, StringComparison.OrdinalIgnoreCase) && IsDate(sentence[title.Length..]);
    }

    /// <summary>True where <paramref name="sentence"/> ends like one; headings and captions mostly do not.</summary>
    public static bool IsFinished(ReadOnlySpan<char> sentence)
    {
        sentence = sentence.TrimEnd("\"'”’»)]");
        return sentence.Length > 0 && SentenceBoundary.IsTerminator(sentence[^1]);
    }

    /// <summary><c>By Jane Doe</c>, <c>By JANE DOE in London</c>: no verb, no full stop.</summary>
    private static bool IsByline(ReadOnlySpan<char> sentence)
    {
        if (!sentence.StartsWith("by ", StringComparison.OrdinalIgnoreCase) || sentence.Length > 80) return false;
        if (sentence[^1] is '.' or '!' or '?') return false;
        foreach (var range in sentence[3..].Split(' '))
        {
            var word = sentence[3..][range];
            if (word.Length > 0 && char.IsLower(word[0]) && word is not ("and" or "in" or "for" or "of" or "de" or "van" or "von"))
                return false;
        }
        return true;
    }

    /// <summary>Nothing but names of days and months, numbers and marks.</summary>
    private static bool IsDate(ReadOnlySpan<char> sentence)
    {
        if (sentence.Length > 60) return false;
        for (var i = 0; i < sentence.Length;)
        {
            if (!char.IsLetter(sentence[i]))
            {
                i++;
                continue;
            }
            var end = i;
            while (end < sentence.Length && char.IsLetter(sentence[end])) end++;
            if (!DateWords.Contains(sentence[i..end])) return false;
            i = end;
        }
        return true;
    }

    private static bool IsAddress(ReadOnlySpan<char> sentence) =>
        !sentence.Contains(' ') || (sentence.StartsWith("http", StringComparison.OrdinalIgnoreCase) && CountWords(sentence) < 6);

    private static int CountWords(ReadOnlySpan<char> sentence)
    {
        var words = 0;
        var inWord = false;
        foreach (var c in sentence)
        {
            if (char.IsWhiteSpace(c))
                inWord = false;
            else if (!inWord && char.IsLetterOrDigit(c))
            {
                inWord = true;
                words++;
            }
        }
        return words;
    }
}
