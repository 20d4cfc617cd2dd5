using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using StreamScoring.Topology.Execution;
using StreamScoring.Topology.Kafka;

namespace StreamScoring.Topology.Tests.Kafka;

/// <summary>
/// A stream that meets, in the middle of a partition, a record that it cannot read for a while: with a single scorer
/// thread, so that a record that held it would stop everything; and with several, so that what follows it may be scored
/// beside it.
/// </summary>
internal static class WaitingPartition
{
    internal const int Count = 2_000;
    private const int Keys = 50;
    private const string Waiting = "1000";

    internal static async Task RunAsync(
        string bootstrapServers, string input, string output, string group, ProcessingGuarantee guarantee,
        int scorerThreads = 1, bool isStateless = true)
    {
        var (isReady, partition, attempts) = (false, -1, 0);
        var executor = new CopyExecutor(input, output)
        {
            IsStateless = isStateless,
            CannotReadYet = record =>
            {
                if (Volatile.Read(ref isReady) || Text(record.Value) != Waiting) return false;
                Volatile.Write(ref partition, record.Partition);
                Interlocked.Increment(ref attempts);
                return true;
            },
        };
        using var stream = new KafkaStream(
            [executor],
            new KafkaStreamOptions
            {
                BootstrapServers = bootstrapServers, GroupId = group, Guarantee = guarantee, ScorerThreads = scorerThreads,
                CommitInterval = TimeSpan.FromMilliseconds(20),
            },
            NullLoggerFactory.Instance, TimeProvider.System);
        using var stop = new CancellationTokenSource();
        var running = stream.RunAsync(stop.Token);

        Raw.Produce(bootstrapServers, input, Count / 2, Keys);
        Raw.Produce(bootstrapServers, input, Count / 2, Keys, first: Count / 2);
        await UntilAsync(() => Volatile.Read(ref attempts) >= 3, running);
        var held = KeysOf(bootstrapServers, input, Volatile.Read(ref partition));
        await UntilAsync(() => Committed(stream) >= (Count / 2) + ((Keys - held.Count) * Count / 2 / Keys), running);

        var before = Raw.Consume(bootstrapServers, output, Committed(stream));
        Assert.DoesNotContain(before, record => held.Contains(Text(record.Message.Key)) && int.Parse(Text(record.Message.Value)) >= Count / 2);
        Volatile.Write(ref isReady, true);
        var records = Raw.Consume(bootstrapServers, output, Count);
        await UntilAsync(() => stream.GetSnapshot().IsDrained, running);
        await stop.CancelAsync();
        await running;

        Raw.AssertEachOnceInOrder(records, Count, Keys);
    }

    private static int Committed(KafkaStream stream) => (int)stream.GetSnapshot().SubTopologies.Sum(static each => each.RecordsIn);

    private static HashSet<string> KeysOf(string bootstrapServers, string input, int partition) =>
        [.. Raw.Consume(bootstrapServers, input, Count).Where(record => record.Partition == partition).Select(static record => Text(record.Message.Key))];

    private static string Text(byte[]? bytes) => Encoding.UTF8.GetString(bytes!);

    private static async Task UntilAsync(Func<bool> condition, Task running)
    {
        var deadline = Environment.TickCount64 + 60_000;
        while (!condition())
        {
            if (running.IsCompleted) await running;
            Assert.True(Environment.TickCount64 < deadline, "not within a minute");
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
    }
}
