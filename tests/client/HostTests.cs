using Confluent.Kafka;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using StreamScoring.Testing.Brokers;

namespace StreamScoring.Client.Tests;

/// <summary>The client as a service of a .NET host.</summary>
public sealed class HostTests(KafkaFixture kafka)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_service_of_a_host_gets_its_answers_and_is_disposed_with_it()
    {
        await using var stream = await ArticleStream.StartAsync(kafka);
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Scoring:BootstrapServers"] = stream.BootstrapServers,
            ["Scoring:RequestTopic"] = stream.Input,
            ["Scoring:ReplyTopic"] = stream.Replies,
            ["Scoring:MaxInFlight"] = "7",
            ["Scoring:Properties:socket.timeout.ms"] = "30000",
        });
        builder.Services.AddScoringClient(static services => services.GetRequiredService<IConfiguration>().GetSection("Scoring").Get<ScoringClientOptions>()!);
        builder.Services.AddSingleton<Desk>();
        Desk desk;
        using (var host = builder.Build())
        {
            await host.StartAsync(Stop);
            desk = host.Services.GetRequiredService<Desk>();
            var enriched = await desk.Client.ScoreAsync(ArticleStream.Article("1"), Limit, Stop);
            Assert.Equal("was here", enriched.Attributes["second"]);
            Assert.Same(desk.Client, host.Services.GetRequiredService<ScoringClient>());
            await host.StopAsync(Stop);
        }
        await Assert.ThrowsAsync<ObjectDisposedException>(() => desk.Client.ScoreAsync(ArticleStream.Article("2"), Limit, Stop));
    }

    [Fact]
    public async Task A_host_that_cannot_connect_does_not_start()
    {
        var broker = await kafka.UseAsync(KafkaKind.Embedded);
        var mistaken = new ScoringClientOptions { BootstrapServers = "", ReplyTopic = "replies", MaxInFlight = 0 };
        var missing = new ScoringClientOptions { BootstrapServers = broker.BootstrapServers, ReplyTopic = "no-such-topic" };

        var mistakes = await Assert.ThrowsAsync<ArgumentException>(() => StartAsync(mistaken));
        var absence = await Assert.ThrowsAsync<KafkaException>(() => StartAsync(missing));

        Assert.Contains("BootstrapServers is empty", mistakes.Message, StringComparison.Ordinal);
        Assert.Contains("MaxInFlight is 0", mistakes.Message, StringComparison.Ordinal);
        Assert.Contains("no-such-topic", absence.Message, StringComparison.Ordinal);
    }

    private static async Task StartAsync(ScoringClientOptions options)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddScoringClient(options);
        using var host = builder.Build();
        await host.StartAsync(Stop);
    }

    private sealed class Desk(ScoringClient client)
    {
        internal ScoringClient Client => client;
    }
}
