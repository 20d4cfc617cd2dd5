using System.Text;

namespace StreamScoring.Processors.Tokenization;

/// <summary>What the byte-level pre-tokenizer takes a code point for.</summary>
internal enum ByteLevelClass : byte
{
    /// <summary>Anything else: punctuation, symbols, marks.</summary>
    Other,

    /// <summary>A letter.</summary>
    Letter,

    /// <summary>A number.</summary>
    Number,

    /// <summary>White space.</summary>
    Space,
}

/// <summary>
/// Cuts text as GPT-2's pattern does:
/// <c>'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+</c> (Radford et al. 2019).
/// </summary>
internal static class ByteLevelSplitter
{
    private static readonly byte[] Classes = BuildClasses();

    /// <summary>The class of a code point.</summary>
    public static ByteLevelClass ClassOf(int codePoint) =>
        (ByteLevelClass)((Classes[codePoint >> 2] >> (2 * (codePoint & 3))) & 3);

    /// <summary>
    /// Where the first piece ends if a space that is not in <paramref name="text"/> stood before it; 0 where that space
    /// is a piece by itself.
    /// </summary>
    public static int FirstPieceEnd(ReadOnlySpan<char> text)
    {
        var first = ClassAt(text, 0, out var next);
        var end = RunEnd(text, next, first, out var lastStart);
        if (first != ByteLevelClass.Space || end == text.Length) return end;
        return Math.Max(lastStart, 0);
    }

    /// <summary>Where the piece that starts at <paramref name="start"/> ends.</summary>
    public static int PieceEnd(ReadOnlySpan<char> text, int start)
    {
        var first = ClassAt(text, start, out var next);
        if (first == ByteLevelClass.Space)
        {
            var end = RunEnd(text, next, ByteLevelClass.Space, out var lastStart);
            if (end == text.Length) return end;
            // The last space goes with what follows; of several the others are a piece.
            if (lastStart > start) return lastStart;
            if (text[start] != ' ') return end;
            first = ClassAt(text, end, out next);
            return RunEnd(text, next, first, out _);
        }
        if (text[start] == '\'' && ContractionLength(text[start..]) is var length and > 0) return start + length;
        return RunEnd(text, next, first, out _);
    }

    /// <summary>The code point at <paramref name="at"/>; a lone surrogate reads as U+FFFD.</summary>
    public static Rune RuneAt(ReadOnlySpan<char> text, int at, out int next)
    {
        Rune.DecodeFromUtf16(text[at..], out var rune, out var length);
        next = at + length;
        return rune;
    }

    private static ByteLevelClass ClassAt(ReadOnlySpan<char> text, int at, out int next) =>
        ClassOf(RuneAt(text, at, out next).Value);

    /// <summary>End of the run of one class, and where its last code point starts (before <paramref name="at"/> if the run ends there).</summary>
    private static int RunEnd(ReadOnlySpan<char> text, int at, ByteLevelClass kind, out int lastStart)
    {
        lastStart = -1;
        while (at < text.Length && ClassAt(text, at, out var next) == kind)
        {
            lastStart = at;
            at = next;
        }
        return at;
    }

    private static int ContractionLength(ReadOnlySpan<char> text)
    {
        if (text.Length < 2) return 0;
        if (text[1] is 's' or 't' or 'm' or 'd') return 2;
        if (text.Length < 3) return 0;
        return text[1..3] is "re" or "ve" or "ll" ? 3 : 0;
    }

    private static byte[] BuildClasses()
    {
        var classes = new byte[0x110000 / 4];
        Fill(classes, ByteLevelTables.Letters, ByteLevelClass.Letter);
        Fill(classes, ByteLevelTables.Numbers, ByteLevelClass.Number);
        Fill(classes, ByteLevelTables.Spaces, ByteLevelClass.Space);
        return classes;
    }

    private static void Fill(byte[] classes, ReadOnlySpan<int> ranges, ByteLevelClass kind)
    {
        for (var i = 0; i < ranges.Length; i += 2)
        {
            for (var c = ranges[i]; c <= ranges[i + 1]; c++) classes[c >> 2] |= (byte)((int)kind << (2 * (c & 3)));
        }
    }
}
