using System.Text;

namespace StreamScoring.App.View;

/// <summary>Makes text that strangers sent harmless for a terminal.</summary>
internal static class TextCleaner
{
    /// <summary>
    /// Replaces every control character, lone surrogate, bidirectional override and line separator by a space or U+FFFD,
    /// one code unit for one, so that spans into the text stay right.
    /// </summary>
    internal static string SameLength(string text)
    {
        var dirty = -1;
        for (var i = 0; i < text.Length; i++)
        {
            if (Harmless(text, i)) continue;
            dirty = i;
            break;
        }
        if (dirty < 0) return text;
        return string.Create(text.Length, text, static (span, source) =>
        {
            for (var i = 0; i < source.Length; i++)
            {
                span[i] = Harmless(source, i) ? source[i] : char.IsSurrogate(source[i]) ? '\uFFFD' : ' ';
            }
        });
    }

    /// <summary>One line: as <see cref="SameLength"/>, runs of white space as one space, no space at the ends.</summary>
    internal static string Line(string text)
    {
        var line = new StringBuilder(text.Length);
        foreach (var c in SameLength(text))
        {
            if (!char.IsWhiteSpace(c)) line.Append(c);
            else if (line.Length > 0 && line[^1] != ' ') line.Append(' ');
        }
        if (line.Length > 0 && line[^1] == ' ') line.Length--;
        return line.ToString();
    }

    private static bool Harmless(string text, int index)
    {
        var c = text[index];
        if (c < 0x7F) return c >= ' ';
        if (c is >= '\u007F' and <= '\u009F') return false;
        // Line and paragraph separators, bidirectional marks and isolates, the byte order mark.
        if (c is >= '\u2028' and <= '\u202E' or >= '\u2066' and <= '\u2069' or '\u200E' or '\u200F' or '\u061C' or '\uFEFF') return false;
        if (!char.IsSurrogate(c)) return true;
        return char.IsHighSurrogate(c)
            ? index + 1 < text.Length && char.IsLowSurrogate(text[index + 1])
            : index > 0 && char.IsHighSurrogate(text[index - 1]);
    }
}
