using System.Buffers;

namespace StreamScoring.Processors.Sentences;

/// <summary>Finds where a sentence ends inside one paragraph.</summary>
internal static class SentenceBoundary
{
    private const string Bullets = "•●▪■◦‣►";
    private const string Closers = "\"'”’»)]}";
    private const string Openers = "\"'“‘«([{¿¡";

    /// <summary>How far back from a full stop its word is looked for.</summary>
    private const int LongestWord = 40;

    private static readonly SearchValues<char> WordOpeners = SearchValues.Create("([{\"'“‘«—–-/");
    private static readonly SearchValues<char> AddressMarks = SearchValues.Create("/@\\:_=&#");
    private static readonly SearchValues<char> Candidates = SearchValues.Create(".!?…。！？｡" + Bullets);

    /// <summary>True for marks that end sentences.</summary>
    public static bool IsTerminator(char c) => c is '.' or '!' or '?' or '…' || IsWideTerminator(c);

    /// <summary>True where a line opens with a bullet, a dash or a short number and a space.</summary>
    public static bool IsListItem(ReadOnlySpan<char> line)
    {
        if (line.Length < 2) return false;
        if (Bullets.Contains(line[0])) return true;
        if (line[0] is '-' or '*' or '–' or '—' or '+') return char.IsWhiteSpace(line[1]);
        return AfterEnumerator(line) > 0;
    }

    /// <summary>Index after an enumerator that opens the line (<c>1. </c>, <c>b) </c>, <c>(iv) </c>), 0 without one.</summary>
    public static int AfterEnumerator(ReadOnlySpan<char> line)
    {
        var start = 0;
        while (start < line.Length && char.IsWhiteSpace(line[start])) start++;
        var bracketed = start < line.Length && line[start] == '(';
        var i = bracketed ? start + 1 : start;
        var body = i;
        while (i < line.Length && i - body < 4 && char.IsAsciiDigit(line[i])) i++;
        if (i == body && i < line.Length && char.IsAsciiLetter(line[i])) i++;
        if (i == body || i + 1 >= line.Length || !char.IsWhiteSpace(line[i + 1])) return 0;
        var isLetter = char.IsAsciiLetter(line[body]);
        if (line[i] == ')') return i + 1;
        // "A. Smith" is a name, "1. Smith" a list; "2004. The" at a line's start is a year.
        return line[i] == '.' && !bracketed && !isLetter && i - body <= 2 ? i + 1 : 0;
    }

    /// <summary>Looks for the end of the sentence that starts at <paramref name="from"/>.</summary>
    /// <param name="text">The paragraph.</param>
    /// <param name="from">Where the sentence starts.</param>
    /// <param name="at">Where to look from; after the call the end of the sentence, exclusive.</param>
    /// <returns>False where it goes on to the end of the paragraph.</returns>
    public static bool TryFind(ReadOnlySpan<char> text, int from, ref int at)
    {
        while (at < text.Length)
        {
            var found = text[at..].IndexOfAny(Candidates);
            if (found < 0) return false;
            var mark = at + found;
            if (Bullets.Contains(text[mark]))
            {
                at = mark + 1;
                if (!text[from..mark].IsWhiteSpace() && char.IsWhiteSpace(text[mark - 1]))
                {
                    at = mark;
                    // The bullet opens the next sentence, which is looked for behind it.
                    return true;
                }
                continue;
            }
            var end = SkipRun(text, mark);
            at = end;
            if (end >= text.Length) return false;
            if (EndsSentence(text, from, mark, ref end))
            {
                at = end;
                return true;
            }
        }
        return false;
    }

    /// <summary>Skips the rest of <c>...</c>, <c>?!</c> and the quotes and brackets that close behind them.</summary>
    private static int SkipRun(ReadOnlySpan<char> text, int mark)
    {
        var i = mark + 1;
        while (i < text.Length && IsTerminator(text[i])) i++;
        while (i < text.Length && Closers.Contains(text[i])) i++;
        return i;
    }

    private static bool EndsSentence(ReadOnlySpan<char> text, int from, int mark, ref int end)
    {
        if (IsWideTerminator(text[mark])) return true;
        if (!char.IsWhiteSpace(text[end])) return IsMissingSpace(text, mark, end);

        var next = SkipSpaces(text, end);
        // A lone quote between spaces closes what went before: tokenized text is like that.
        if (next + 1 < text.Length && text[next] is '"' or '”' && char.IsWhiteSpace(text[next + 1]))
        {
            end = next + 1;
            next = SkipSpaces(text, end);
        }
        if (next >= text.Length) return true;
        var word = NextWord(text, next, out var first);
        if (char.IsLower(first)) return IsBrandLike(word);
        if (text[mark] != '.' || (mark + 1 < text.Length && text[mark + 1] == '.')) return true;
        if (mark + 1 < end && !IsStop(text, mark, end)) return true;
        return FullStopEnds(text, from, mark, word, first);
    }

    /// <summary>True where nothing but the stop stands between the word and the space: no closing quote or bracket.</summary>
    private static bool IsStop(ReadOnlySpan<char> text, int mark, int end) =>
        text[(mark + 1)..end].TrimStart("'’").TrimEnd().IsEmpty;

    private static bool FullStopEnds(ReadOnlySpan<char> text, int from, int mark, ReadOnlySpan<char> next, char first)
    {
        var word = WordBefore(text, from, mark);
        if (word.IsEmpty) return true;
        if (Abbreviations.IsTitle(word)) return false;
        if (Abbreviations.IsBeforeNumber(word) && char.IsAsciiDigit(first)) return false;
        if (IsInitial(word)) return Abbreviations.IsStarter(next) && !(word is "A" && next is "The");
        if (IsAcronym(word) || (Abbreviations.IsAmbiguous(word) && !IsPlainWord(word)))
            return Abbreviations.IsStarter(next) || Openers.Contains(text[SkipSpaces(text, mark + 1)]);
        return true;
    }

    /// <summary><c>said.The</c>: a word, a stop and a capitalised word in one; not <c>Example.Com</c> or an address.</summary>
    private static bool IsMissingSpace(ReadOnlySpan<char> text, int mark, int end)
    {
        if (text[mark] == '…' || (mark + 1 < text.Length && text[mark + 1] == '.')) return false;
        var start = end;
        if (Openers.Contains(text[start]) && start + 1 < text.Length) start++;
        if (start + 1 >= text.Length || !char.IsUpper(text[start])) return false;
        if (!char.IsLower(text[start + 1]) && !char.IsWhiteSpace(text[start + 1])) return false;
        if (mark < 2 || !IsWordEnd(text, mark)) return false;
        var after = start;
        while (after < text.Length && char.IsLetter(text[after]) && after - start < LongestWord) after++;
        if (Abbreviations.IsDomainEnd(text[start..after])) return false;
        // Inside an address or a path no space comes near.
        var token = mark;
        while (token > 0 && mark - token < LongestWord && !char.IsWhiteSpace(text[token - 1])) token--;
        var head = text[token..mark];
        return !head.ContainsAny(AddressMarks) && !head.StartsWith("www.", StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>True where two or more letters, the last ones lower-case, or a closing bracket or digit stand before.</summary>
    private static bool IsWordEnd(ReadOnlySpan<char> text, int mark)
    {
        var last = text[mark - 1];
        return (char.IsLower(last) && char.IsLetter(text[mark - 2])) || Closers.Contains(last) || last == '%';
    }

    private static ReadOnlySpan<char> WordBefore(ReadOnlySpan<char> text, int from, int mark)
    {
        var start = mark;
        while (start > from && mark - start < LongestWord && !char.IsWhiteSpace(text[start - 1])) start--;
        var word = text[start..mark];
        var skip = word.LastIndexOfAny(WordOpeners);
        return skip < 0 ? word : word[(skip + 1)..];
    }

    private static ReadOnlySpan<char> NextWord(ReadOnlySpan<char> text, int at, out char first)
    {
        while (at < text.Length - 1 && Openers.Contains(text[at])) at++;
        first = text[at];
        var end = at;
        while (end < text.Length && end - at < LongestWord && char.IsLetter(text[end])) end++;
        return text[at..end];
    }

    private static int SkipSpaces(ReadOnlySpan<char> text, int at)
    {
        while (at < text.Length && char.IsWhiteSpace(text[at])) at++;
        return at;
    }

    /// <summary><c>iPhone</c>, <c>eBay</c>: names that open a sentence in lower case.</summary>
    private static bool IsBrandLike(ReadOnlySpan<char> word) => word.Length > 2 && char.IsUpper(word[1]);

    private static bool IsInitial(ReadOnlySpan<char> word) => word.Length == 1 && char.IsUpper(word[0]);

    /// <summary>Single letters with stops between: <c>U.S</c>, <c>p.m</c>.</summary>
    private static bool IsAcronym(ReadOnlySpan<char> word)
    {
        if (word.Length < 3) return false;
        for (var i = 0; i < word.Length; i++)
        {
            if (i % 2 == 0 ? !char.IsLetter(word[i]) : word[i] != '.') return false;
        }
        return true;
    }

    /// <summary>Abbreviations that are also words, where only their capitals tell: <c>Sun.</c> and <c>sun.</c></summary>
    private static bool IsPlainWord(ReadOnlySpan<char> word) =>
        char.IsLower(word[0]) && word is "mar" or "jun" or "dec" or "mon" or "sat" or "sun" or "wed" or "fri" or "mass"
            or "miss" or "wash" or "ill" or "ore" or "ark" or "am" or "pm" or "al" or "ga" or "la" or "pa" or "mo" or "del";

    private static bool IsWideTerminator(char c) => c is '。' or '！' or '？' or '｡';
}
