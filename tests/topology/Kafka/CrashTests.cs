using System.Text;
using StreamScoring.Testing;
using StreamScoring.Testing.Processes;
using StreamScoring.Topology.Kafka.Embedded;

namespace StreamScoring.Topology.Tests.Kafka;

/// <summary>Records that kill the process: it is started again as a supervisor would, and gets past them.</summary>
public sealed class CrashTests : IDisposable
{
    private const int Crashes = 2;
    private static readonly string[] Deadly = ["segmentation fault", "stack overflow", "out of memory", "fail fast"];
    private readonly DirectoryInfo _state = Directory.CreateTempSubdirectory("streamscoring-crash-");

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => _state.Delete(recursive: true);

    [Fact]
    public async Task A_record_that_kills_the_process_twice_is_dead_lettered_at_the_third_start()
    {
        using var kafka = EmbeddedKafka.Start();
        foreach (var topic in (string[])["in", "out", "dlq"]) kafka.CreateTopic(topic, 4);
        var values = Deadly.SelectMany(death => Enumerable.Range(0, 10).Select(i => $"{death} {i}").Append(death)).Append("the last").ToList();
        Raw.ProduceValues(kafka.BootstrapServers, "in", values, partition: 0);

        var starts = 0;
        await using var last = await RunUntilOneLivesAsync();
        var letters = Raw.Consume(kafka.BootstrapServers, "dlq", Deadly.Length);
        var outputs = Raw.Consume(kafka.BootstrapServers, "out", values.Count - Deadly.Length);

        Assert.Equal(Deadly, letters.Select(Value).Distinct());
        Assert.All(letters, letter => Assert.Contains(
            "died 2 times", Encoding.UTF8.GetString(letter.Message.Headers.GetLastBytes("__streams.errors.message"))));
        // The embedded broker runs at-least-once: a crash repeats what was not committed yet.
        Assert.Equal(values.Except(Deadly), outputs.Select(Value).Distinct());
        Assert.Equal((Crashes * Deadly.Length) + 1, starts);

        async Task<ChildProcess> RunUntilOneLivesAsync()
        {
            while (true)
            {
                var child = ChildProcess.Start(
                    "dotnet", [Program(), kafka.BootstrapServers, _state.FullName], new ChildProcessOptions { RetainedLines = 100 });
                starts++;
                var arrived = Task.Run(() => Raw.Contains(kafka.BootstrapServers, "out", "the last", () => child.HasExited, Stop), Stop);
                if (await arrived) return child;
                Assert.True(starts <= Crashes * Deadly.Length, "it dies more often than it may");
                await child.DisposeAsync();
            }
        }
    }

    private static string Value(Confluent.Kafka.ConsumeResult<byte[], byte[]> record) => Encoding.UTF8.GetString(record.Message.Value);

    private static string Program()
    {
        var framework = new DirectoryInfo(AppContext.BaseDirectory);
        return RepositoryFiles.Find("tests", "crashing", "bin", framework.Parent!.Name, framework.Name, "crashing.dll");
    }
}
