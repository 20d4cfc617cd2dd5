using StreamScoring.Testing;
using StreamScoring.Testing.Processes;

namespace StreamScoring.App.Tests.Bench;

public sealed class BenchCommandTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(120);

    [Fact]
    public async Task An_interrupted_run_gives_what_it_has_measured()
    {
        var stop = TestContext.Current.CancellationToken;
        await using var bench = ChildProcess.StartProgram(
            ["bench", "models", "sinks", "--quick", "--models", RepositoryFiles.Find("models", "fast")]);
        await bench.WaitForErrorAsync(static line => line.Contains("SQLite round 0", StringComparison.Ordinal), Limit, stop);
        bench.Signal(ProcessSignal.Interrupt);

        Assert.Equal(130, await bench.WaitForExitAsync(Limit, stop));
        Assert.Contains("## Models", bench.Output);
        Assert.DoesNotContain("## Sinks", bench.Output);
    }
}
