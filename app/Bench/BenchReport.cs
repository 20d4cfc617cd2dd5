using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace StreamScoring.App.Bench;

/// <summary>What was measured, and which bars hold.</summary>
internal sealed class BenchReport
{
    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    internal List<BenchTable> Tables { get; } = [];

    internal List<BenchBar> Bars { get; } = [];

    internal void Add(BenchTable table) => Tables.Add(table);

    /// <summary>A bar that a number has to reach.</summary>
    internal void AtLeast(string name, double measured, double bound) =>
        Bars.Add(new BenchBar(name, measured, "at least", bound, measured >= bound));

    /// <summary>A bar that a number must stay under.</summary>
    internal void Below(string name, double measured, double bound) =>
        Bars.Add(new BenchBar(name, measured, "below", bound, measured < bound));

    /// <summary>A bar that could not be measured.</summary>
    internal void Skip(string name, string why) => Bars.Add(new BenchBar(name, null, why, null, false));

    internal static string Number(double value) => Math.Abs(value) switch
    {
        >= 100 => value.ToString("N0", CultureInfo.InvariantCulture),
        >= 10 => value.ToString("0.0", CultureInfo.InvariantCulture),
        _ => value.ToString("0.00", CultureInfo.InvariantCulture),
    };

    internal static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[(sorted.Length / 2) - 1] + sorted[sorted.Length / 2]) / 2;
    }

    /// <summary>
    /// The median of the ratios of what ran in the same round, one right after the other: a machine that gets slower or
    /// faster meanwhile changes both.
    /// </summary>
    internal static double MedianRatio(IEnumerable<double> of, IEnumerable<double> to) =>
        Median(of.Zip(to, static (one, other) => one / other));

    internal static double Percentile(IEnumerable<double> values, double share)
    {
        var sorted = values.Order().ToArray();
        return sorted[Math.Clamp((int)Math.Ceiling(share * sorted.Length) - 1, 0, sorted.Length - 1)];
    }

    /// <summary>Markdown.</summary>
    internal string ToMarkdown(BenchMachine machine)
    {
        var text = new StringBuilder();
        text.Append(machine.Describe()).Append("\n\n");
        foreach (var table in Tables) table.AppendTo(text);
        if (Bars.Count > 0) AppendBars(text);
        return text.ToString();
    }

    /// <summary>The same for programs.</summary>
    internal string ToJson(BenchMachine machine) => JsonSerializer.Serialize(
        new
        {
            machine,
            tables = Tables.Select(static table => new
            {
                table.Title,
                table.Note,
                rows = table.Rows.Select(row => new
                {
                    row.Name,
                    values = table.Columns.Zip(row.Values).ToDictionary(static pair => pair.First, static pair => pair.Second),
                }),
            }),
            bars = Bars,
        },
        Json) + "\n";

    private void AppendBars(StringBuilder text)
    {
        text.Append("## Bars\n\n| bar | measured | wanted | |\n|---|---:|---:|---|\n");
        foreach (var bar in Bars)
        {
            text.Append(bar.Measured is { } measured
                ? $"| {bar.Name} | {Number(measured)} | {bar.Relation} {Number(bar.Bound!.Value)} | {(bar.Holds ? "holds" : "**missed**")} |\n"
                : $"| {bar.Name} | | | skipped: {bar.Relation} |\n");
        }
    }
}

/// <summary>A number that has to be reached.</summary>
/// <param name="Name">What is measured, with its unit.</param>
/// <param name="Measured">The number; null where it was skipped.</param>
/// <param name="Relation">"at least" or "below"; why it was skipped.</param>
/// <param name="Bound">The number to reach.</param>
/// <param name="Holds">Whether it does.</param>
internal sealed record BenchBar(string Name, double? Measured, string Relation, double? Bound, bool Holds);

/// <summary>A table of measurements.</summary>
/// <param name="Title">Heading.</param>
/// <param name="Note">What was done, in a sentence or two.</param>
/// <param name="Columns">Heads of the number columns, units included.</param>
internal sealed record BenchTable(string Title, string Note, IReadOnlyList<string> Columns)
{
    /// <summary>All different: programs find the numbers by them.</summary>
    public IReadOnlyList<string> Columns { get; } = Columns.Distinct(StringComparer.Ordinal).Count() == Columns.Count
        ? Columns
        : throw new ArgumentException($"Two columns of the table '{Title}' have the same head: {string.Join(", ", Columns)}.", nameof(Columns));

    /// <summary>Rows: a name, and a number (or nothing) for each column.</summary>
    public List<(string Name, double?[] Values)> Rows { get; } = [];

    internal void Row(string name, params double?[] values) => Rows.Add((name, values));

    internal void AppendTo(StringBuilder text)
    {
        text.Append("## ").Append(Title).Append("\n\n").Append(Note).Append("\n\n| |");
        foreach (var column in Columns) text.Append(' ').Append(column).Append(" |");
        text.Append("\n|---|").Append(string.Concat(Columns.Select(static _ => "---:|"))).Append('\n');
        foreach (var (name, values) in Rows)
        {
            text.Append("| ").Append(name).Append(" |");
            foreach (var value in values) text.Append(' ').Append(value is { } number ? BenchReport.Number(number) : "").Append(" |");
            text.Append('\n');
        }
        text.Append('\n');
    }
}
