using System.Text.Json.Nodes;
using StreamScoring.Testing.Brokers;
using StreamScoring.Testing.Processes;

namespace StreamScoring.Client.Tests;

/// <summary>Somebody else's client in another language: Kafka's protocol, JSON and three headers are all it knows.</summary>
public sealed class StrangerTests(KafkaFixture kafka)
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    private static string Folder => Path.Combine(AppContext.BaseDirectory, "kafkajs");

    [Fact]
    public async Task Kafkajs_asks_with_headers_alone()
    {
        await InstallOrSkipAsync();
        await using var stream = await ArticleStream.StartAsync(kafka);
        await using var stranger = ChildProcess.Start("node",
            ["ask.js", stream.BootstrapServers, stream.Input, stream.Replies, """{"id":"1","title":"fine","body":"Text."}""", """{"id":"2","title":"bad","body":"Text."}"""],
            new ChildProcessOptions { WorkingDirectory = Folder });

        Assert.Equal(0, await stranger.WaitForExitAsync(Limit, TestContext.Current.CancellationToken));
        var answers = stranger.Output.Select(line => JsonNode.Parse(line)!).OrderBy(answer => (string?)answer["correlation"]).ToArray();
        Assert.Equal(["call 0", "call 1"], answers.Select(answer => (string?)answer["correlation"]));
        Assert.Null(answers[0]["error"]);
        Assert.Equal("was here", (string?)answers[0]["value"]!["attributes"]!["second"]);
        Assert.Equal("dead-lettered", (string?)answers[1]["error"]);
        Assert.Equal("second", (string?)answers[1]["value"]!["node"]);
    }

    private static async Task InstallOrSkipAsync()
    {
        var installed = Path.Combine(Folder, "node_modules", ".installed");
        var wanted = await File.ReadAllTextAsync(Path.Combine(Folder, "package-lock.json"));
        if (await RunAsync("node", "--version") != 0) Assert.Skip("No node.");
        if (File.Exists(installed) && await File.ReadAllTextAsync(installed) == wanted) return;
        if (await RunAsync("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund") != 0) Assert.Skip("npm ci of kafkajs failed (no npm, or no registry).");
        await File.WriteAllTextAsync(installed, wanted);
    }

    private static async Task<int> RunAsync(string file, params string[] arguments)
    {
        try
        {
            await using var process = ChildProcess.Start(file, arguments, new ChildProcessOptions { WorkingDirectory = Folder });
            return await process.WaitForExitAsync(Limit, TestContext.Current.CancellationToken);
        }
        catch (TimeoutException)
        {
            return -1;
        }
    }
}
