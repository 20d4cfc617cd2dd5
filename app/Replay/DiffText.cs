using System.Globalization;
using System.Text;
using StreamScoring.App.View;

namespace StreamScoring.App.Replay;

/// <summary>The report for a terminal.</summary>
internal static class DiffText
{
    private const int WorstShown = 20;
    private const int FlipsShown = 10;

    internal static string Write(DiffReport report)
    {
        var text = new StringBuilder();
        text.Append(Invariant($"A  {report.FolderA}  {Models(report.A)}\nB  {report.FolderB}  {Models(report.B)}\n"));
        text.Append(Invariant($"{report.Records:N0} records of {report.A.Topic} in both runs, {report.Missing:N0} in one only, {report.Changed:N0} answered differently.\n\n"));
        foreach (var (tolerance, value) in report.Measures)
        {
            var verdict = tolerance.IsKept(value) ? value is null || double.IsNaN(tolerance.Limit) ? "-" : "ok" : "BROKEN";
            text.Append(Invariant($"{verdict,-7} {tolerance.Name,-22} {Number(value),10}  {Bound(tolerance),-12} {tolerance.Meaning}\n"));
        }
        text.Append(Invariant($"\nentities: {report.Entities.Shared:N0} in both, {report.Entities.Added:N0} added, {report.Entities.Lost:N0} lost\n"));
        foreach (var (from, to, count) in report.Flips.Take(FlipsShown)) text.Append(Invariant($"topic: {count,6:N0}  {TextCleaner.Line(from)} -> {TextCleaner.Line(to)}\n"));
        text.Append("\nms                              A p50      B p50      A p95      B p95\n");
        foreach (var (name, a50, b50, a95, b95) in report.Latencies)
        {
            text.Append(Invariant($"{name,-26} {Ms(a50),10} {Ms(b50),10} {Ms(a95),10} {Ms(b95),10}\n"));
        }
        var visible = report.Worst.Where(static change => change.IsVisible).Take(WorstShown).ToList();
        if (visible.Count > 0) text.Append('\n');
        foreach (var change in visible) WriteChange(change, text);
        return text.Append(report.IsKept ? "\nWithin tolerance.\n" : "\nOut of tolerance.\n").ToString();
    }

    /// <summary>A measured value.</summary>
    internal static string Number(double? value) => value switch
    {
        null => "-",
        0 => "0",
        { } number when Math.Abs(number) >= 1 && number == Math.Floor(number) => number.ToString("N0", CultureInfo.InvariantCulture),
        { } number when Math.Abs(number) < 0.001 => number.ToString("0.0e+0", CultureInfo.InvariantCulture),
        { } number => number.ToString("0.####", CultureInfo.InvariantCulture),
    };

    /// <summary>A bound.</summary>
    internal static string Bound(Tolerance tolerance) =>
        double.IsNaN(tolerance.Limit) ? "no bound" : $"{(tolerance.IsMinimum ? "at least" : "at most")} {Number(tolerance.Limit)}";

    /// <summary>Which models a run was made with.</summary>
    internal static string Models(CaptureManifest manifest) => string.Join(", ", manifest.Nodes.Select(static node =>
        node.Sha256 is { } sha256 ? $"{node.Name} {node.Version} ({sha256[..8]})" : node.Name));

    /// <summary>Milliseconds.</summary>
    internal static string Ms(double? value) => value is { } ms ? ms.ToString(ms < 10 ? "0.00" : "0.0", CultureInfo.InvariantCulture) : "-";

    private static void WriteChange(RecordChange change, StringBuilder text)
    {
        text.Append(Invariant($"{change.Partition}:{change.Offset}  {Short(change.Title ?? change.Id ?? "")}\n"));
        if (change.OnlyIn is { } run) text.Append(Invariant($"    only in {run}\n"));
        if (change.Outcome is (var a, var b)) text.Append(Invariant($"    {Short(a)} -> {Short(b)}\n"));
        if (change.OtherFields.Count > 0) text.Append(Invariant($"    differs: {string.Join(", ", change.OtherFields)}\n"));
        if (change.Flip is (var from, var scoreA, var to, var scoreB)) text.Append(Invariant($"    topic {TextCleaner.Line(from)} {scoreA:0.000} -> {TextCleaner.Line(to)} {scoreB:0.000}\n"));
        foreach (var entity in change.Lost) text.Append(Invariant($"    - {Describe(entity)}\n"));
        foreach (var entity in change.Added) text.Append(Invariant($"    + {Describe(entity)}\n"));
        if (change.Summaries is not null) text.Append(Invariant($"    summary: ROUGE-L {change.Rouge:0.000}\n"));
    }

    private static string Describe(EntitySpan entity) =>
        Invariant($"{TextCleaner.Line(entity.Type)} '{Short(entity.Text)}' {entity.Field.ToString().ToLowerInvariant()} {entity.Start}..{entity.End}");

    private static string Short(string text)
    {
        const int most = 90;
        var line = TextCleaner.Line(text);
        return line.Length <= most ? line : line[..most] + "…";
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
