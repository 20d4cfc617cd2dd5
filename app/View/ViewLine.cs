using Spectre.Console;
using Spectre.Console.Rendering;

namespace StreamScoring.App.View;

/// <summary>One line of the screen, built from left to right in styled pieces and never wider than asked for.</summary>
internal sealed class ViewLine
{
    private readonly List<Segment> _segments = [];

    /// <summary>Cells used so far.</summary>
    internal int Width { get; private set; }

    /// <summary>Appends text as it is: no markup is read, control characters are taken out.</summary>
    internal ViewLine Add(string text, Style? style = null)
    {
        if (text.Length == 0) return this;
        var segment = new Segment(TextCleaner.SameLength(text), style ?? ViewColors.Plain);
        _segments.Add(segment);
        Width += segment.CellCount();
        return this;
    }

    /// <summary>Appends spaces up to a column.</summary>
    internal ViewLine PadTo(int column) => column > Width ? Add(new string(' ', column - Width)) : this;

    /// <summary>Appends text cut, with an ellipsis, and padded to exactly <paramref name="cells"/> cells.</summary>
    internal ViewLine AddCell(string text, int cells, Style? style = null, bool alignRight = false)
    {
        var fitted = Fit(TextCleaner.SameLength(text), cells);
        var missing = cells - new Segment(fitted).CellCount();
        if (alignRight && missing > 0) Add(new string(' ', missing));
        Add(fitted, style);
        if (!alignRight && missing > 0) Add(new string(' ', missing));
        return this;
    }

    /// <summary>The pieces, cut to <paramref name="width"/> cells.</summary>
    internal IEnumerable<Segment> Cut(int width) => Width <= width ? _segments : Segment.Truncate(_segments, width);

    /// <summary>Takes pieces that Spectre laid out.</summary>
    internal static ViewLine Of(IEnumerable<Segment> segments)
    {
        var line = new ViewLine();
        foreach (var segment in segments)
        {
            if (segment.IsLineBreak || segment.IsControlCode) continue;
            line._segments.Add(segment);
            line.Width += segment.CellCount();
        }
        return line;
    }

    private static string Fit(string text, int cells)
    {
        if (new Segment(text).CellCount() <= cells) return text;
        if (cells <= 1) return cells == 1 ? "…" : "";
        var end = Math.Min(text.Length, cells - 1);
        while (end > 0 && (new Segment(text[..end]).CellCount() > cells - 1 || char.IsHighSurrogate(text[end - 1]))) end--;
        return text[..end] + "…";
    }
}
