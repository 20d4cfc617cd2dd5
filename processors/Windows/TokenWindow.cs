using StreamScoring.Processors.Sentences;
using StreamScoring.Processors.Tokenization;

namespace StreamScoring.Processors.Windows;

/// <summary>A run of a text's tokens that fits into one row of a model.</summary>
/// <param name="Start">First token.</param>
/// <param name="End">After the last token.</param>
internal readonly record struct TokenWindow(int Start, int End)
{
    /// <summary>Tokens.</summary>
    public int Length => End - Start;
}

/// <summary>Cuts a text into overlapping windows.</summary>
internal static class TokenWindows
{
    /// <summary>
    /// Appends windows of at most <paramref name="room"/> tokens that together hold every token. Each begins and ends
    /// between two words (inside one only where it is longer than a window) and shares about <paramref name="stride"/>
    /// tokens, at least a word, with the one before it. It shares nothing where it can begin with a sentence.
    /// </summary>
    /// <param name="tokens">The text.</param>
    /// <param name="room">Longest window.</param>
    /// <param name="stride">Tokens shared.</param>
    /// <param name="windows">Gets the windows.</param>
    /// <param name="sentences">
    /// The text's sentences: a window ends with the last of them that ends in its second half. Default: none are known.
    /// </param>
    public static void Plan(
        TokenBuffer tokens, int room, int stride, List<TokenWindow> windows, ReadOnlySpan<SentenceSpan> sentences = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(room, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(stride);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(stride, room);
        var count = tokens.Count;
        var start = 0;
        while (start < count)
        {
            var end = Math.Min(start + room, count);
            if (end < count)
            {
                var wordStart = tokens.WordFirstTokens[tokens.Words[end]];
                if (wordStart > start) end = wordStart;
            }
            var isSentenceEnd = end < count && EndWithSentence(tokens, start + (room / 2), ref end, ref sentences);
            windows.Add(new TokenWindow(start, end));
            if (end == count) return;
            start = isSentenceEnd ? end : NextStart(tokens, start, end, room, stride);
        }
    }

    /// <summary>
    /// Moves a window's end back to the last sentence that begins there or before, but after <paramref name="least"/>.
    /// Sentences that are behind are taken off <paramref name="sentences"/>.
    /// </summary>
    private static bool EndWithSentence(TokenBuffer tokens, int least, ref int end, ref ReadOnlySpan<SentenceSpan> sentences)
    {
        var limit = tokens.Starts[end];
        var next = 0;
        while (next < sentences.Length && sentences[next].Start <= limit) next++;
        if (next == 0) return false;
        var begin = sentences[next - 1].Start;
        sentences = sentences[next..];
        var first = end;
        while (first > least && tokens.Starts[first - 1] >= begin) first--;
        if (first <= least || tokens.WordFirstTokens[tokens.Words[first]] != first) return false;
        end = first;
        return true;
    }

    /// <summary>The start of a word near the end of the window before, such that the new window goes beyond that end.</summary>
    private static int NextStart(TokenBuffer tokens, int start, int end, int room, int stride)
    {
        var needed = tokens.WordTokensEnd(tokens.Words[end]);
        for (var word = tokens.Words[Math.Max(start, end - stride)]; word < tokens.WordCount; word++)
        {
            var next = tokens.WordFirstTokens[word];
            if (next >= end) break;
            if (next > start && next + room >= needed) return next;
        }
        return end;
    }

    /// <summary>
    /// How far token <paramref name="token"/> is from the nearest edge of its window behind which the text goes on:
    /// of two windows that hold a word, the one where this is larger knows more about it.
    /// </summary>
    public static int Context(TokenWindow window, int token, int count)
    {
        var before = window.Start == 0 ? int.MaxValue : token - window.Start;
        var after = window.End == count ? int.MaxValue : window.End - 1 - token;
        return Math.Min(before, after);
    }
}
