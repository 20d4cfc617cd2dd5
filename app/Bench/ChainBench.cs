using StreamScoring.Processors.Planning;
using StreamScoring.Schemas;

namespace StreamScoring.App.Bench;

/// <summary>What Kafka and the engine cost beside the models.</summary>
internal static class ChainBench
{
    private const int CommitIntervalMs = 500;
    // Turns last as long as this on any machine, and cover so many commits.
    private const double TurnSeconds = 24;
    // Until most of what is compiled is compiled: a tenth of a stream's processor time in its first ten seconds goes into that,
    // and 8 % of Kafka Streams' after half a minute.
    private const double WarmUpSeconds = 18;
    // Side by side both are slower, and only processor time is compared.
    private const int WarmUpSideBySide = 4_000;
    private const int SideBySideArticles = 2_000;
    // So much work is on its way all the time, sent as other comes out: a stream has no first and no last record. Enough that no
    // commit leaves a scorer without; little beside a turn, for what has begun together goes on as a wave from hop to hop.
    private const double SecondsInFlight = 3.5;
    // The benchmark's own requests are to cost little: they take cores that the models alone have to themselves.
    private const double LingerMs = 50;
    // Side by side: articles that are on their way, and how many are sent together.
    private const int Outstanding = 400;
    private const int Wave = 50;

    /// <summary>One turn: articles a second, processor milliseconds an article, and the broker's.</summary>
    private sealed record ScoreResult(double PerSecond, double CpuMs, double BrokerCpuMs);

    internal static async Task RunAsync(BenchSession session)
    {
        var three = ModelNode.Defaults;
        var two = three.Take(2).ToArray();
        var few = await BenchArticles.LoadAsync(session, 160);
        var best = three.Select(node => ModelsBench.Best(session, node, few)).ToArray();
        var plans = best.Select(static model => model.Plan).ToArray();
        var perSecond = 1 / best.Sum(static model => 1 / model.PerSecond);
        var inFlight = session.Pick((int)Math.Ceiling(perSecond * SecondsInFlight), 256);
        // Whole rounds of what is on its way: every wave is at the end of a turn where it was at the start.
        var articles = await BenchArticles.LoadAsync(session, session.Pick(Rounds(perSecond * TurnSeconds, inFlight), 256));
        var warmUp = session.Pick(Rounds(perSecond * WarmUpSeconds, inFlight), 256);
        var values = articles.Select(BenchArticles.Encode).ToArray();

        List<(string Name, Func<Task<ScoreResult>> RunAsync)> sides =
        [
            ("three models, no Kafka", () => AloneAsync(session, three, plans, articles, warmUp)),
            ("three nodes through topics, exactly-once", () => LiveAsync(session, Ours(session, three, fuse: false), values, warmUp, inFlight)),
            ("three nodes fused, exactly-once", () => LiveAsync(session, Ours(session, three, fuse: true), values, warmUp, inFlight)),
        ];
        if (session.Options.Peer is not null)
        {
            sides.Add(("two nodes through topics, exactly-once", () => LiveAsync(session, Ours(session, two, fuse: false), values, warmUp, inFlight)));
            sides.Add(("Kafka Streams, the same two, exactly-once", () => LiveAsync(session, Peer(session, two), values, warmUp, inFlight)));
        }
        await Drain.WarmBrokerAsync(session);
        var results = sides.Select(static _ => new List<ScoreResult>()).ToArray();
        var rounds = session.Pick(5, 1);
        for (var round = 0; round < rounds; round++)
        {
            for (var turn = 0; turn < sides.Count; turn++)
            {
                // There and back again, so that a machine that slows down slows down all alike.
                var i = round % 2 == 0 ? turn : sides.Count - 1 - turn;
                var result = await sides[i].RunAsync();
                results[i].Add(result);
                session.Say($"round {round + 1} of {rounds}: {sides[i].Name}: {result.PerSecond:N1} articles/s, {result.CpuMs:N1} ms of processor time each, the broker's {result.BrokerCpuMs:N2}");
            }
        }
        Report(session, sides.ConvertAll(static side => side.Name), results, plans, articles.Count, warmUp, inFlight);
        if (session.Options.Peer is not null) await CompareCpuAsync(session, two, values[..Math.Min(SideBySideArticles, values.Length)]);
        else session.Report.Skip("two model nodes, of Kafka Streams with ONNX Runtime Java", "no --peer");
    }

    /// <summary>
    /// The processor time of both while both work: what a core is worth changes from turn to turn by more than the two differ.
    /// </summary>
    private static async Task CompareCpuAsync(BenchSession session, IReadOnlyList<ModelNode> nodes, byte[][] values)
    {
        var (ours, peers) = (new List<double>(), new List<double>());
        var rounds = session.Pick(5, 1);
        for (var round = 0; round < rounds; round++)
        {
            await using var one = await LiveRun.StartAsync(session, Ours(session, nodes, fuse: false));
            await using var other = await LiveRun.StartAsync(session, Peer(session, nodes));
            var cpu = await SideBySideAsync([one, other], values, session.Stopping);
            ours.Add(cpu[0]);
            peers.Add(cpu[1]);
            session.Say($"side by side, round {round + 1} of {rounds}: {cpu[0]:N1} and {cpu[1]:N1} ms of processor time an article");
        }
        var table = new BenchTable(
            "Side by side",
            $"Both at the same time, {Outstanding} articles on their way through each; {values.Length} articles each after {WarmUpSideBySide:N0} or more to warm up; medians of {rounds} rounds.",
            ["CPU ms an article"]);
        table.Row("two nodes through topics, exactly-once", BenchReport.Median(ours));
        table.Row("Kafka Streams, the same two, exactly-once", BenchReport.Median(peers));
        session.Report.Add(table);
        session.Report.Below("CPU for an article, of Kafka Streams', side by side", BenchReport.MedianRatio(ours, peers), 0.9);
    }

    /// <summary>Processor milliseconds an article of each while all of them work.</summary>
    private static async Task<double[]> SideBySideAsync(LiveRun[] runs, byte[][] values, CancellationToken stopping)
    {
        using var failed = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        using var warm = new CountdownEvent(runs.Length);
        using var measured = new CountdownEvent(runs.Length);
        return await Task.WhenAll(runs.Select(run => Task.Run(() => MeasureAsync(run))));

        async Task<double> MeasureAsync(LiveRun run)
        {
            try
            {
                var sent = 0;
                while (sent < Outstanding) Send();
                Pass(WarmUpSideBySide);
                GoOnUntilAll(warm);
                var before = run.Program.CpuSeconds;
                Pass(values.Length);
                var used = run.Program.CpuSeconds - before;
                GoOnUntilAll(measured);
                return used / values.Length * 1000;

                void Pass(int count)
                {
                    for (var size = Math.Min(Wave, count); count > 0; count -= size, size = Math.Min(Wave, count))
                    {
                        run.Await(size);
                        for (var i = 0; i < size; i++) Send();
                    }
                }

                void GoOnUntilAll(CountdownEvent have)
                {
                    have.Signal();
                    while (!have.IsSet)
                    {
                        failed.Token.ThrowIfCancellationRequested();
                        Pass(Wave);
                    }
                }

                void Send() => run.Send(values[sent++ % values.Length]);
            }
            catch
            {
                await failed.CancelAsync();
                throw;
            }
        }
    }

    private static void Report(BenchSession session, List<string> names, List<ScoreResult>[] results, ModelPlan[] plans, int count, int warmUp, int inFlight)
    {
        var table = new BenchTable(
            "Models in a chain",
            $"{count:N0} articles of up to 400 characters, commits every {CommitIntervalMs} ms, {inFlight:N0} on their way all the time, from the end of a commit to the end of another; after {warmUp:N0} or more to warm up; medians of {results[0].Count} turns. Without Kafka each model runs by itself in its best configuration ({string.Join("; ", plans.Select(static plan => plan.ToString()))}).",
            ["articles/s", "CPU ms an article", "broker's CPU ms an article"]);
        var rates = results.Select(static list => BenchReport.Median(list.Select(static r => r.PerSecond))).ToArray();
        var cpu = results.Select(static list => BenchReport.Median(list.Select(static r => r.CpuMs))).ToArray();
        var brokerCpu = results.Select(static list => BenchReport.Median(list.Select(static r => r.BrokerCpuMs))).ToArray();
        for (var i = 0; i < names.Count; i++) table.Row(names[i], rates[i], cpu[i], brokerCpu[i]);
        session.Report.Add(table);
        session.Report.AtLeast("three model nodes through topics, exactly-once, of the models alone", Ratio(1, 0, static r => r.PerSecond), 0.97);
        session.Report.AtLeast("three model nodes fused, of the models alone", Ratio(2, 0, static r => r.PerSecond), 0.99);
        if (results.Length > 3)
        {
            session.Report.AtLeast("two model nodes, exactly-once, of Kafka Streams with ONNX Runtime Java", Ratio(3, 4, static r => r.PerSecond), 1);
        }

        double Ratio(int of, int to, Func<ScoreResult, double> number) =>
            BenchReport.MedianRatio(results[of].Select(number), results[to].Select(number));
    }

    /// <summary>Every model over all articles, one model after the other, in its best configuration.</summary>
    private static async Task<ScoreResult> AloneAsync(BenchSession session, IReadOnlyList<ModelNode> nodes, ModelPlan[] plans, IReadOnlyList<Article> articles, int warmUp)
    {
        var broker = await session.BrokerAsync();
        var (seconds, cpu, brokerCpu) = (0.0, 0.0, 0.0);
        for (var i = 0; i < nodes.Count; i++)
        {
            using var processor = nodes[i].Create(session, plans[i]);
            ModelsBench.Seconds(session, processor, plans[i], [.. articles.Take(warmUp)]);
            var (before, brokerBefore) = (Environment.CpuUsage.TotalTime, broker.CpuSeconds);
            seconds += ModelsBench.Seconds(session, processor, plans[i], ModelsBench.OrderFor(plans[i], articles));
            cpu += (Environment.CpuUsage.TotalTime - before).TotalSeconds;
            brokerCpu += broker.CpuSeconds - brokerBefore;
        }
        return new ScoreResult(articles.Count / seconds, cpu / articles.Count * 1000, brokerCpu / articles.Count * 1000);
    }

    private static async Task<ScoreResult> LiveAsync(BenchSession session, Contestant contestant, byte[][] values, int warmUp, int inFlight)
    {
        // A program of its own for every turn: those that had waited for two minutes were slower than those that had just run.
        await using var run = await LiveRun.StartAsync(session, contestant, LingerMs);
        var broker = await session.BrokerAsync();
        return await Task.Run(() =>
        {
            var sent = 0;
            while (sent < inFlight) Send();
            run.AwaitCommit(warmUp, Send);
            var (cpu, brokerCpu) = (run.Program.CpuSeconds, broker.CpuSeconds);
            var started = session.Time.GetTimestamp();
            var count = run.AwaitCommit(values.Length, Send);
            var seconds = session.Time.GetElapsedTime(started).TotalSeconds;
            return new ScoreResult(count / seconds, (run.Program.CpuSeconds - cpu) / count * 1000, (broker.CpuSeconds - brokerCpu) / count * 1000);

            void Send() => run.Send(values[sent++ % values.Length]);
        });
    }

    /// <summary>So many articles, and more until they are whole rounds.</summary>
    private static int Rounds(double count, int round) => (int)Math.Ceiling(count / round) * round;

    private static Contestant Ours(BenchSession session, IReadOnlyList<ModelNode> nodes, bool fuse) =>
        Contestant.Ours("the stream", session, [.. nodes.Select(static node => (node.Kind, (string?)node.Model))], exactlyOnce: true, CommitIntervalMs, fuse);

    private static Contestant Peer(BenchSession session, IReadOnlyList<ModelNode> nodes) =>
        Contestant.KafkaStreams("Kafka Streams", session, [.. nodes.Select(node => Node(session, node))], exactlyOnce: true);

    private static string Node(BenchSession session, ModelNode node)
    {
        var folder = Path.Combine(session.Options.Models, node.Model);
        var kind = node.Kind == "token-classification" ? "ner" : "topic";
        return $"{kind}={Path.Combine(folder, "model.onnx")},{Path.Combine(folder, "vocab.txt")}";
    }
}
