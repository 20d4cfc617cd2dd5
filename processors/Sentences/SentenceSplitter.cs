using System.Buffers;

namespace StreamScoring.Processors.Sentences;

/// <summary>
/// Cuts English news text into sentences by rule. Every character that is not white space lies in exactly one sentence;
/// sentences are in order, never empty, never longer than <see cref="MaxLength"/>.
/// </summary>
/// <remarks>
/// Two levels. Lines: an empty line, a heading, a list item or an indented line ends the sentence before it whatever
/// that ends with; a line that was only wrapped does not. Inside a paragraph: full stops, question and exclamation
/// marks and their relatives end one, unless they belong to an abbreviation, an initial, a number or an address
/// (<see cref="SentenceBoundary"/>). Linear in the text's length; any UTF-16 will do.
/// </remarks>
public static class SentenceSplitter
{
    /// <summary>UTF-16 code units in a sentence, at most: longer ones are cut, at a space where there is one.</summary>
    public const int MaxLength = 2_000;

    private const int WidestWrap = 120;

    private static readonly SearchValues<char> LineBreaks = SearchValues.Create("\n\r\v\f\u0085\u2028\u2029");

    /// <summary>Appends the sentences of <paramref name="text"/> to <paramref name="sentences"/>.</summary>
    public static void Split(ReadOnlySpan<char> text, ICollection<SentenceSpan> sentences)
    {
        ArgumentNullException.ThrowIfNull(sentences);
        var blockStart = 0;
        while (blockStart < text.Length)
        {
            if (char.IsWhiteSpace(text[blockStart]))
            {
                blockStart++;
                continue;
            }
            var blockEnd = BlockEnd(text, blockStart, out var widest);
            SplitBlock(text, blockStart, blockEnd, widest, sentences);
            blockStart = blockEnd;
        }
    }

    /// <summary>Where the run of non-empty lines that starts here ends, and how wide its widest line is.</summary>
    private static int BlockEnd(ReadOnlySpan<char> text, int start, out int widest)
    {
        widest = 0;
        var lineStart = start;
        while (lineStart < text.Length)
        {
            var lineEnd = LineEnd(text, lineStart, out var next);
            var line = text[lineStart..lineEnd].TrimEnd();
            if (line.Length == 0 || (next > lineEnd && text[lineEnd] == '\u2029')) return next;
            widest = Math.Max(widest, line.Length);
            lineStart = next;
        }
        return lineStart;
    }

    private static void SplitBlock(
        ReadOnlySpan<char> text, int start, int end, int widest, ICollection<SentenceSpan> sentences)
    {
        var paragraphStart = start;
        var lineStart = start;
        while (lineStart < end)
        {
            var lineEnd = LineEnd(text[..end], lineStart, out var next);
            if (next >= end || !IsWrapped(text, lineStart, lineEnd, next, end, widest))
            {
                SplitParagraph(text, paragraphStart, lineEnd, sentences);
                paragraphStart = next;
            }
            lineStart = next;
        }
    }

    private static int LineEnd(ReadOnlySpan<char> text, int start, out int next)
    {
        var length = text[start..].IndexOfAny(LineBreaks);
        var end = length < 0 ? text.Length : start + length;
        next = Math.Min(end + 1, text.Length);
        if (next < text.Length && text[end] == '\r' && text[next] == '\n') next++;
        return end;
    }

    /// <summary>True where the line break fell where the column was full, not where the writer ended something.</summary>
    private static bool IsWrapped(ReadOnlySpan<char> text, int lineStart, int lineEnd, int next, int end, int widest)
    {
        var line = text[lineStart..lineEnd].TrimEnd();
        var following = text[next..end];
        var indent = following.Length - following.TrimStart(" \t\u00A0").Length;
        following = following[indent..];
        if (line.IsEmpty || following.IsEmpty || SentenceBoundary.IsListItem(following)) return false;
        if (char.IsLower(following[0])) return !SentenceBoundary.IsTerminator(line[^1]);
        if (widest > WidestWrap || indent > 1) return false;
        var word = following.IndexOfAny(" \t\n\r");
        // A wrapped line is one that had no room for the next word.
        return line.Length >= 40 && line.Length + 1 + (word < 0 ? following.Length : word) > widest;
    }

    private static void SplitParagraph(ReadOnlySpan<char> text, int start, int end, ICollection<SentenceSpan> sentences)
    {
        var paragraph = text[start..end];
        var from = 0;
        var at = SentenceBoundary.AfterEnumerator(paragraph);
        while (SentenceBoundary.TryFind(paragraph, from, ref at))
        {
            Add(paragraph, from, at, start, sentences);
            from = at;
        }
        Add(paragraph, from, paragraph.Length, start, sentences);
    }

    private static void Add(ReadOnlySpan<char> paragraph, int from, int to, int offset, ICollection<SentenceSpan> sentences)
    {
        while (from < to && char.IsWhiteSpace(paragraph[from])) from++;
        while (to > from && char.IsWhiteSpace(paragraph[to - 1])) to--;
        while (to - from > MaxLength)
        {
            var cut = CutPoint(paragraph[from..(from + MaxLength)]);
            AddTrimmed(paragraph, from, from + cut, offset, sentences);
            from += cut;
            while (from < to && char.IsWhiteSpace(paragraph[from])) from++;
        }
        if (from < to) sentences.Add(new SentenceSpan(offset + from, offset + to));
    }

    private static void AddTrimmed(
        ReadOnlySpan<char> paragraph, int from, int to, int offset, ICollection<SentenceSpan> sentences)
    {
        while (to > from && char.IsWhiteSpace(paragraph[to - 1])) to--;
        sentences.Add(new SentenceSpan(offset + from, offset + to));
    }

    /// <summary>Last space of the second half, else the whole, but never between two halves of a surrogate pair.</summary>
    private static int CutPoint(ReadOnlySpan<char> text)
    {
        for (var i = text.Length - 1; i > text.Length / 2; i--)
        {
            if (char.IsWhiteSpace(text[i])) return i;
        }
        return char.IsHighSurrogate(text[^1]) ? text.Length - 1 : text.Length;
    }
}
