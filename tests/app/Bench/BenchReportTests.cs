using System.Text.Json;
using StreamScoring.App.Bench;

namespace StreamScoring.App.Tests.Bench;

public sealed class BenchReportTests
{
    private static readonly BenchMachine Machine = new("a processor", 2, 1L << 34, "a system", "a runtime", 0.1, DateTimeOffset.UnixEpoch);

    [Fact]
    public void A_program_finds_each_number_under_its_column()
    {
        var report = new BenchReport();
        var table = new BenchTable("Speed", "Of this and that.", ["records/s", "MiB"]);
        table.Row("one", 1234.25, null);
        report.Add(table);
        report.AtLeast("one of the other", 1.25, 1.5);

        using var json = JsonDocument.Parse(report.ToJson(Machine));
        var values = json.RootElement.GetProperty("tables")[0].GetProperty("rows")[0].GetProperty("values");
        var bar = json.RootElement.GetProperty("bars")[0];

        Assert.Equal(1234.25, values.GetProperty("records/s").GetDouble());
        Assert.Equal(JsonValueKind.Null, values.GetProperty("MiB").ValueKind);
        Assert.False(bar.GetProperty("holds").GetBoolean());
        Assert.Contains("| one | 1,234 |  |", report.ToMarkdown(Machine), StringComparison.Ordinal);
        Assert.Contains("**missed**", report.ToMarkdown(Machine), StringComparison.Ordinal);
    }

    // Where it is made: a bench of an hour must not find out when it writes its results.
    [Fact]
    public void Columns_of_the_same_head_are_refused_before_anything_is_measured()
    {
        var refused = Assert.Throws<ArgumentException>(() => new BenchTable("Memory", "", ["MiB", "least", "least"]));

        Assert.Contains("'Memory'", refused.Message, StringComparison.Ordinal);
    }
}
