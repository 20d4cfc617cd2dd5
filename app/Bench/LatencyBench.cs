namespace StreamScoring.App.Bench;

/// <summary>How long one record takes through nodes that compute nothing: all that is not inference.</summary>
internal static class LatencyBench
{
    private const int CommitIntervalMs = 100;
    private static readonly (string, string?) Identity = ("identity", null);

    internal static async Task RunAsync(BenchSession session)
    {
        (string Name, Contestant Contestant, double BelowMs)[] sides =
        [
            ("three hops, at-least-once", Contestant.Ours("at-least-once", session, [Identity, Identity, Identity], exactlyOnce: false, CommitIntervalMs), 30),
            ("three hops, exactly-once", Contestant.Ours("exactly-once", session, [Identity, Identity, Identity], exactlyOnce: true, CommitIntervalMs), 400),
            ("fused, exactly-once", Contestant.Ours("fused", session, [Identity, Identity, Identity], exactlyOnce: true, CommitIntervalMs, fuse: true), 150),
        ];
        var count = session.Pick(300, 60);
        var table = new BenchTable(
            "Latency", $"{count} records of 500 bytes, one at a time, from send to read (committed), {CommitIntervalMs} ms commit interval. Milliseconds.",
            ["p50", "p95", "p99", "most", "CPU of a core when idle, %"]);
        foreach (var (name, contestant, belowMs) in sides)
        {
            var (latencies, idle) = await MeasureAsync(session, contestant, count);
            var p95 = BenchReport.Percentile(latencies, 0.95);
            table.Row(name, BenchReport.Percentile(latencies, 0.5), p95, BenchReport.Percentile(latencies, 0.99), latencies.Max(), idle * 100);
            session.Report.Below($"{name}, one record at a time, added p95 in ms", p95, belowMs);
            session.Report.Below($"{name}, idle, % of a core", idle * 100, 1);
            session.Say($"{name}: p95 {p95:N1} ms, idle {idle:P2} of a core");
        }
        session.Report.Add(table);
    }

    private static async Task<(List<double> LatenciesMs, double Idle)> MeasureAsync(BenchSession session, Contestant contestant, int count)
    {
        await using var run = await LiveRun.StartAsync(session, contestant);
        var latencies = new List<double>(count);
        var value = new byte[500];
        const int warmUp = 30;
        for (var i = 0; i < count + warmUp; i++)
        {
            var started = session.Time.GetTimestamp();
            run.Send(value);
            await Task.Run(() => run.Await(1));
            if (i >= warmUp) latencies.Add(session.Time.GetElapsedTime(started).TotalMilliseconds);
            // Never in step with a commit interval.
            await Task.Delay(TimeSpan.FromMilliseconds(5 + (i * 7 % 60)), session.Time, session.Stopping);
        }
        var seconds = session.Pick(10, 4);
        await Task.Delay(TimeSpan.FromSeconds(2), session.Time, session.Stopping);
        var (cpu, at) = (run.Program.CpuSeconds, session.Time.GetTimestamp());
        await Task.Delay(TimeSpan.FromSeconds(seconds), session.Time, session.Stopping);
        return (latencies, (run.Program.CpuSeconds - cpu) / session.Time.GetElapsedTime(at).TotalSeconds);
    }
}
