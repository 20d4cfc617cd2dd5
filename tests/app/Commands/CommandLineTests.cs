using StreamScoring.Testing.Processes;

namespace StreamScoring.App.Tests.Commands;

/// <summary>The real program, started as a user starts it.</summary>
public sealed class CommandLineTests
{
    [Theory]
    [InlineData("--help")]
    [InlineData("stream --help")]
    [InlineData("produce --help")]
    [InlineData("consume --help")]
    [InlineData("score --help")]
    [InlineData("topology describe --help")]
    [InlineData("models list --help")]
    [InlineData("models verify --help")]
    public async Task Help_has_examples_and_exit_codes_and_goes_to_standard_output(string arguments)
    {
        var result = await Program.RunAsync(arguments.Split(' '));

        Assert.Equal(0, result.ExitCode);
        Assert.Contains("Examples:", result.Output);
        Assert.Contains(result.Output, line => line.StartsWith("Exit codes: 0 done", StringComparison.Ordinal));
        Assert.Empty(result.Errors);
    }

    [Fact]
    public async Task Every_mistake_on_the_command_line_is_reported_at_once_with_exit_code_2()
    {
        var result = await Program.RunAsync(
            ["produce", "a.jsonl", "b.jsonl", "--rate", "fast", "--format", "csv", "--topic", "a/b", "--log-level", "loud", "--config", "missing.json"]);

        Assert.Equal(2, result.ExitCode);
        Assert.Empty(result.Output);
        foreach (var part in new[] { "b.jsonl", "--rate: 'fast'", "--format: 'csv'", "--topic: 'a/b'", "--log-level: 'loud'", "missing.json", "Which Kafka?" })
        {
            Assert.Contains(result.Errors, line => line.Contains(part, StringComparison.Ordinal));
        }
        Assert.Contains("./run produce --help", result.Errors[^1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_mistake_in_the_environment_is_traced_to_it()
    {
        var result = await Program.RunAsync(["topology", "describe"], new() { ["STREAMSCORING__Kafka__CommitIntervalMs"] = "0" });

        Assert.Equal(2, result.ExitCode);
        Assert.Contains("(in the environment)", result.Errors[0], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("topology")]
    [InlineData("models")]
    [InlineData("frobnicate")]
    [InlineData("score")]
    public async Task An_incomplete_or_unknown_command_is_wrong_usage(string arguments)
    {
        var result = await Program.RunAsync(arguments.Split(' '));

        Assert.Equal(2, result.ExitCode);
        Assert.NotEmpty(result.Errors);
    }

    [Fact]
    public async Task Describe_prints_what_would_run_without_models_or_Kafka()
    {
        var text = await Program.RunAsync(["topology", "describe"]);
        var some = await Program.RunAsync(["topology", "describe", "--nodes", "summary", "--format", "json"]);
        var mermaid = await Program.RunAsync(["topology", "describe", "--format", "mermaid"]);

        Assert.Equal((0, 0, 0), (text.ExitCode, some.ExitCode, mermaid.ExitCode));
        Assert.Equal("Topologies:", text.Output[0]);
        Assert.Contains(text.Output, line => line.Contains("[articles.entities]", StringComparison.Ordinal));
        Assert.DoesNotContain(some.Output, line => line.Contains("articles.topic", StringComparison.Ordinal));
        Assert.StartsWith("flowchart", mermaid.Output[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_is_not_there_is_a_failure_with_its_name()
    {
        var result = await Program.RunAsync(["score", "nowhere.jsonl"]);

        Assert.Equal(1, result.ExitCode);
        Assert.Equal(["streamscoring: nowhere.jsonl: there is no such file."], result.Errors);
    }

    [Theory]
    [InlineData("consume")]
    [InlineData("produce -")]
    [InlineData("stream --wait 1")]
    public async Task A_broker_that_is_not_there_is_named_within_ten_seconds(string arguments)
    {
        var startedAt = TimeProvider.System.GetTimestamp();
        var result = await Program.RunAsync([.. arguments.Split(' '), "--bootstrap", "127.0.0.1:1", "--config", Program.IdentityNodes]);

        Assert.Equal(1, result.ExitCode);
        Assert.Contains(result.Errors, line => line.StartsWith("streamscoring: No Kafka answers at 127.0.0.1:1", StringComparison.Ordinal));
        Assert.True(TimeProvider.System.GetElapsedTime(startedAt) < TimeSpan.FromSeconds(20));
    }
}
