namespace StreamScoring.App.Bench;

/// <summary>Whether memory grows with what went through.</summary>
internal static class MemoryBench
{
    /// <summary>
    /// Readings that make one figure. Resident memory goes up and down by a fifth with what the collector gave back last:
    /// a single reading says as much about that as about the stream.
    /// </summary>
    private const int Readings = 20;

    internal static async Task RunAsync(BenchSession session)
    {
        var table = new BenchTable(
            "Memory", $"Resident memory of the stream, exactly-once, after so many records and after ten times as many: the mean of {Readings} readings "
                + "while the next fifth of the first count goes through, with the least and the greatest of them.",
            ["MiB", "least", "greatest", "ten times as many, MiB", "then least", "then greatest", "growth"]);
        var identity = Contestant.Ours("identity", session, [("identity", null)], exactlyOnce: true, commitIntervalMs: 500);
        var value = new byte[60];
        await MeasureAsync(session, table, "identity records", identity, session.Pick(1_000_000, 100_000), 100_000, _ => value);

        var articles = await BenchArticles.LoadAsync(session, 4000);
        var values = articles.Select(BenchArticles.Encode).ToArray();
        var chain = Contestant.Ours(
            "three models", session, [.. ModelNode.Defaults.Select(static node => (node.Kind, (string?)node.Model))], exactlyOnce: true, commitIntervalMs: 500);
        var count = session.Options.IsLong ? 10_000 : session.Pick(2_000, 100);
        await MeasureAsync(session, table, "articles", chain, count, Math.Min(600, count), i => values[i % values.Length]);
        session.Report.Add(table);
    }

    private static async Task MeasureAsync(
        BenchSession session, BenchTable table, string name, Contestant contestant, int few, int wave, Func<int, byte[]> value)
    {
        await using var run = await LiveRun.StartAsync(session, contestant);
        var sent = 0;
        var first = await ResidentAfterAsync(few);
        var last = await ResidentAfterAsync(few * 10);
        var growth = (last.Average() - first.Average()) / first.Average();
        table.Row($"{few:N0} {name}", first.Average(), first.Min(), first.Max(), last.Average(), last.Min(), last.Max(), growth);
        session.Report.Below($"memory after {few * 10:N0} {name}, growth since {few:N0}", growth, 0.05);

        async Task<double[]> ResidentAfterAsync(int count)
        {
            while (sent < count)
            {
                var before = sent;
                await PassAsync(Math.Min(wave, count - sent));
                if (sent / (few * 2) > before / (few * 2)) session.Say($"memory: {sent:N0} {name}, {run.Program.ResidentBytes >> 20} MiB");
            }
            var readings = new double[Readings];
            for (var i = 0; i < Readings; i++)
            {
                await PassAsync(Math.Max(1, few / 5 / Readings));
                readings[i] = run.Program.ResidentBytes / (1024.0 * 1024);
            }
            return readings;
        }

        Task PassAsync(int size) => Task.Run(() =>
        {
            for (var i = 0; i < size; i++) run.Send(value(sent++));
            run.Await(size);
        });
    }
}
