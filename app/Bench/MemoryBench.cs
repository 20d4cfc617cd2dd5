namespace StreamScoring.App.Bench;

/// <summary>Whether memory grows with what went through.</summary>
internal static class MemoryBench
{
    /// <summary>
    /// Resident memory goes up by half and down again within seconds, with the collector's youngest generation: a reading
    /// says when it was taken, the mean of readings over many such turns says what the stream takes.
    /// </summary>
    private static readonly TimeSpan ReadEvery = TimeSpan.FromMilliseconds(20);

    internal static async Task RunAsync(BenchSession session)
    {
        var table = new BenchTable(
            "Memory",
            $"Resident memory of the stream at full speed, exactly-once, after so many records and after ten times as many: the mean of readings every {ReadEvery.TotalMilliseconds} ms while more go through (identity records: two for each one before the first readings; articles: a tenth), the least and the greatest of them. Medians of the programs that were started one after the other (identity records: 3; articles: 1).",
            ["MiB", "least", "greatest", "growth"]);
        var identity = Contestant.Ours("identity", session, [("identity", null)], exactlyOnce: true, commitIntervalMs: 500);
        var value = new byte[60];
        var few = session.Pick(1_000_000, 100_000);
        await MeasureAsync(session, table, new Load("identity records", identity, few, few * 2, 100_000, session.Pick(3, 1), _ => value));

        var articles = await BenchArticles.LoadAsync(session, 4000);
        var values = articles.Select(BenchArticles.Encode).ToArray();
        var chain = Contestant.Ours(
            "three models", session, [.. ModelNode.Defaults.Select(static node => (node.Kind, (string?)node.Model))], exactlyOnce: true, commitIntervalMs: 500);
        few = session.Pick(10_000, 100);
        await MeasureAsync(session, table, new Load("articles", chain, few, few / 10, Math.Min(600, few), 1, i => values[i % values.Length]));
        session.Report.Add(table);
    }

    private static async Task MeasureAsync(BenchSession session, BenchTable table, Load load)
    {
        var many = load.Few * 10;
        var runs = new List<(double[] First, double[] Last)>();
        while (runs.Count < load.Runs) runs.Add(await RunAsync(session, load));
        var growth = BenchReport.MedianRatio(runs.Select(static run => run.Last.Average()), runs.Select(static run => run.First.Average())) - 1;
        Row(load.Few, [.. runs.Select(static run => run.First)], null);
        Row(many, [.. runs.Select(static run => run.Last)], growth);
        session.Report.Below($"memory after {many:N0} {load.Name}, growth since {load.Few:N0}", growth, 0.05);

        void Row(int count, double[][] readings, double? growth) => table.Row(
            $"{count:N0} {load.Name}", Of(readings, Enumerable.Average), Of(readings, Enumerable.Min), Of(readings, Enumerable.Max), growth);

        static double Of(double[][] readings, Func<IEnumerable<double>, double> number) => BenchReport.Median(readings.Select(number));
    }

    private static async Task<(double[] First, double[] Last)> RunAsync(BenchSession session, Load load)
    {
        await using var run = await LiveRun.StartAsync(session, load.Contestant);
        var sent = 0;
        await PassAsync(load.Few);
        var first = await ReadAsync();
        while (sent < load.Few * 10) await PassAsync(Math.Min(load.Few * 2, (load.Few * 10) - sent));
        var last = await ReadAsync();
        session.Say($"memory: {load.Few:N0} {load.Name}: {first.Average():N0} MiB; {load.Few * 10:N0}: {last.Average():N0} MiB");
        return (first, last);

        async Task<double[]> ReadAsync()
        {
            var readings = new List<double>();
            var passing = PassAsync(load.ReadFor);
            while (!passing.IsCompleted)
            {
                readings.Add(run.Program.ResidentBytes / (1024.0 * 1024));
                await Task.WhenAny(passing, Task.Delay(ReadEvery, session.Time, session.Stopping));
            }
            await passing;
            return [.. readings];
        }

        async Task PassAsync(int count)
        {
            await Task.Run(() =>
            {
                for (var wave = Math.Min(load.Wave, count); count > 0; count -= wave, wave = Math.Min(wave, count))
                {
                    for (var i = 0; i < wave; i++) run.Send(load.Value(sent++));
                    run.Await(wave);
                }
            });
            session.Say($"memory: {sent:N0} {load.Name}");
        }
    }

    /// <summary>What goes through a stream whose memory is read.</summary>
    /// <param name="Name">What the records are.</param>
    /// <param name="Contestant">The stream.</param>
    /// <param name="Few">Records before the first readings; ten times as many before the last.</param>
    /// <param name="ReadFor">Records that go through while it is read.</param>
    /// <param name="Wave">Records sent before they are waited for.</param>
    /// <param name="Runs">Programs started for it, one after the other.</param>
    /// <param name="Value">Value of a record.</param>
    private sealed record Load(string Name, Contestant Contestant, int Few, int ReadFor, int Wave, int Runs, Func<int, byte[]> Value);
}
