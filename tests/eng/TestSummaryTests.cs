using StreamScoring.Testing;
using StreamScoring.Testing.Processes;

namespace StreamScoring.Eng.Tests;

/// <summary>What ./test says in the end, from what the test projects wrote.</summary>
public sealed class TestSummaryTests : IDisposable
{
    private readonly string _logs = Directory.CreateTempSubdirectory("streamscoring-logs-").FullName;

    public void Dispose() => Directory.Delete(_logs, recursive: true);

    [Fact]
    public async Task Totals_are_added_over_the_projects()
    {
        Log("A.Tests", "   A.Tests  Total: 12, Errors: 0, Failed: 0, Skipped: 2, Not Run: 1, Time: 3.245s");
        Log("B.Tests", "   B.Tests  Total: 5, Errors: 0, Failed: 0, Skipped: 0, Not Run: 0, Time: 1.1s");

        var (code, lines) = await SummariseAsync();

        Assert.Equal("14 passed, 0 failed, 2 skipped", lines[^1]);
        Assert.Equal(0, code);
    }

    [Fact]
    public async Task The_skipped_are_listed_with_their_reasons_and_the_failed_with_their_messages()
    {
        Log("A.Tests", """
                N.C.Skips_it(kind: Real) [SKIP]
                  no real Kafka
                N.C.Fails_it [FAIL]
                  Assert.Equal() Failure: Values differ
                  Expected: 1
                  Actual:   2
                  Stack Trace:
                    Some.cs(1,0): at N.C.Fails_it()
               A.Tests  Total: 3, Errors: 0, Failed: 1, Skipped: 1, Not Run: 0, Time: 3.245s
            """);

        var (code, lines) = await SummariseAsync();
        var text = string.Join('\n', lines);

        Assert.Contains("N.C.Skips_it(kind: Real): no real Kafka", text, StringComparison.Ordinal);
        Assert.Contains("Actual:   2", text, StringComparison.Ordinal);
        Assert.DoesNotContain("Some.cs", text, StringComparison.Ordinal);
        Assert.Equal("1 passed, 1 failed, 1 skipped", lines[^1]);
        Assert.Equal(1, code);
    }

    [Fact]
    public async Task A_project_that_crashed_counts_as_a_failure()
    {
        Log("A.Tests", "   A.Tests  Total: 3, Errors: 0, Failed: 0, Skipped: 0, Not Run: 0, Time: 3.245s");
        Log("B.Tests", "   B.Tests  CRASHED: exit code 139 before a summary");

        var (code, lines) = await SummariseAsync();

        Assert.Equal("3 passed, 1 failed, 0 skipped", lines[^1]);
        Assert.Equal(1, code);
    }

    [Fact]
    public async Task An_error_outside_of_a_test_counts_as_a_failure()
    {
        Log("A.Tests", "   A.Tests  Total: 3, Errors: 1, Failed: 0, Skipped: 0, Not Run: 0, Time: 3.245s");

        var (code, lines) = await SummariseAsync();

        Assert.Equal("3 passed, 1 failed, 0 skipped", lines[^1]);
        Assert.Equal(1, code);
    }

    [Fact]
    public async Task No_test_at_all_is_a_failure()
    {
        Log("A.Tests", "   A.Tests  Total: 0");

        var (code, lines) = await SummariseAsync();

        Assert.Contains("No test ran.", lines);
        Assert.Equal("0 passed, 0 failed, 0 skipped", lines[^1]);
        Assert.Equal(1, code);
    }

    private void Log(string project, string text) => File.WriteAllText(Path.Combine(_logs, $"{project}.log"), text + "\n");

    private async Task<(int Code, IReadOnlyList<string> Lines)> SummariseAsync()
    {
        await using var bash = ChildProcess.Start(
            "bash", ["-c", "source \"$1\"; summarise \"$2\"", "bash", RepositoryFiles.Find("eng", "lib", "tests.sh"), _logs]);
        var code = await bash.WaitForExitAsync(cancellationToken: TestContext.Current.CancellationToken);
        return (code, bash.Output);
    }
}
