namespace StreamScoring.Eng.Tests;

public sealed class PackagesScriptTests : IDisposable
{
    private readonly Checkout _checkout = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _checkout.Dispose();

    [Fact]
    public async Task Where_NuGet_has_all_packages_nothing_is_said_done_or_asked()
    {
        await using var packages = _checkout.Start("eng/packages.sh");

        Assert.Equal(0, await packages.WaitForExitAsync(cancellationToken: Cancellation));
        Assert.Empty(packages.Output);
        Assert.Empty(packages.Errors);
        Assert.Empty(_checkout.DotnetCalls);
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(_checkout.Folder, "eng", "feed")));
    }

    [Fact]
    public async Task A_missing_package_that_the_sources_have_is_not_made()
    {
        _checkout.Delete("cache/librdkafka.redist/2.15.1/.nupkg.metadata");
        await using var packages = _checkout.Start("eng/packages.sh");

        Assert.Equal(0, await packages.WaitForExitAsync(cancellationToken: Cancellation));
        Assert.Contains(_checkout.DotnetCalls, call => call.StartsWith("restore ", StringComparison.Ordinal));
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(_checkout.Folder, "eng", "feed"), "*.nupkg"));
    }

    [Fact]
    public async Task An_unknown_option_is_refused()
    {
        await using var packages = _checkout.Start("eng/packages.sh", ["--gqu"]);

        Assert.Equal(1, await packages.WaitForExitAsync(cancellationToken: Cancellation));
        Assert.Contains(packages.Errors, line => line.Contains("'--gqu'", StringComparison.Ordinal));
    }
}
