using System.Globalization;

namespace StreamScoring.App.Bench;

/// <summary>The engine alone: nodes that pass bytes on.</summary>
internal static class EngineBench
{
    private const int ValueBytes = 500;
    private static readonly (string, string?) Identity = ("identity", null);

    internal static async Task RunAsync(BenchSession session)
    {
        await OneHopAsync(session);
        await ThreeHopsAsync(session);
    }

    private static async Task OneHopAsync(BenchSession session)
    {
        const int commitIntervalMs = 500;
        var records = session.Pick(3_000_000, 200_000);
        var input = await Drain.FillAsync(session, records, ValueBytes);
        Contestant[] contestants =
        [
            Contestant.BareLoop("bare loop", commitIntervalMs),
            Contestant.Ours("at-least-once", session, [Identity], exactlyOnce: false, commitIntervalMs),
            Contestant.Ours("exactly-once", session, [Identity], exactlyOnce: true, commitIntervalMs),
        ];
        var results = await Drain.RaceAsync(session, contestants, input, records, session.Pick(5, 1), Drain.OnceWarm);
        Add(session, $"One identity hop", $"{records:N0} records of {ValueBytes} bytes, 4 partitions, commits every {commitIntervalMs} ms, a backlog drained.", contestants, results);
        session.Report.AtLeast("one identity hop, at-least-once, of a bare Confluent.Kafka loop", Ratio(results[1], results[0]), 0.9);
        session.Report.AtLeast("one identity hop, exactly-once of at-least-once", Ratio(results[2], results[1]), 0.9);
        await (await session.BrokerAsync()).DeleteTopicsAsync([input]);
    }

    private static async Task ThreeHopsAsync(BenchSession session)
    {
        await ThreeHopsAsync(session, "from the start", session.Pick(300_000, 50_000), Drain.FromTheStart);
        await ThreeHopsAsync(session, "once warm", session.Pick(1_500_000, 100_000), Drain.OnceWarm);
    }

    /// <summary>
    /// A stream that is started to catch up is measured from its first record out, compilers included; one that has run for a
    /// while, once it is warm.
    /// </summary>
    private static async Task ThreeHopsAsync(BenchSession session, string when, int records, double fromShare)
    {
        const int commitIntervalMs = 100;
        var input = await Drain.FillAsync(session, records, ValueBytes);
        var hops = new[] { Identity, Identity, Identity };
        List<Contestant> contestants =
        [
            Contestant.Ours("at-least-once", session, hops, exactlyOnce: false, commitIntervalMs),
            Contestant.Ours("exactly-once", session, hops, exactlyOnce: true, commitIntervalMs),
        ];
        if (session.Options.Peer is not null)
        {
            contestants.Add(Contestant.KafkaStreams("Kafka Streams, at-least-once", session, ["identity", "identity", "identity"], exactlyOnce: false));
            contestants.Add(Contestant.KafkaStreams("Kafka Streams, exactly-once", session, ["identity", "identity", "identity"], exactlyOnce: true));
        }
        var results = await Drain.RaceAsync(session, contestants, input, records, session.Pick(5, 1), fromShare);
        var note = $"{records:N0} records of {ValueBytes} bytes, 4 partitions in each topic, each program's own commit interval (100 ms for exactly-once), a backlog drained, " +
            (fromShare > 0 ? $"measured from {fromShare:0%} of the work on." : "measured from the first record that any hop puts out.");
        if (session.Options.Peer is not null)
        {
            var (atLeastOnce, exactlyOnce) = (Ratio(results[0], results[2]), Ratio(results[1], results[3]));
            note += string.Create(CultureInfo.InvariantCulture, $" At-least-once {atLeastOnce:0.00}, exactly-once {exactlyOnce:0.00} times Kafka Streams.");
            session.Report.AtLeast($"three identity hops, at-least-once, of Kafka Streams, {when}", atLeastOnce, 1.5);
            session.Report.AtLeast($"three identity hops, exactly-once, of Kafka Streams, {when}", exactlyOnce, 2);
        }
        else
        {
            session.Report.Skip($"three identity hops, of Kafka Streams, {when}", "no --peer");
        }
        Add(session, $"Three identity hops in one process, {when}", note, contestants, results);
        await (await session.BrokerAsync()).DeleteTopicsAsync([input]);
    }

    private static double Ratio(IReadOnlyList<DrainResult> one, IReadOnlyList<DrainResult> other) =>
        BenchReport.MedianRatio(one.Select(static r => r.RecordsPerSecond), other.Select(static r => r.RecordsPerSecond));

    private static void Add(
        BenchSession session, string title, string note, IReadOnlyList<Contestant> contestants, IReadOnlyList<DrainResult>[] results)
    {
        var table = new BenchTable(title, note, ["records/s", "CPU µs a record", "broker's CPU µs a record", "peak MiB"]);
        for (var i = 0; i < contestants.Count; i++)
        {
            var rounds = results[i];
            table.Row(
                contestants[i].Name,
                BenchReport.Median(rounds.Select(static r => r.RecordsPerSecond)),
                BenchReport.Median(rounds.Select(static r => r.CpuUs)),
                BenchReport.Median(rounds.Select(static r => r.BrokerCpuUs)),
                rounds.Max(static r => r.PeakBytes) / (1024.0 * 1024));
        }
        session.Report.Add(table);
    }
}
