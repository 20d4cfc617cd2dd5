using System.Text.Json;
using StreamScoring.Schemas.Tests.Registry;
using StreamScoring.Testing.Brokers;
using StreamScoring.Testing.Processes;

namespace StreamScoring.App.Tests.Commands;

/// <summary>A client that knows nothing of us reads what we write: kcat, which decodes with the Avro project's C library.</summary>
public sealed class KcatTests(KafkaFixture kafka)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory, EachKafka]
    public async Task It_reads_what_produce_writes_under_a_schema_id(KafkaKind kind)
    {
        await SkipWithoutAvroAsync();
        await using var registry = await TestRegistry.StartAsync();
        var broker = await kafka.UseAsync(kind);
        var topic = await broker.NewTopicAsync("app.kcat", 1, Stop);

        var produced = await Program.RunAsync(
            ["produce", "-", "--format", "avro", "--bootstrap", broker.BootstrapServers, "--topic", topic],
            new() { ["STREAMSCORING__SchemaRegistry__Url"] = registry.Url.AbsoluteUri },
            """{"id":"a","title":"Rain in Oslo","body":"It rained.","published_at":"2026-03-01T12:30:00Z","attributes":{"desk":"news"}}""");
        await using var kcat = ChildProcess.Start(
            "kcat", ["-C", "-b", broker.BootstrapServers, "-t", topic, "-o", "beginning", "-c", "1", "-q", "-s", "value=avro", "-r", registry.Url.AbsoluteUri.TrimEnd('/')]);

        Assert.Equal((0, 0), (produced.ExitCode, await kcat.WaitForExitAsync(Limit, Stop)));
        var article = JsonDocument.Parse(Assert.Single(kcat.Output)).RootElement;
        Assert.Equal("a", article.GetProperty("id").GetString());
        Assert.Equal("Rain in Oslo", article.GetProperty("title").GetString());
        Assert.Equal("news", article.GetProperty("attributes").GetProperty("desk").GetString());
    }

    private static async Task SkipWithoutAvroAsync()
    {
        ChildProcess? kcat = null;
        try
        {
            kcat = ChildProcess.Start("kcat", ["-V"]);
            await kcat.WaitForExitAsync(Limit, Stop);
            if (!kcat.Output.Concat(kcat.Errors).Any(static line => line.Contains("Avro", StringComparison.Ordinal)))
            {
                Assert.Skip("this kcat reads no Avro (its -V does not name it; Debian's is built without libserdes)");
            }
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Assert.Skip("no kcat");
        }
        finally
        {
            if (kcat is not null) await kcat.DisposeAsync();
        }
    }
}
