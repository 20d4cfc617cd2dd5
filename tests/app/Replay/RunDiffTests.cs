using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Xml.Linq;
using StreamScoring.App.Replay;
using static StreamScoring.App.Tests.Replay.Runs;

namespace StreamScoring.App.Tests.Replay;

public sealed class RunDiffTests : IDisposable
{
    private readonly Runs _runs = new();

    public void Dispose() => _runs.Dispose();

    [Fact]
    public void Equal_runs_are_within_tolerance_whatever_time_they_took()
    {
        var report = _runs.Diff([Answer(0), Answer(1), Answer(0, partition: 1)], [Answer(0, latencyUs: 9_000), Answer(1, latencyUs: 9_000), Answer(0, partition: 1, latencyUs: 9_000)]);

        Assert.True(report.IsKept);
        Assert.Equal((3, 0, 0), (report.Records, report.Missing, report.Changed));
        Assert.Equal(1, Value(report, Tolerances.EntityF1));
        Assert.Equal(9, Value(report, Tolerances.Latency)!.Value, 0.2);
        Assert.Empty(report.Worst);
    }

    [Fact]
    public void Flips_entities_summaries_and_scores_are_measured_by_the_textbook()
    {
        var report = _runs.Diff(
            [Answer(0), Answer(1, entities: ["Oslo", "Bergen"]), Answer(2, summary: "a b c d"), Answer(3, score: 0.5f)],
            [Answer(0, label: "World", score: 0.6f), Answer(1, entities: ["Oslo", "Molde"]), Answer(2, summary: "a x c"), Answer(3, score: 0.5625f)]);

        Assert.False(report.IsKept);
        Assert.Equal(0.25, Value(report, Tolerances.TopicFlips));
        Assert.Equal(("Sports", "World", 1L), Assert.Single(report.Flips));
        // Of 5 and 5 entities 4 are the same.
        Assert.Equal((4, 1, 1), report.Entities);
        Assert.Equal(0.8, Value(report, Tolerances.EntityF1)!.Value, 1e-9);
        // The longest common subsequence of 4 and 3 words has 2.
        Assert.Equal((3 + (2 * 2 / 7.0)) / 4, Value(report, Tolerances.SummaryRouge)!.Value, 1e-9);
        Assert.Equal(0.0625, report.Worst.Single(change => change.Offset == 3).TopicDelta, 1e-9);
        Assert.Equal(3, report.Changed);
    }

    [Fact]
    public void A_record_that_fails_or_is_missing_in_one_run_breaks_the_tolerance()
    {
        var failed = new RunResult { Partition = 0, Offset = 1, Failures = { new RunFailure("entities", "E", "it is <bad>") } };

        var report = _runs.Diff([Answer(0), Answer(1), Answer(2)], [Answer(0), failed, Answer(3)]);

        Assert.Equal((1, 2), (Value(report, Tolerances.DeadLetters), Value(report, Tolerances.Missing)));
        Assert.Equal(["A", "B"], report.Worst.Select(change => change.OnlyIn).OfType<string>().Order());
        Assert.Equal(("answered", "failed at entities: it is <bad>"), report.Worst.Single(change => change.Outcome is not null).Outcome);
        Assert.False(report.IsKept);
    }

    [Fact]
    public void A_user_says_how_much_may_change()
    {
        RunResult[] a = [Answer(0), Answer(1)];
        RunResult[] b = [Answer(0), Answer(1, label: "World", entities: ["Oslo", "Molde"])];
        Assert.False(_runs.Diff(a, b).IsKept);
        using var others = new Runs();
        Assert.True(others.Diff(a, b, "topic.flips=0.5", "topic.score=none", "entities.f1=0.8").IsKept);

        var problems = new List<string>();
        Tolerances.With(["topic.flip=1", "topic.score", "entities.f1=much", "topic.score=-1"], problems);
        Assert.Equal(4, problems.Count);
        Assert.Contains("did you mean 'topic.flips'?", problems[0], StringComparison.Ordinal);
    }

    [Fact]
    public void The_report_is_text_JSON_and_one_page_of_HTML_that_needs_nothing_else()
    {
        var report = _runs.Diff([Answer(0, summary: "<script>alert(1)</script>")], [Answer(0, label: "World", entities: ["Molde"], summary: "other")]);

        Assert.Contains("BROKEN  topic.flips", DiffText.Write(report), StringComparison.Ordinal);
        Assert.Contains("- LOC 'Oslo' body 0..4", DiffText.Write(report), StringComparison.Ordinal);
        var buffer = new ArrayBufferWriter<byte>();
        DiffJson.Write(report, buffer);
        var json = JsonDocument.Parse(buffer.WrittenMemory).RootElement;
        Assert.False(json.GetProperty("within_tolerance").GetBoolean());
        Assert.Equal(0, json.GetProperty("measures").GetProperty("entities.f1").GetProperty("value").GetDouble());
        var html = DiffHtml.Write(report);
        Assert.Contains("out of tolerance", html, StringComparison.Ordinal);
        Assert.Contains("&lt;script&gt;alert(1)", html, StringComparison.Ordinal);
        foreach (var outside in new[] { "<script", "http://", "https://", "@import", "src=", "href=" }) Assert.DoesNotContain(outside, html, StringComparison.Ordinal);
    }

    private static double? Value(DiffReport report, string name) => report.Measures.Single(measure => measure.Tolerance.Name == name).Value;
}
