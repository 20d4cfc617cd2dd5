using StreamScoring.App.Bench;
using StreamScoring.App.Tests.Sinks.Postgres;

namespace StreamScoring.App.Tests.Bench;

public sealed class SinkRaceTests(ITestOutputHelper output)
{
    private static readonly double Bar = 0.7;

    [Fact]
    [Trait("Category", "Chaos")]
    public async Task Sinks_reach_seven_tenths_of_the_barest_program_that_writes_the_same_rows()
    {
        await using var postgres = await PostgresServer.StartOrSkipAsync("max_wal_size = 4GB", "checkpoint_timeout = 30min");
        var progress = new List<string>();
        var race = new SinkRace(new SinkRaceOptions(), progress.Add, TestContext.Current.CancellationToken);
        SinkRaceResult[] results = [await race.SqliteAsync(), await race.PostgresAsync(postgres.ConnectionString)];

        output.WriteLine(string.Join('\n', progress));
        Assert.All(results, result => Assert.True(result.Ratio >= Bar, $"{result.Name} reaches {result.Ratio:0.00} of {result.Rival}\n{string.Join('\n', progress)}"));
    }
}
