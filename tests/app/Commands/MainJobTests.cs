using System.Text.Json;
using Microsoft.Data.Sqlite;
using StreamScoring.Testing.Processes;

namespace StreamScoring.App.Tests.Commands;

/// <summary>The main job as a pipe sees it, with nodes that pass articles on unchanged.</summary>
public sealed class MainJobTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("streamscoring-main-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task It_streams_the_bundled_articles_takes_those_of_others_and_stops_cleanly()
    {
        await using var job = ChildProcess.StartProgram(["--config", Program.IdentityNodes], new ChildProcessOptions
        {
            WorkingDirectory = _folder.FullName,
            Environment = new Dictionary<string, string?> { ["STREAMSCORING__Feed__MaxPerSecond"] = "200" },
        });

        // Its address comes first, and articles of the feed follow.
        var bootstrap = (await job.WaitForErrorAsync(line => line.StartsWith("Kafka: ", StringComparison.Ordinal), Limit, Stop))["Kafka: ".Length..];
        await job.WaitForOutputAsync(line => line.StartsWith('{'), Limit, Stop);

        // Another client's article comes out too; one that is none does not stop the stream.
        var produced = await Program.RunAsync(["produce", "-", "--bootstrap", bootstrap], input: """{"id":"from-outside","title":"T","body":"B"}""");
        await job.WaitForOutputAsync(line => line.Contains("\"from-outside\"", StringComparison.Ordinal), Limit, Stop);

        // One lap is over: ids never repeat.
        await job.WaitForOutputAsync(line => line.Contains("~2\"", StringComparison.Ordinal), Limit, Stop);
        var startedAt = TimeProvider.System.GetTimestamp();
        job.Signal(ProcessSignal.Interrupt);
        var exitCode = await job.WaitForExitAsync(Limit, Stop);

        Assert.Equal((0, 0), (produced.ExitCode, exitCode));
        Assert.True(TimeProvider.System.GetElapsedTime(startedAt) < TimeSpan.FromSeconds(10), "the stop took too long");
        var ids = job.Output.Select(line => JsonDocument.Parse(line).RootElement.GetProperty("id").GetString()!).ToArray();
        Assert.Equal(ids.Length, ids.Distinct().Count());

        // Every article that was accepted is finished, in the output and in the database alike.
        using var connection = new SqliteConnection($"Data Source={Path.Combine(_folder.FullName, "streamscoring.db")};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT id FROM articles";
        using var reader = command.ExecuteReader();
        var stored = new List<string>();
        while (reader.Read()) stored.Add(reader.GetString(0));
        Assert.Equal(ids.Order(StringComparer.Ordinal), stored.Order(StringComparer.Ordinal));
        Assert.Contains(job.Errors, line => line.StartsWith($"{ids.Length:N0} articles enriched", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_reader_that_goes_away_ends_it_without_an_error()
    {
        var script = $"dotnet '{ProgramFile.Find()}' --config '{Program.IdentityNodes}' | head -n 3; exit ${{PIPESTATUS[0]}}";
        await using var shell = ChildProcess.Start("bash", ["-c", script], new ChildProcessOptions { WorkingDirectory = _folder.FullName });

        Assert.Equal(0, await shell.WaitForExitAsync(Limit, Stop));
        Assert.Equal(3, shell.Output.Count);
    }

    [Fact]
    public async Task Models_that_are_not_there_are_named_node_by_node()
    {
        var result = await Program.RunAsync([], new() { ["STREAMSCORING__Models__Root"] = _folder.FullName });

        Assert.Equal(1, result.ExitCode);
        foreach (var node in new[] { "topic", "entities", "summary" })
        {
            Assert.Contains(result.Errors, line => line.Contains($"Node '{node}' cannot start", StringComparison.Ordinal));
        }
    }
}
