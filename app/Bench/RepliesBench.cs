using StreamScoring.Client;
using StreamScoring.Schemas;

namespace StreamScoring.App.Bench;

/// <summary>What Kafka and the engine add to a call of <see cref="ScoringClient.ScoreAsync(Article, TimeSpan, CancellationToken)"/>.</summary>
internal static class RepliesBench
{
    private const int CommitIntervalMs = 100;
    private const int WarmUp = 40;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    internal static async Task RunAsync(BenchSession session)
    {
        var count = session.Pick(300, 60);
        var articles = await BenchArticles.LoadAsync(session, count + WarmUp);
        var table = new BenchTable(
            "Replies",
            $"{count} articles of up to 400 characters, one at a time, from ScoreAsync to its answer through three model nodes and a topic after each, {CommitIntervalMs} ms commit interval. "
            + "Inference is what the nodes themselves say in the answer's provenance; added is the rest of the same call. Milliseconds.",
            ["call p50", "call p95", "inference p50", "inference p95", "added p50", "added p95", "added, most"]);
        foreach (var exactlyOnce in (bool[])[false, true])
        {
            var name = exactlyOnce ? "exactly-once" : "at-least-once";
            var calls = await MeasureAsync(session, name, exactlyOnce, articles);
            var added = calls.ConvertAll(static call => call.TotalMs - call.InferenceMs);
            table.Row(
                name,
                BenchReport.Percentile(calls.Select(static call => call.TotalMs), 0.5), BenchReport.Percentile(calls.Select(static call => call.TotalMs), 0.95),
                BenchReport.Percentile(calls.Select(static call => call.InferenceMs), 0.5), BenchReport.Percentile(calls.Select(static call => call.InferenceMs), 0.95),
                BenchReport.Percentile(added, 0.5), BenchReport.Percentile(added, 0.95), added.Max());
            var p95 = BenchReport.Percentile(added, 0.95);
            if (!exactlyOnce) session.Report.Below("ScoreAsync at light load, at-least-once, added to inference, p95 in ms", p95, 40);
            session.Say($"replies, {name}: p95 {p95:N1} ms added to inference");
        }
        session.Report.Add(table);
    }

    private static async Task<List<(double TotalMs, double InferenceMs)>> MeasureAsync(
        BenchSession session, string name, bool exactlyOnce, IReadOnlyList<Article> articles)
    {
        var contestant = Contestant.Ours(
            name, session, [.. ModelNode.Defaults.Select(static node => (node.Kind, (string?)node.Model))], exactlyOnce, CommitIntervalMs, replies: true);
        await using var run = await LiveRun.StartAsync(session, contestant);
        var replies = Contestant.RepliesTo(run.Topics);
        var broker = await session.BrokerAsync();
        await broker.CreateTopicsAsync([replies], 1, session.Stopping);
        await using var client = await ScoringClient.ConnectAsync(
            new ScoringClientOptions { BootstrapServers = run.BootstrapServers, RequestTopic = run.Topics[0], ReplyTopic = replies },
            time: session.Time, cancellationToken: session.Stopping);
        var calls = new List<(double, double)>();
        for (var i = 0; i < articles.Count; i++)
        {
            run.Program.ThrowIfEnded();
            var started = session.Time.GetTimestamp();
            var answer = await client.ScoreAsync(articles[i], Patience, session.Stopping);
            var elapsed = session.Time.GetElapsedTime(started).TotalMilliseconds;
            if (i >= WarmUp) calls.Add((elapsed, answer.Provenance.Sum(static entry => entry.DurationUs) / 1000.0));
            // Never in step with a commit interval.
            await Task.Delay(TimeSpan.FromMilliseconds(5 + (i * 7 % 60)), session.Time, session.Stopping);
        }
        return calls;
    }
}
