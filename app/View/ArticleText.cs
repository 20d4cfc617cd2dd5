using System.Text;
using Spectre.Console;
using Spectre.Console.Rendering;
using StreamScoring.Schemas;

namespace StreamScoring.App.View;

/// <summary>A field of an article, wrapped, with its entities coloured in place.</summary>
internal static class ArticleText
{
    /// <summary>At most <paramref name="maxLines"/> lines of <paramref name="width"/> cells; the last ends in an ellipsis where text is left.</summary>
    internal static IReadOnlyList<ViewLine> Wrap(
        string text, IReadOnlyList<Entity>? entities, ArticleField field, int width, int maxLines, RenderOptions options, Style? style = null)
    {
        if (maxLines <= 0 || width <= 0) return [];

        // More than fits for certain, so that a 10 MB body costs no more than a short one.
        var end = Math.Min(text.Length, (width + 1) * maxLines);
        if (end > 0 && end < text.Length && char.IsHighSurrogate(text[end - 1])) end--;
        var shown = TextCleaner.SameLength(text[..end]);
        var paragraph = new Paragraph();
        var at = 0;
        foreach (var entity in Ordered(entities, field))
        {
            // Spans come from a topic that anybody may write to: what does not fit the text is left out.
            if (entity.Start < at || entity.End > shown.Length || entity.Start >= entity.End) continue;
            Append(paragraph, shown[at..entity.Start], style ?? ViewColors.Plain);
            Append(paragraph, shown[entity.Start..entity.End], ViewColors.Entity(entity.Type));
            at = entity.End;
        }
        Append(paragraph, shown[at..], style ?? ViewColors.Plain);

        var lines = Segment.SplitLines(((IRenderable)paragraph).Render(options, width), width);
        var result = new List<ViewLine>(Math.Min(lines.Count, maxLines));
        foreach (var line in lines)
        {
            if (result.Count == maxLines) break;
            result.Add(ViewLine.Of(line));
        }
        var more = lines.Count > maxLines || end < text.Length;
        if (more && result.Count > 0) result[^1] = ViewLine.Of([.. result[^1].Cut(width - 2), new Segment(" …", ViewColors.Quiet)]);
        return result;
    }

    private static void Append(Paragraph paragraph, string text, Style style)
    {
        if (text.Length > 0) paragraph.Append(Collapse(text), style);
    }

    /// <summary>Runs of spaces, as paragraphs and removed control characters leave them, take one cell.</summary>
    private static string Collapse(string text)
    {
        if (!text.Contains("  ", StringComparison.Ordinal)) return text;
        var collapsed = new StringBuilder(text.Length);
        foreach (var c in text)
        {
            if (c != ' ' || collapsed.Length == 0 || collapsed[^1] != ' ') collapsed.Append(c);
        }
        return collapsed.ToString();
    }

    private static IEnumerable<Entity> Ordered(IReadOnlyList<Entity>? entities, ArticleField field) =>
        entities is null ? [] : entities.Where(entity => entity.Field == field).OrderBy(entity => entity.Start);
}
