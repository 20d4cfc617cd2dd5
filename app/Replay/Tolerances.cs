using System.Globalization;

namespace StreamScoring.App.Replay;

/// <summary>One bound that two runs have to keep.</summary>
/// <param name="Name">Name, e.g. "topic.flips".</param>
/// <param name="Limit">The bound; NaN: none.</param>
/// <param name="IsMinimum">True where the value must be at least that, false where it may be at most that.</param>
/// <param name="Meaning">What is bounded, with its unit.</param>
internal sealed record Tolerance(string Name, double Limit, bool IsMinimum, string Meaning)
{
    /// <summary>Whether a value keeps it; what was not measured does.</summary>
    internal bool IsKept(double? value) => value is not { } number || double.IsNaN(Limit) || (IsMinimum ? number >= Limit : number <= Limit);
}

/// <summary>
/// The bounds of a comparison. The defaults let through what the same models give on another machine's cores, batches and
/// threads, and no more: docs/replay.md has the measurement.
/// </summary>
internal static class Tolerances
{
    internal const string Missing = "records.missing";
    internal const string DeadLetters = "dead_letters.changed";
    internal const string Other = "other.changed";
    internal const string TopicFlips = "topic.flips";
    internal const string TopicScore = "topic.score";
    internal const string EntityF1 = "entities.f1";
    internal const string EntityScore = "entities.score";
    internal const string SummaryRouge = "summary.rouge_l";
    internal const string SummaryScore = "summary.score";
    internal const string Latency = "latency.p95_ratio";

    /// <summary>The defaults, in the order of reports.</summary>
    internal static IReadOnlyList<Tolerance> Defaults { get; } =
    [
        new(Missing, 0, false, "records answered in one run only"),
        new(DeadLetters, 0, false, "records that fail in one run only, or at another node"),
        new(Other, 0, false, "records whose text, attributes, warnings or bytes differ"),
        new(TopicFlips, 0, false, "share of articles whose topic changed, 0 to 1"),
        new(TopicScore, 0.001, false, "largest change of a topic's score"),
        new(EntityF1, 1, true, "F1 of the second run's entities against the first's"),
        new(EntityScore, 0.001, false, "largest change of an entity's score"),
        new(SummaryRouge, 1, true, "mean ROUGE-L F1 of the summaries"),
        new(SummaryScore, 0.001, false, "largest change of a summary sentence's score"),
        new(Latency, double.NaN, false, "second run's p95 latency divided by the first's"),
    ];

    /// <summary>The defaults with a user's NAME=VALUE laid over them.</summary>
    /// <param name="given">NAME=VALUE; "none" for no bound.</param>
    /// <param name="problems">Gets what is wrong.</param>
    internal static IReadOnlyList<Tolerance> With(IEnumerable<string> given, List<string> problems)
    {
        var tolerances = Defaults.ToList();
        foreach (var item in given)
        {
            var parts = item.Split('=', 2);
            var index = tolerances.FindIndex(tolerance => tolerance.Name == parts[0]);
            var limit = double.NaN;
            if (index < 0)
            {
                var nearest = Configuration.Spelling.Nearest(parts[0], Defaults.Select(static tolerance => tolerance.Name));
                problems.Add($"--tolerance: there is no '{parts[0]}'{(nearest is null ? "" : $", did you mean '{nearest}'?")} Known: {string.Join(", ", Defaults.Select(static tolerance => tolerance.Name))}.");
            }
            else if (parts.Length < 2 || (parts[1] != "none" && (!double.TryParse(parts[1], NumberStyles.Float, CultureInfo.InvariantCulture, out limit) || !(limit >= 0))))
            {
                problems.Add($"--tolerance: '{item}' must be NAME=NUMBER, or NAME=none.");
            }
            else
            {
                tolerances[index] = tolerances[index] with { Limit = parts[1] == "none" ? double.NaN : limit };
            }
        }
        return tolerances;
    }
}
