using StreamScoring.App.Sinks.Postgres;
using StreamScoring.Testing.Brokers;

namespace StreamScoring.App.Tests.Sinks.Postgres;

public sealed class PostgresOutageTests(KafkaFixture kafka) : IDisposable
{
    private readonly SinkHarness _harness = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => _harness.Dispose();

    [Fact]
    public async Task A_server_killed_in_the_middle_of_a_batch_pauses_the_sink_which_then_goes_on_without_loss_or_repeats()
    {
        const int perRound = 400;
        await using var server = await PostgresServer.StartOrSkipAsync("fsync = off");
        var broker = await kafka.UseAsync(KafkaKind.Embedded);
        var topic = await broker.NewTopicAsync("sink", 3, Stop);
        var plan = new PostgresSinkOptions { ConnectionString = server.ConnectionString }.ToPlan();
        var runner = _harness.Runner(broker, topic, plan);
        var running = runner.RunAsync(Stop);

        for (var round = 0; round < 3; round++)
        {
            var before = runner.GetSnapshot().Written;
            SinkHarness.Send(broker, topic, perRound, $"{round}-");
            await _harness.WaitUntilAsync(() => runner.GetSnapshot().Written > before);
            await server.KillAsync();
            // More comes in while it is down: the topic keeps it.
            SinkHarness.Send(broker, topic, perRound, $"{round}+");
            await _harness.WaitUntilAsync(() => runner.GetSnapshot().Trouble is not null);
            // What a dying server still says, or fails to say, depends on what its processes were at.
            Assert.Matches("the server cannot be reached, or went away|the server is stopping or starting|the connection failed", runner.GetSnapshot().Trouble);
            await server.StartAgainAsync();
            await _harness.WaitUntilAsync(() => runner.GetSnapshot() is { Trouble: null, Lag: 0 });
        }
        await runner.DrainAsync(running, SinkHarness.Limit);

        var total = 2 * 3 * perRound;
        Assert.Equal($"{total}|{total}", await server.QueryAsync("SELECT count(*), count(DISTINCT id) FROM streamscoring.articles"));
        Assert.Contains("goes on after", _harness.Log, StringComparison.Ordinal);
    }
}
