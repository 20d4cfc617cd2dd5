using StreamScoring.Processors;
using StreamScoring.Processors.Planning;
using StreamScoring.Schemas;

namespace StreamScoring.App.Bench;

/// <summary>What Kafka and the engine cost beside the models.</summary>
internal static class ChainBench
{
    private const int CommitIntervalMs = 500;
    // Until what is compiled is compiled: a tenth of the processor time of a stream's first ten seconds goes into that.
    private const int WarmUp = 1_000;

    /// <summary>One run over all articles.</summary>
    private sealed record ScoreResult(double PerSecond, double CpuMs);

    internal static async Task RunAsync(BenchSession session)
    {
        var articles = await BenchArticles.LoadAsync(session, session.Pick(2_000, 256));
        var values = articles.Select(BenchArticles.Encode).ToArray();
        var three = ModelNode.Defaults;
        var two = three.Take(2).ToArray();
        var plans = three.Select(node => ModelsBench.Best(session, node, [.. articles.Take(160)])).ToArray();

        // All are started once and take turns: a program's first seconds, with its compilers, count for none of them.
        var streams = new List<(string Name, LiveRun Run)>();
        using var alone = new ModelsAlone(session, three, plans);
        try
        {
            await StartAsync(Ours("three nodes through topics, exactly-once", session, three, fuse: false));
            await StartAsync(Ours("three nodes fused, exactly-once", session, three, fuse: true));
            if (session.Options.Peer is not null)
            {
                await StartAsync(Ours("two nodes through topics, exactly-once", session, two, fuse: false));
                await StartAsync(Peer("Kafka Streams, the same two, exactly-once", session, two));
            }
            List<(string Name, Func<IReadOnlyList<int>, ScoreResult> Run)> sides =
            [
                ("three models, no Kafka", indexes => alone.Run([.. indexes.Select(i => articles[i])])),
                .. streams.Select(stream => (stream.Name, (Func<IReadOnlyList<int>, ScoreResult>)(indexes => Live(session, stream.Run, values, indexes)))),
            ];
            var results = await Task.Run(() => TakeTurns(session, sides, articles.Count));
            Report(session, sides.ConvertAll(static side => side.Name), results, plans, articles.Count);
        }
        finally
        {
            foreach (var (_, run) in streams) await run.DisposeAsync();
        }

        async Task StartAsync(Contestant contestant) => streams.Add((contestant.Name, await LiveRun.StartAsync(session, contestant)));
    }

    private static List<ScoreResult>[] TakeTurns(
        BenchSession session, IReadOnlyList<(string Name, Func<IReadOnlyList<int>, ScoreResult> Run)> sides, int count)
    {
        foreach (var (name, run) in sides)
        {
            session.Say($"warming up {name}");
            run([.. Enumerable.Range(0, WarmUp).Select(i => i % count)]);
        }
        var all = Enumerable.Range(0, count).ToArray();
        var results = sides.Select(static _ => new List<ScoreResult>()).ToArray();
        var rounds = session.Pick(8, 1);
        for (var round = 0; round < rounds; round++)
        {
            for (var turn = 0; turn < sides.Count; turn++)
            {
                // There and back again, so that a machine that slows down slows down all alike.
                var i = round % 2 == 0 ? turn : sides.Count - 1 - turn;
                var result = sides[i].Run(all);
                results[i].Add(result);
                session.Say($"round {round + 1} of {rounds}: {sides[i].Name}: {result.PerSecond:N1} articles/s, {result.CpuMs:N1} ms of processor time each");
            }
        }
        return results;
    }

    private static void Report(BenchSession session, List<string> names, List<ScoreResult>[] results, ModelPlan[] plans, int count)
    {
        var table = new BenchTable(
            "Models in a chain",
            $"{count} articles of up to 400 characters, commits every {CommitIntervalMs} ms, from the first record sent to the last one read; medians of turns of programs that are warm. Without Kafka each model runs by itself in its best configuration ({string.Join("; ", plans.Select(static plan => plan.ToString()))}).",
            ["articles/s", "CPU ms an article"]);
        var rates = results.Select(static list => BenchReport.Median(list.Select(static r => r.PerSecond))).ToArray();
        var cpu = results.Select(static list => BenchReport.Median(list.Select(static r => r.CpuMs))).ToArray();
        for (var i = 0; i < names.Count; i++) table.Row(names[i], rates[i], cpu[i]);
        session.Report.Add(table);
        session.Report.AtLeast("three model nodes through topics, exactly-once, of the models alone", Ratio(1, 0, static r => r.PerSecond), 0.97);
        session.Report.AtLeast("three model nodes fused, of the models alone", Ratio(2, 0, static r => r.PerSecond), 0.99);
        if (results.Length > 3)
        {
            session.Report.AtLeast("two model nodes, exactly-once, of Kafka Streams with ONNX Runtime Java", Ratio(3, 4, static r => r.PerSecond), 1);
            session.Report.Below("CPU for an article, of Kafka Streams'", Ratio(3, 4, static r => r.CpuMs), 0.9);
        }
        else
        {
            session.Report.Skip("two model nodes, of Kafka Streams with ONNX Runtime Java", "no --peer");
        }

        double Ratio(int of, int to, Func<ScoreResult, double> number) =>
            BenchReport.MedianRatio(results[of].Select(number), results[to].Select(number));
    }

    /// <summary>All articles, from the first one sent to the last one read.</summary>
    private static ScoreResult Live(BenchSession session, LiveRun run, byte[][] values, IReadOnlyList<int> indexes)
    {
        var cpu = run.Program.CpuSeconds;
        var started = session.Time.GetTimestamp();
        foreach (var i in indexes) run.Send(values[i]);
        run.Await(indexes.Count);
        var seconds = session.Time.GetElapsedTime(started).TotalSeconds;
        return new ScoreResult(indexes.Count / seconds, (run.Program.CpuSeconds - cpu) / indexes.Count * 1000);
    }

    private static Contestant Ours(string name, BenchSession session, IReadOnlyList<ModelNode> nodes, bool fuse) =>
        Contestant.Ours(name, session, [.. nodes.Select(static node => (node.Kind, (string?)node.Model))], exactlyOnce: true, CommitIntervalMs, fuse);

    private static Contestant Peer(string name, BenchSession session, IReadOnlyList<ModelNode> nodes) =>
        Contestant.KafkaStreams(name, session, [.. nodes.Select(node => Node(session, node))], exactlyOnce: true);

    private static string Node(BenchSession session, ModelNode node)
    {
        var folder = Path.Combine(session.Options.Models, node.Model);
        var kind = node.Kind == "token-classification" ? "ner" : "topic";
        return $"{kind}={Path.Combine(folder, "model.onnx")},{Path.Combine(folder, "vocab.txt")}";
    }

    /// <summary>Every model over all articles, one model after the other, in its best configuration.</summary>
    private sealed class ModelsAlone(BenchSession session, IReadOnlyList<ModelNode> nodes, ModelPlan[] plans) : IDisposable
    {
        private readonly IArticleProcessor[] _processors = [.. nodes.Zip(plans, (node, plan) => node.Create(session, plan))];

        internal ScoreResult Run(IReadOnlyList<Article> articles)
        {
            var cpu = Environment.CpuUsage.TotalTime;
            var seconds = 0.0;
            for (var i = 0; i < _processors.Length; i++)
            {
                seconds += ModelsBench.Seconds(session, _processors[i], plans[i], ModelsBench.OrderFor(plans[i], articles));
            }
            return new ScoreResult(articles.Count / seconds, (Environment.CpuUsage.TotalTime - cpu).TotalMilliseconds / articles.Count);
        }

        public void Dispose()
        {
            foreach (var processor in _processors) processor.Dispose();
        }
    }
}
