using System.Globalization;
using System.Net;
using System.Text;

namespace StreamScoring.App.Replay;

/// <summary>The report as one HTML file that needs nothing else: no script, no font, no network. Light and dark.</summary>
internal static class DiffHtml
{
    private const int FlipsShown = 30;

    private const string Style = """
        :root { color-scheme: light dark; --ink: #1c2430; --soft: #5d6a7a; --paper: #f6f7f9; --card: #ffffff; --line: #dde2e8;
          --good: #1a7f4b; --bad: #c0352b; --add: #d9f2e3; --lost: #fbe0dd; --bar: #4a7bd0; }
        @media (prefers-color-scheme: dark) { :root { --ink: #e4e9f0; --soft: #9aa7b8; --paper: #12161c; --card: #1a2029; --line: #2d3643;
          --good: #5cc98d; --bad: #ff8a7e; --add: #1d4530; --lost: #562822; --bar: #7fa8ee; } }
        * { box-sizing: border-box; }
        body { margin: 0 auto; max-width: 66rem; padding: 2rem 1.25rem 4rem; background: var(--paper); color: var(--ink);
          font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "DejaVu Sans", sans-serif; }
        h1 { font-size: 1.5rem; margin: 0 0 .25rem; } h2 { font-size: 1.1rem; margin: 2rem 0 .6rem; }
        .soft { color: var(--soft); } .good { color: var(--good); } .bad { color: var(--bad); font-weight: 600; }
        .verdict { display: inline-block; padding: .15rem .7rem; border-radius: 1rem; border: 1.5px solid currentColor; font-weight: 600; }
        .card { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; padding: .25rem 1rem; overflow-x: auto; }
        table { border-collapse: collapse; width: 100%; } td, th { text-align: left; padding: .4rem .8rem .4rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
        tr:last-child > td { border-bottom: 0; } th { color: var(--soft); font-weight: 500; font-size: .85rem; }
        td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; } code { font-size: .87em; overflow-wrap: anywhere; }
        .bar { display: inline-block; height: .7rem; background: var(--bar); border-radius: .15rem; min-width: 1px; }
        .span { display: inline-block; border-radius: .3rem; padding: 0 .45rem; margin: .1rem .25rem .1rem 0; }
        .add { background: var(--add); } .lost { background: var(--lost); } .span b { font-weight: 600; font-size: .78em; opacity: .75; margin-left: .35rem; }
        .change { padding: .75rem 0; border-bottom: 1px solid var(--line); } .change:last-child { border-bottom: 0; } .change p { margin: .25rem 0; }
        .pair { display: grid; grid-template-columns: 1fr 1fr; gap: .75rem; font-size: .93em; } .pair > div { border-left: 3px solid var(--line); padding-left: .6rem; overflow-wrap: anywhere; }
        @media (max-width: 40rem) { .pair { grid-template-columns: 1fr; } }
        """;

    internal static string Write(DiffReport report)
    {
        var html = new StringBuilder(64 << 10);
        html.Append("<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
        html.Append("<title>Replay: ").Append(Text(report.A.Topic)).Append("</title>\n<style>\n").Append(Style).Append("\n</style>\n");
        html.Append("<h1>Two runs of ").Append(Text(report.A.Topic)).Append("</h1>\n");
        html.Append(report.IsKept ? "<p><span class=\"verdict good\">within tolerance</span>" : "<p><span class=\"verdict bad\">out of tolerance</span>");
        html.Append(Invariant($" <span class=\"soft\">{report.Records:N0} records in both, {report.Missing:N0} in one only, {report.Changed:N0} answered differently</span></p>\n"));
        WriteRuns(report, html);
        WriteMeasures(report, html);
        WriteScores(report, html);
        WriteFlips(report, html);
        WriteLatencies(report, html);
        WriteChanges(report, html);
        return html.Append("</html>\n").ToString();
    }

    private static void WriteRuns(DiffReport report, StringBuilder html)
    {
        html.Append("<div class=\"card\"><table>\n<tr><th></th><th>run</th><th>when</th><th>against</th><th class=\"n\">dead letters</th><th>models</th></tr>\n");
        foreach (var (name, folder, run) in new[] { ("A", report.FolderA, report.A), ("B", report.FolderB, report.B) })
        {
            html.Append(Invariant($"<tr><td><b>{name}</b></td><td style=\"min-width:8rem\"><code>{Text(folder)}</code>{(run.Complete ? "" : " <span class=\"bad\">interrupted</span>")}</td><td style=\"white-space:nowrap\">{run.CreatedAt.UtcDateTime:yyyy-MM-dd HH:mm} UTC</td>"));
            html.Append(Invariant($"<td>{Text(run.Run?.Against ?? "")}</td><td class=\"n\">{run.Run?.DeadLetters ?? 0:N0}</td><td>{Text(DiffText.Models(run))}</td></tr>\n"));
        }
        html.Append("</table></div>\n");
    }

    private static void WriteMeasures(DiffReport report, StringBuilder html)
    {
        html.Append("<h2>Tolerances</h2>\n<div class=\"card\"><table>\n<tr><th></th><th>measure</th><th class=\"n\">value</th><th class=\"n\">bound</th><th>meaning</th></tr>\n");
        foreach (var (tolerance, value) in report.Measures)
        {
            var isBound = value is not null && !double.IsNaN(tolerance.Limit);
            var verdict = !tolerance.IsKept(value) ? "<span class=\"bad\">✗ broken</span>" : isBound ? "<span class=\"good\">✓</span>" : "<span class=\"soft\">–</span>";
            html.Append(Invariant($"<tr><td>{verdict}</td><td><code>{tolerance.Name}</code></td><td class=\"n\">{DiffText.Number(value)}</td><td class=\"n\">{DiffText.Bound(tolerance)}</td><td class=\"soft\">{Text(tolerance.Meaning)}</td></tr>\n"));
        }
        html.Append("</table></div>\n");
    }

    private static void WriteScores(DiffReport report, StringBuilder html)
    {
        var most = Math.Max(1, report.ScoreChanges.Max(static bucket => bucket.Count));
        html.Append("<h2>How far scores moved</h2>\n<p class=\"soft\">Records by the largest change of any score in them: topic, entities, summary sentences.</p>\n<div class=\"card\"><table>\n");
        foreach (var (below, count) in report.ScoreChanges)
        {
            var label = below == 0 ? "not at all" : $"up to {below.ToString("0.######", CultureInfo.InvariantCulture)}";
            html.Append(Invariant($"<tr><td style=\"width:9rem\">{label}</td><td class=\"n\" style=\"width:5rem\">{count:N0}</td><td>{(count == 0 ? "" : Invariant($"<span class=\"bar\" style=\"width:{100.0 * count / most:0.0}%\"></span>"))}</td></tr>\n"));
        }
        html.Append("</table></div>\n");
    }

    private static void WriteFlips(DiffReport report, StringBuilder html)
    {
        html.Append(Invariant($"<h2>Entities</h2>\n<p>{report.Entities.Shared:N0} in both runs, <span class=\"span add\">{report.Entities.Added:N0} added</span><span class=\"span lost\">{report.Entities.Lost:N0} lost</span></p>\n"));
        if (report.Flips.Count == 0) return;
        html.Append("<h2>Topics that changed</h2>\n<div class=\"card\"><table>\n<tr><th>A</th><th>B</th><th class=\"n\">articles</th></tr>\n");
        foreach (var (from, to, count) in report.Flips.Take(FlipsShown)) html.Append(Invariant($"<tr><td>{Text(from)}</td><td>{Text(to)}</td><td class=\"n\">{count:N0}</td></tr>\n"));
        html.Append("</table></div>\n");
    }

    private static void WriteLatencies(DiffReport report, StringBuilder html)
    {
        html.Append("<h2>Time, ms</h2>\n<div class=\"card\"><table>\n<tr><th></th><th class=\"n\">A p50</th><th class=\"n\">B p50</th><th class=\"n\">A p95</th><th class=\"n\">B p95</th></tr>\n");
        foreach (var (name, a50, b50, a95, b95) in report.Latencies)
        {
            html.Append(Invariant($"<tr><td>{Text(name)}</td><td class=\"n\">{DiffText.Ms(a50)}</td><td class=\"n\">{DiffText.Ms(b50)}</td><td class=\"n\">{DiffText.Ms(a95)}</td><td class=\"n\">{DiffText.Ms(b95)}</td></tr>\n"));
        }
        html.Append("</table></div>\n");
    }

    private static void WriteChanges(DiffReport report, StringBuilder html)
    {
        var visible = report.Worst.Where(static change => change.IsVisible).ToList();
        if (visible.Count == 0)
        {
            html.Append("<h2>Records</h2>\n<p class=\"soft\">No record is answered differently.</p>\n");
            return;
        }
        html.Append(Invariant($"<h2>Records answered differently</h2>\n<p class=\"soft\">{(visible.Count < report.Changed ? $"The worst {visible.Count:N0} of {report.Changed:N0}." : "All of them, the worst first.")}</p>\n<div class=\"card\">\n"));
        foreach (var change in visible) WriteChange(change, html);
        html.Append("</div>\n");
    }

    private static void WriteChange(RecordChange change, StringBuilder html)
    {
        html.Append(Invariant($"<div class=\"change\"><b>{Text(change.Title ?? change.Id ?? "(no article)")}</b> <span class=\"soft\">partition {change.Partition}, offset {change.Offset}</span>\n"));
        if (change.OnlyIn is { } run) html.Append(Invariant($"<p class=\"bad\">only in {run}</p>\n"));
        if (change.Outcome is (var outcomeA, var outcomeB)) html.Append(Invariant($"<div class=\"pair\"><div><b>A</b> {Text(outcomeA)}</div><div><b>B</b> {Text(outcomeB)}</div></div>\n"));
        if (change.OtherFields.Count > 0) html.Append(Invariant($"<p class=\"bad\">differs: {Text(string.Join(", ", change.OtherFields))}</p>\n"));
        if (change.Flip is (var from, var scoreA, var to, var scoreB)) html.Append(Invariant($"<p>topic <b>{Text(from)}</b> {scoreA:0.000} → <b>{Text(to)}</b> {scoreB:0.000}</p>\n"));
        if (change.Lost.Count + change.Added.Count > 0)
        {
            html.Append("<p>");
            foreach (var entity in change.Lost) html.Append(Invariant($"<span class=\"span lost\">− {Text(entity.Text)}<b>{Text(entity.Type)}</b></span>"));
            foreach (var entity in change.Added) html.Append(Invariant($"<span class=\"span add\">+ {Text(entity.Text)}<b>{Text(entity.Type)}</b></span>"));
            html.Append("</p>\n");
        }
        if (change.Summaries is (var summaryA, var summaryB))
        {
            html.Append(Invariant($"<p class=\"soft\">summary, ROUGE-L {change.Rouge:0.000}</p><div class=\"pair\"><div><b>A</b> {Text(summaryA)}</div><div><b>B</b> {Text(summaryB)}</div></div>\n"));
        }
        html.Append("</div>\n");
    }

    private static string Text(string text) => WebUtility.HtmlEncode(text.Length <= 2_000 ? text : text[..2_000] + "…");

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
