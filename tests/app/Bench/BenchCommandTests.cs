using StreamScoring.Testing;
using StreamScoring.Testing.Processes;

namespace StreamScoring.App.Tests.Bench;

public sealed class BenchCommandTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(120);

    [Fact]
    [Trait("Category", "Chaos")]
    public async Task An_interrupted_run_gives_what_it_has_measured()
    {
        var stop = TestContext.Current.CancellationToken;
        if (Environment.GetEnvironmentVariable("KAFKA_HOME") is not { Length: > 0 }) Assert.Skip("needs a Kafka of its own: KAFKA_HOME is not set");
        await using var bench = ChildProcess.StartProgram(
            ["bench", "models", "latency", "--quick", "--models", RepositoryFiles.Find("models", "fast")]);
        // Two of its three sides are still to come.
        await bench.WaitForErrorAsync(static line => line.Contains("three hops, at-least-once: p95", StringComparison.Ordinal), Limit, stop);
        bench.Signal(ProcessSignal.Interrupt);

        Assert.Equal(130, await bench.WaitForExitAsync(Limit, stop));
        Assert.Contains("## Models", bench.Output);
        Assert.DoesNotContain("## Latency", bench.Output);
    }
}
