using Confluent.Kafka;
using StreamScoring.App.Commands;

namespace StreamScoring.App.Bench;

/// <summary>How fast a contestant took a backlog through its hops.</summary>
/// <param name="RecordsPerSecond">Records through all hops, a second.</param>
/// <param name="CpuUs">Its processor time for a record, all hops, in microseconds.</param>
/// <param name="BrokerCpuUs">The broker's.</param>
/// <param name="PeakBytes">Its largest resident memory.</param>
internal sealed record DrainResult(double RecordsPerSecond, double CpuUs, double BrokerCpuUs, long PeakBytes);

/// <summary>
/// Races over a backlog. Every contestant is a process of its own, reads the same input topic as a group of its own and
/// writes topics of its own; how far it is is read off the ends of these topics. Measured is from a share of the work to its end.
/// </summary>
internal static class Drain
{
    private const int Partitions = 4;

    /// <summary>Measure from the first record on that comes out.</summary>
    internal const double FromTheStart = 0;

    /// <summary>Measure from when code is compiled and buffers are full.</summary>
    internal const double OnceWarm = 0.3;

    private const double WarmBrokerCpuSeconds = 60;

    // Of a record in a topic, what goes with it included.
    private const int RecordBytes = 700;
    private static readonly TimeSpan SampleInterval = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    /// <summary>Fills a topic.</summary>
    internal static async Task<string> FillAsync(BenchSession session, int records, int valueBytes)
    {
        var broker = await session.BrokerAsync();
        var topic = session.Topics("backlog", 1)[0];
        await broker.CreateTopicsAsync([topic], Partitions, session.Stopping);
        session.Say($"filling a topic with {records:N0} records of {valueBytes} bytes");
        using var producer = BenchClients.Producer(broker.BootstrapServers, lingerMs: 20);
        var value = new byte[valueBytes];
        new Random(1).NextBytes(value);
        for (var i = 0; i < records; i++) BenchClients.Send(producer, topic, i, value, session.Stopping);
        producer.Flush(session.Stopping);
        return topic;
    }

    /// <summary>
    /// Takes rounds in which all contestants run one after the other. The first is not counted: a broker that meets
    /// transactions for the first time gives half of its processor time to its compiler.
    /// </summary>
    /// <returns>Of each contestant, its rounds.</returns>
    internal static async Task<IReadOnlyList<DrainResult>[]> RaceAsync(
        BenchSession session, IReadOnlyList<Contestant> contestants, string input, int records, int rounds, double fromShare)
    {
        var results = contestants.Select(static _ => new List<DrainResult>()).ToArray();
        for (var round = 0; round <= rounds; round++)
        {
            for (var i = 0; i < contestants.Count; i++)
            {
                var result = await RunAsync(session, contestants[i], input, records, fromShare);
                if (round > 0) results[i].Add(result);
                session.Say($"{(round == 0 ? "warm-up" : $"round {round} of {rounds}")}: {contestants[i].Name}: {result.RecordsPerSecond:N0} records/s");
            }
        }
        return results;
    }

    /// <summary>
    /// Takes a backlog through three hops, exactly-once, for a broker that has done little so far: its compiler would take part in
    /// what is measured.
    /// </summary>
    internal static async Task WarmBrokerAsync(BenchSession session)
    {
        const int records = 500_000;
        var broker = await session.BrokerAsync();
        if (session.Options.IsQuick || broker.CpuSeconds > WarmBrokerCpuSeconds) return;
        session.Say("warming the broker");
        var input = await FillAsync(session, records, valueBytes: 500);
        var hops = Enumerable.Repeat(("identity", (string?)null), 3).ToArray();
        await RunAsync(session, Contestant.Ours("warm-up", session, hops, exactlyOnce: true, commitIntervalMs: 100), input, records, FromTheStart);
        await broker.DeleteTopicsAsync([input]);
    }

    private static async Task<DrainResult> RunAsync(
        BenchSession session, Contestant contestant, string input, int records, double fromShare)
    {
        var broker = await session.BrokerAsync();
        var outputs = session.Topics("drain", contestant.Hops);
        await broker.CreateTopicsAsync(outputs, Partitions, session.Stopping);
        FreeMemory.Touch((long)records * contestant.Hops * RecordBytes, session.Stopping);
        using var ends = new TopicEnds(broker.BootstrapServers, outputs, Partitions);
        DrainResult result;
        await using (var program = await ChildProgram.StartAsync(
            contestant.Name, session.File(outputs[^1] + ".log"), contestant.Command(broker.BootstrapServers, [input, .. outputs])))
        {
            result = await WatchAsync(session, contestant, broker, program, ends, records, fromShare);
        }
        var count = await BenchClients.CountAsync(broker.BootstrapServers, outputs[^1], session.Stopping);
        await broker.DeleteTopicsAsync(outputs);
        if (count != records)
        {
            throw new CommandException($"{contestant.Name} brought {count:N0} of {records:N0} records to the end: what it measures is not worth a number.");
        }
        return result;
    }

    private static async Task<DrainResult> WatchAsync(
        BenchSession session, Contestant contestant, BenchBroker broker, ChildProgram program, TopicEnds ends, int records,
        double fromShare)
    {
        var time = session.Time;
        var total = (long)records * contestant.Hops;
        var (startSum, startAt, startCpu, startBroker) = (-1L, 0L, 0.0, 0.0);
        var (sum, grewAt, cpu, brokerCpu) = (0L, time.GetTimestamp(), 0.0, 0.0);
        while (true)
        {
            await Task.Delay(SampleInterval, time, session.Stopping);
            program.ThrowIfEnded();
            var now = await ends.SumAsync();
            if (now > sum)
            {
                (sum, grewAt, cpu, brokerCpu) = (now, time.GetTimestamp(), program.CpuSeconds, broker.CpuSeconds);
                if (startSum < 0 && sum >= fromShare * total) (startSum, startAt, startCpu, startBroker) = (sum, grewAt, cpu, brokerCpu);
            }
            else if (sum >= total && time.GetElapsedTime(grewAt) > TimeSpan.FromSeconds(1.2))
            {
                break;
            }
            else if (time.GetElapsedTime(grewAt) > Patience)
            {
                throw new CommandException($"{contestant.Name} stopped at {sum:N0} of {total:N0} records:\n{program.Tail()}");
            }
        }
        var work = (double)(sum - startSum) / contestant.Hops;
        return new DrainResult(
            work / time.GetElapsedTime(startAt, grewAt).TotalSeconds, (cpu - startCpu) / work * 1e6, (brokerCpu - startBroker) / work * 1e6,
            program.PeakResidentBytes);
    }
}
