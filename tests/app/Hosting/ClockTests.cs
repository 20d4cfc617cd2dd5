using System.Diagnostics;
using System.Text;
using Confluent.Kafka;
using Microsoft.Data.Sqlite;
using StreamScoring.Testing;
using StreamScoring.Testing.Brokers;
using StreamScoring.Testing.Processes;
using StreamScoring.Testing.Records;

namespace StreamScoring.App.Tests.Hosting;

/// <summary>
/// The program on a machine whose clock somebody sets back by an hour: librdkafka waits by that clock, and would stand still
/// for the hour, without heartbeats.
/// </summary>
public sealed class ClockTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("streamscoring-clock-");

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [InlineData("exactly-once")]
    [InlineData("at-least-once")]
    public async Task A_clock_that_is_set_back_by_an_hour_stops_nothing(string guarantee)
    {
        var library = CompileOrSkip();
        using var broker = new EmbeddedKafkaBroker();
        foreach (var topic in new[] { "in", "out", "dlq" }) await broker.CreateTopicAsync(topic, 2, Stop);
        var config = Path.Combine(_folder.FullName, "clock.json");
        var database = Path.Combine(_folder.FullName, "clock.db");
        await File.WriteAllTextAsync(config, $$"""
            {
              "Kafka": { "GroupId": "clock", "Guarantee": "{{guarantee}}" }, "DeadLetterTopic": "dlq",
              "Nodes": [ { "Name": "copy", "Kind": "identity", "Input": "in", "Output": "out" } ],
              "Sinks": [ { "Kind": "sqlite", "Path": "{{database}}" } ]
            }
            """, Stop);
        using var clock = new FileStream(Path.Combine(_folder.FullName, "offset"), FileMode.CreateNew, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        clock.Write(BitConverter.GetBytes(0L));
        await using var stream = ChildProcess.StartProgram(
            ["stream", "--bootstrap", broker.BootstrapServers, "--config", config],
            new ChildProcessOptions { Environment = new Dictionary<string, string?> { ["LD_PRELOAD"] = library, ["SET_CLOCK_FILE"] = clock.Name } });
        // Nothing has come yet: its producer has never sent, its consumer waits.
        await stream.WaitForErrorAsync(static line => line == "stream running", Limit, Stop);

        clock.Position = 0;
        clock.Write(BitConverter.GetBytes(-3600L));
        await stream.WaitForErrorAsync(static line => line.Contains("clock was set back by 3600 s", StringComparison.Ordinal), Limit, Stop);
        for (var i = 0; i < 3; i++)
        {
            KafkaRecords.Produce(broker, "in", [new Message<byte[], byte[]> { Key = [(byte)i], Value = Encoding.UTF8.GetBytes($$"""{"id":"{{i}}","text":"Rain."}""") }]);
            await Task.Run(() => KafkaRecords.Consume(broker, "out", i + 1, Limit, Stop), Stop);
            await WaitForRowsAsync(database, i + 1);
        }

        stream.Signal(ProcessSignal.Terminate);
        Assert.Equal(0, await stream.WaitForExitAsync(Limit, Stop));
        Assert.DoesNotContain(stream.Errors, static line => line.Contains("Partitions lost", StringComparison.Ordinal));
    }

    private static async Task WaitForRowsAsync(string database, int rows)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (CountRows(database) < rows)
        {
            Assert.True(TimeProvider.System.GetElapsedTime(started) < Limit, $"The sink has {CountRows(database)} rows, not {rows}.");
            await Task.Delay(50, Stop);
        }
    }

    private static long CountRows(string database)
    {
        using var connection = new SqliteConnection($"Data Source={database};Mode=ReadOnly;Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT count(*) FROM articles";
        return (long)command.ExecuteScalar()!;
    }

    private string CompileOrSkip()
    {
        var library = Path.Combine(_folder.FullName, "set-clock.so");
        try
        {
            using var compiler = Process.Start(new ProcessStartInfo(
                "cc", ["-shared", "-fPIC", "-o", library, RepositoryFiles.Find("tests", "app", "Hosting", "set-clock.c"), "-ldl"]) { RedirectStandardError = true })!;
            var errors = compiler.StandardError.ReadToEnd();
            compiler.WaitForExit();
            if (compiler.ExitCode != 0) Assert.Skip($"needs a C library with C11 threads (glibc 2.28 or later): {errors}");
        }
        catch (System.ComponentModel.Win32Exception exception)
        {
            Assert.Skip($"needs a C compiler: {exception.Message}");
        }
        return library;
    }
}
