using StreamScoring.App.Tests.Sinks.Postgres;
using StreamScoring.Testing.Brokers;

namespace StreamScoring.App.Tests.Chaos;

/// <summary>
/// What a sink holds after kills is what was sent. A failure prints its seed; <c>STREAMSCORING_CHAOS_SEED</c> runs it again.
/// </summary>
public sealed class SinkFaultTests(KafkaFixture kafka, ITestOutputHelper output)
{
    [Theory]
    [InlineData("postgresql", 4)]
    [InlineData("files", 2)]
    public Task Nothing_is_lost_or_written_twice_when_program_and_database_are_killed(string kind, int kills) => RunAsync(kind, 3_000, kills);

    [Theory]
    [Trait("Category", "Chaos")]
    [InlineData("postgresql", 50)]
    [InlineData("sqlite", 25)]
    [InlineData("files", 25)]
    public Task Nothing_is_lost_or_written_twice_over_many_kills(string kind, int kills) => RunAsync(kind, 200_000, kills);

    private async Task RunAsync(string kind, int records, int kills)
    {
        var broker = await kafka.UseAsync(KafkaKind.Real);
        await using var postgres = kind == "postgresql" ? await PostgresServer.StartOrSkipAsync("fsync = off") : null;
        var seed = int.TryParse(Environment.GetEnvironmentVariable("STREAMSCORING_CHAOS_SEED"), out var given) ? given : Environment.TickCount;
        await using var faults = new SinkFaults(broker, postgres, kind, records, kills, seed);
        output.WriteLine(await faults.RunAsync(TestContext.Current.CancellationToken));
    }
}
