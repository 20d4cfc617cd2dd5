using System.Diagnostics;
using System.Globalization;
using StreamScoring.Testing.Processes;

namespace StreamScoring.Testing.Tests;

public sealed class ChildProcessTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Output_errors_and_exit_code_are_captured()
    {
        await using var shell = Shell("echo out; echo oops >&2; exit 7");

        Assert.Equal(7, await shell.WaitForExitAsync(cancellationToken: Cancellation));
        Assert.Equal(["out"], shell.Output);
        Assert.Equal(["oops"], shell.Errors);
    }

    [Fact]
    public async Task Its_input_can_be_written_and_its_answers_awaited()
    {
        await using var shell = Shell("while read -r line; do echo \"got $line\"; done");

        await shell.Input.WriteLineAsync("one".AsMemory(), Cancellation);
        await shell.Input.FlushAsync(Cancellation);
        await shell.WaitForOutputAsync(line => line == "got one", cancellationToken: Cancellation);
        shell.Input.Close();

        Assert.Equal(0, await shell.WaitForExitAsync(cancellationToken: Cancellation));
    }

    [Theory]
    [InlineData(ProcessSignal.Interrupt, "INT")]
    [InlineData(ProcessSignal.Terminate, "TERM")]
    public async Task Signals_reach_it(ProcessSignal signal, string name)
    {
        await using var shell = Shell($"trap 'echo caught; exit 3' {name}; echo ready; while :; do sleep 0.05; done");
        await shell.WaitForOutputAsync(line => line == "ready", cancellationToken: Cancellation);

        shell.Signal(signal);

        Assert.Equal(3, await shell.WaitForExitAsync(cancellationToken: Cancellation));
        Assert.Contains("caught", shell.Output);
    }

    [Fact]
    public async Task A_line_that_does_not_come_is_reported_with_what_came()
    {
        await using var shell = Shell("echo something else; read -r");

        var error = await Assert.ThrowsAsync<TimeoutException>(() => shell.WaitForOutputAsync(
            line => line == "hello", TimeSpan.FromSeconds(1), Cancellation));

        Assert.Contains("something else", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Disposing_ends_its_children_too()
    {
        int grandchild;
        await using (var shell = Shell("sleep 600 & echo $!; wait"))
        {
            grandchild = ParseId(await shell.WaitForOutputAsync(_ => true, cancellationToken: Cancellation));
        }

        await AssertEndsAsync(grandchild);
    }

    [Fact]
    public async Task Nothing_is_left_when_the_test_process_itself_is_killed()
    {
        // This test program again, as the test process that dies: it runs only the test below.
        await using var tests = ChildProcess.Start("dotnet",
            [typeof(ChildProcessTests).Assembly.Location, "-noLogo", "-noColor", "-explicit", "only", "-showLiveOutput",
             "-method", $"*.{nameof(Waits_with_a_child)}"]);
        var line = await tests.WaitForOutputAsync(
            text => text.Contains("child=", StringComparison.Ordinal), TimeSpan.FromSeconds(60), Cancellation);
        var child = ParseId(line[(line.IndexOf("child=", StringComparison.Ordinal) + 6)..]);

        tests.Signal(ProcessSignal.Kill);

        await AssertEndsAsync(child);
    }

    [Fact(Explicit = true)]
    public async Task Waits_with_a_child()
    {
        await using var child = Shell("sleep 600");
        TestContext.Current.TestOutputHelper!.WriteLine($"child={child.Id}");
        await child.WaitForExitAsync(TimeSpan.FromMinutes(5), Cancellation);
    }

    private static ChildProcess Shell(string script) => ChildProcess.Start("bash", ["-c", script]);

    private static int ParseId(string text) => int.Parse(text.Trim(), CultureInfo.InvariantCulture);

    private static async Task AssertEndsAsync(int processId)
    {
        try
        {
            using var process = Process.GetProcessById(processId);
            await process.WaitForExitAsync(Cancellation).WaitAsync(TimeSpan.FromSeconds(20), Cancellation);
        }
        catch (ArgumentException)
        {
            // No such process: it has ended.
        }
    }
}
