namespace StreamScoring.Eng.Tests;

public sealed class RunScriptTests : IDisposable
{
    private readonly Checkout _checkout = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _checkout.Dispose();

    [Fact]
    public async Task The_first_start_builds_and_the_second_does_not()
    {
        await RunAsync();
        Assert.Equal(1, _checkout.Builds);

        await RunAsync();
        Assert.Equal(1, _checkout.Builds);
    }

    [Fact]
    public async Task A_changed_an_added_and_a_deleted_source_each_cause_a_build()
    {
        await RunAsync();
        _checkout.Write("topology/Loop.cs", "// the better loop");
        await RunAsync();
        Assert.Equal(2, _checkout.Builds);

        _checkout.Write("topology/Ring.cs", "// a ring");
        await RunAsync();
        Assert.Equal(3, _checkout.Builds);

        _checkout.Delete("topology/Ring.cs");
        await RunAsync();
        Assert.Equal(4, _checkout.Builds);
    }

    [Fact]
    public async Task The_program_gets_the_arguments_as_they_are_in_the_folder_of_the_user()
    {
        var elsewhere = Path.GetTempPath().TrimEnd('/');
        await using var run = _checkout.Start("run", ["score", "two words", "--format=xml"], elsewhere);

        Assert.Equal(0, await run.WaitForExitAsync(cancellationToken: Cancellation));
        Assert.Equal([$"program in {elsewhere}: score two words --format=xml"], run.Output);
    }

    [Fact]
    public async Task The_exit_code_is_the_programs()
    {
        await using var run = _checkout.Start("run", variables: ("PROGRAM_EXIT", "2"));

        Assert.Equal(2, await run.WaitForExitAsync(cancellationToken: Cancellation));
    }

    [Fact]
    public async Task It_can_be_started_through_a_link()
    {
        File.CreateSymbolicLink(Path.Combine(_checkout.Folder, "bin", "streamscoring"), "../run");
        await using var run = _checkout.Start("bin/streamscoring");

        Assert.Equal(0, await run.WaitForExitAsync(cancellationToken: Cancellation));
        Assert.Equal(1, _checkout.Builds);
    }

    [Fact]
    public async Task Two_first_starts_at_once_build_once()
    {
        await using var one = _checkout.Start("run");
        await using var other = _checkout.Start("run");

        Assert.Equal(0, await one.WaitForExitAsync(cancellationToken: Cancellation));
        Assert.Equal(0, await other.WaitForExitAsync(cancellationToken: Cancellation));
        Assert.Equal(1, _checkout.Builds);
    }

    [Fact]
    public async Task A_failed_build_shows_its_errors_and_is_tried_again()
    {
        await using (var run = _checkout.Start("run", variables: ("BUILD_FAILS", "1")))
        {
            Assert.Equal(1, await run.WaitForExitAsync(cancellationToken: Cancellation));
            Assert.Empty(run.Output);
            Assert.Contains(run.Errors, line => line.Contains("error CS1002", StringComparison.Ordinal));
        }

        await RunAsync();
        Assert.Equal(2, _checkout.Builds);
    }

    [Fact]
    public async Task An_SDK_that_is_too_old_is_named()
    {
        await using var run = _checkout.Start("run", variables: ("SDKS", "8.0.404 [/sdk]"));

        Assert.Equal(1, await run.WaitForExitAsync(cancellationToken: Cancellation));
        Assert.Contains(run.Errors, line =>
            line.Contains("the .NET 10 SDK is needed", StringComparison.Ordinal)
            && line.Contains("8.0.404", StringComparison.Ordinal));
        Assert.Equal(0, _checkout.Builds);
    }

    private async Task RunAsync()
    {
        await using var run = _checkout.Start("run");
        Assert.True(
            await run.WaitForExitAsync(cancellationToken: Cancellation) == 0, string.Join('\n', run.Errors));
    }
}
