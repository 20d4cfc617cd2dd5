using System.Globalization;
using Spectre.Console;
using Spectre.Console.Rendering;
using StreamScoring.Schemas;

namespace StreamScoring.App.View;

/// <summary>Lays one <see cref="ViewState"/> out for a terminal of any size.</summary>
internal sealed class Screen(ViewState state, int height) : IRenderable
{
    private const int MaxWidth = 160;
    private const string Blocks = "▁▂▃▄▅▆▇█";
    private static readonly CultureInfo Culture = CultureInfo.InvariantCulture;

    /// <inheritdoc/>
    public Measurement Measure(RenderOptions options, int maxWidth) => new(maxWidth, maxWidth);

    /// <inheritdoc/>
    public IEnumerable<Segment> Render(RenderOptions options, int maxWidth)
    {
        var width = Math.Min(maxWidth, MaxWidth);
        var lines = Lines(options, width);
        for (var i = 0; i < lines.Count && i < height; i++)
        {
            foreach (var segment in lines[i].Cut(width)) yield return segment;
            if (i < Math.Min(lines.Count, height) - 1) yield return Segment.LineBreak;
        }
    }

    private List<ViewLine> Lines(RenderOptions options, int width)
    {
        var lines = new List<ViewLine> { Headline(width), Totals() };
        if (state.TopicCounts.Count > 0 && height >= 30) lines.Add(Topics(width));
        lines.Add(new ViewLine());
        AddTable(lines, width);
        lines.Add(new ViewLine());
        var below = state.Notice is null ? 1 : 2;
        AddArticle(lines, options, width, height - lines.Count - below);
        while (lines.Count < height - below) lines.Add(new ViewLine());
        if (state.Notice is { } notice) lines.Add(new ViewLine().Add(" ! ", ViewColors.Bad).AddCell(notice, width - 4));
        lines.Add(Footer(width));
        return lines;
    }

    private ViewLine Headline(int width)
    {
        var style = state.State switch { "running" => ViewColors.Good, "failed" => ViewColors.Bad, _ => ViewColors.Busy };
        var line = new ViewLine().Add(" StreamScoring ", ViewColors.Chip).Add(" ● ", style).Add(state.State, style);
        line.Add("  Kafka ", ViewColors.Quiet).Add(state.BootstrapServers, ViewColors.Accent);
        var up = state.Uptime.TotalDays >= 1
            ? state.Uptime.ToString(@"d\d\ hh\:mm\:ss", Culture)
            : state.Uptime.ToString(@"hh\:mm\:ss", Culture);
        return line.PadTo(width - up.Length - 1).Add(up, ViewColors.Quiet);
    }

    private ViewLine Totals()
    {
        var line = new ViewLine().Add(" ");
        line.Add(Rate(state.ArticlesPerSecond), ViewColors.Title).Add(" articles/s", ViewColors.Quiet);
        if (state.MedianLatency is { } latency) line.Add("   p50 ", ViewColors.Quiet).Add(Duration(latency), ViewColors.Title);
        line.Add("   ").Add(state.Articles.ToString("N0", Culture), ViewColors.Title).Add(" enriched", ViewColors.Quiet);
        return line.Add("   ").Add(state.DeadLetters.ToString("N0", Culture), state.DeadLetters > 0 ? ViewColors.Bad : ViewColors.Title)
            .Add(state.DeadLetters == 1 ? " dead letter" : " dead letters", ViewColors.Quiet);
    }

    private ViewLine Topics(int width)
    {
        var line = new ViewLine().Add(" ");
        var all = state.TopicCounts.Sum(entry => entry.Value);
        foreach (var (label, count) in state.TopicCounts)
        {
            var share = (double)count / all;
            var bar = new string('━', Math.Max(1, (int)Math.Round(share * 24)));
            var text = string.Create(Culture, $" {share:P0}").Replace(" %", "%", StringComparison.Ordinal);
            if (line.Width + label.Length + text.Length + bar.Length + 4 > width) break;
            line.Add(label, ViewColors.Plain).Add(text + " ", ViewColors.Quiet).Add(bar, ViewColors.Accent).Add("   ");
        }
        return line;
    }

    private void AddTable(List<ViewLine> lines, int width)
    {
        var sparks = width >= 100 ? 20 : 0;
        const int rate = 9, total = 11, lag = 8, dead = 7;
        var name = Math.Clamp(state.Nodes.Select(node => node.Name.Length).Concat(state.Sinks.Select(sink => sink.Name.Length)).DefaultIfEmpty(4).Max(), 6, 20);
        var way = Math.Max(10, width - name - rate - total - lag - dead - sparks - (sparks > 0 ? 5 : 4));

        lines.Add(new ViewLine().Add(" ").AddCell("node", name, ViewColors.Quiet).Add("  ").AddCell("from → to", way, ViewColors.Quiet)
            .AddCell("rec/s", rate, ViewColors.Quiet, alignRight: true).AddCell("total", total, ViewColors.Quiet, alignRight: true)
            .AddCell("lag", lag, ViewColors.Quiet, alignRight: true).AddCell("dead", dead, ViewColors.Quiet, alignRight: true));
        foreach (var node in state.Nodes)
        {
            lines.Add(Row(node.Name, $"{node.Input} → {node.Output}", node.PerSecond, node.Total, node.Lag)
                .AddCell(node.DeadLetters.ToString("N0", Culture), dead, node.DeadLetters > 0 ? ViewColors.Bad : ViewColors.Quiet, alignRight: true)
                .Add("  ").Add(Sparkline(node.History, sparks), ViewColors.Accent));
        }
        foreach (var sink in state.Sinks)
        {
            lines.Add(sink.Trouble is { } trouble
                ? new ViewLine().Add(" ").AddCell(sink.Name, name, ViewColors.Bad).Add("  ").AddCell("paused: " + trouble, width - name - 4, ViewColors.Busy)
                : Row(sink.Name, $"→ {sink.Target}", sink.PerSecond, sink.Total, sink.Lag)
                    .AddCell("", dead).Add("  ").Add(Sparkline(sink.History, sparks), ViewColors.Accent));
        }

        ViewLine Row(string rowName, string rowWay, double perSecond, long rowTotal, long rowLag) => new ViewLine()
            .Add(" ").AddCell(rowName, name, ViewColors.Title).Add("  ").AddCell(rowWay, way, ViewColors.Quiet)
            .AddCell(Rate(perSecond), rate, alignRight: true).AddCell(rowTotal.ToString("N0", Culture), total, alignRight: true)
            .AddCell(rowLag < 0 ? "–" : rowLag.ToString("N0", Culture), lag, alignRight: true);
    }

    private void AddArticle(List<ViewLine> lines, RenderOptions options, int width, int room)
    {
        if (room <= 1) return;
        if (state.LastArticle is not { } article)
        {
            lines.Add(new ViewLine().Add(" Waiting for the first enriched article ...", ViewColors.Quiet));
            return;
        }

        var inner = width - 2;
        var title = new ViewLine().Add(" ");
        if (article.Topic is { } topic)
        {
            title.Add($" {Cut(TextCleaner.Line(topic.Label), 24)} ", ViewColors.Chip);
            title.Add(string.Create(Culture, $" {topic.Score * 100:0}%  "), ViewColors.Quiet);
        }
        foreach (var line in ArticleText.Wrap(article.Title, article.Entities, ArticleField.Title, Math.Max(10, inner - title.Width), 1, options, ViewColors.Title))
        {
            foreach (var segment in line.Cut(inner)) title.Add(segment.Text, segment.Style);
        }
        lines.Add(title);

        var summary = article.Summary is { } found
            ? ArticleText.Wrap(found.Text, null, ArticleField.Body, inner - 2, Math.Clamp(room / 3, 1, 6), options)
            : [];
        var summaryRoom = summary.Count == 0 ? 0 : summary.Count + 1;
        var body = ArticleText.Wrap(article.Body, article.Entities, ArticleField.Body, inner, room - 1 - summaryRoom, options);
        foreach (var line in body) lines.Add(Indented(line, " "));
        if (summary.Count == 0) return;
        if (body.Count + 1 + summaryRoom <= room) lines.Add(new ViewLine());
        foreach (var line in summary) lines.Add(Indented(line, " ▌ "));

        ViewLine Indented(ViewLine content, string indent)
        {
            var line = new ViewLine().Add(indent, ViewColors.Accent);
            foreach (var segment in content.Cut(inner)) line.Add(segment.Text, segment.Style);
            return line;
        }
    }

    private ViewLine Footer(int width)
    {
        var line = new ViewLine().Add(" ");
        foreach (var type in Legend()) line.Add($" {type} ", ViewColors.Entity(type)).Add(" ");
        var hint = state.Hint;
        return line.PadTo(Math.Max(line.Width, width - hint.Length - 1)).Add(hint, ViewColors.Quiet);
    }

    private IEnumerable<string> Legend()
    {
        string[] usual = ["PER", "ORG", "LOC", "MISC"];
        var own = state.LastArticle?.Entities?.Select(entity => entity.Type).Distinct().Except(usual).Take(3) ?? [];
        return usual.Concat(own.Select(type => Cut(TextCleaner.Line(type), 12)));
    }

    private static string Sparkline(IReadOnlyList<double> history, int cells)
    {
        if (cells == 0 || history.Count == 0) return "";
        var highest = Math.Max(history.Max(), 1e-9);
        var line = new char[Math.Min(cells, history.Count)];
        for (var i = 0; i < line.Length; i++)
        {
            var value = history[history.Count - line.Length + i];
            line[i] = Blocks[Math.Clamp((int)(value / highest * (Blocks.Length - 1) + 0.5), 0, Blocks.Length - 1)];
        }
        return new string(line);
    }

    private static string Rate(double perSecond) =>
        perSecond >= 100 ? perSecond.ToString("N0", Culture) : perSecond.ToString("0.0", Culture);

    private static string Duration(TimeSpan time) => time.TotalSeconds >= 10
        ? string.Create(Culture, $"{time.TotalSeconds:0} s")
        : time.TotalSeconds >= 1
            ? string.Create(Culture, $"{time.TotalSeconds:0.0} s")
            : string.Create(Culture, $"{time.TotalMilliseconds:0} ms");

    private static string Cut(string text, int length) => text.Length <= length ? text : text[..(length - 1)] + "…";
}
