using StreamScoring.Testing.Brokers;

namespace StreamScoring.App.Tests.Chaos;

/// <summary>
/// The promise under faults. A failure prints its seed; <c>STREAMSCORING_CHAOS_SEED</c> runs that schedule again, and
/// <c>STREAMSCORING_CHAOS_TRANSCRIPTS</c> names a folder that gets what the instances wrote.
/// </summary>
public sealed class VerifierTests(ITestOutputHelper output)
{
    [Fact]
    public Task Exactly_once_survives_a_minute_of_faults() => VerifyAsync(new VerifierOptions
    {
        Seed = Seed(), Guarantee = "exactly-once", Records = 60_000, Duration = TimeSpan.FromSeconds(45), RestartsBroker = false,
    });

    [Fact]
    [Trait("Category", "Chaos")]
    public Task Exactly_once_survives_a_hundred_kills() => VerifyAsync(new VerifierOptions
    {
        Seed = Seed(), Guarantee = "exactly-once", Records = 1_000_000, Duration = TimeSpan.FromMinutes(14), Instances = 3,
        MinPause = TimeSpan.FromSeconds(0.5), MaxPause = TimeSpan.FromSeconds(3),
    });

    [Fact]
    [Trait("Category", "Chaos")]
    public Task At_least_once_survives_faults() => VerifyAsync(new VerifierOptions
    {
        Seed = Seed(), Guarantee = "at-least-once", Records = 200_000, Duration = TimeSpan.FromMinutes(3), Instances = 2,
    });

    [Fact]
    [Trait("Category", "Chaos")]
    public Task Exactly_once_survives_a_broker_that_restarts_again_and_again() => VerifyAsync(new VerifierOptions
    {
        Seed = Seed(), Guarantee = "exactly-once", Records = 60_000, Duration = TimeSpan.FromSeconds(90), Instances = 1,
        MinPause = TimeSpan.FromSeconds(0.5), MaxPause = TimeSpan.FromSeconds(3), LeavesInstances = true,
    });

    private static int Seed() =>
        int.TryParse(Environment.GetEnvironmentVariable("STREAMSCORING_CHAOS_SEED"), out var seed) ? seed : Environment.TickCount;

    private async Task VerifyAsync(VerifierOptions options)
    {
        await using var broker = await KafkaHomeBroker.StartOrSkipAsync();
        await using var verifier = new Verifier(broker, options);
        output.WriteLine($"seed {options.Seed}");
        var report = await verifier.RunAsync(TestContext.Current.CancellationToken);
        // Where it shows: the counts are what a run of many minutes is for.
        Console.WriteLine($"    {options.Guarantee}: {report.Counts}");
        Assert.True(options.Guarantee == "at-least-once" ? report.IsComplete : report.IsExact, report.ToString());
    }
}
