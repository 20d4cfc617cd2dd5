using StreamScoring.Testing;
using StreamScoring.Testing.Processes;

namespace StreamScoring.Eng.Tests;

/// <summary>The packages as a stranger gets them: packed, and used by samples/topology-tests outside of the repository.</summary>
public sealed class TestingPackageTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(8);
    private static readonly string[] Projects = ["schemas", "processors", "topology", "tests/kafka"];

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("streamscoring-package-");

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private string Packages => Path.Combine(_folder.FullName, "packages");

    private string Sample => Path.Combine(_folder.FullName, "sample");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task The_sample_project_runs_its_tests_against_the_packed_packages()
    {
        var configuration = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;
        foreach (var project in Projects)
        {
            await DotnetAsync(
                RepositoryFiles.Root, "pack", RepositoryFiles.Find(project), "--no-build", "--configuration", configuration, "--output", Packages, "--verbosity", "quiet");
        }
        Assert.Equal(
            ["StreamScoring.Processors", "StreamScoring.Schemas", "StreamScoring.Testing", "StreamScoring.Topology"],
            Directory.EnumerateFiles(Packages).Select(file => string.Join('.', Path.GetFileName(file).Split('.')[..2])).Order(StringComparer.Ordinal));

        CopySample();
        // The packages of others come from where this machine has them already; ours are unpacked beside the sample.
        var installed = Environment.GetEnvironmentVariable("NUGET_PACKAGES")
            ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        await DotnetAsync(
            Sample, "build", "--verbosity", "quiet", "-nodeReuse:false",
            $"-p:RestorePackagesPath={Path.Combine(_folder.FullName, "restored")}", $"-p:RestoreFallbackFolders={installed}");

        await using var tests = ChildProcess.Start("dotnet", [Path.Combine(Sample, "bin", "Debug", "net10.0", "TopologyTests.dll"), "-noColor"]);
        var exitCode = await tests.WaitForExitAsync(Limit, Stop);
        var text = string.Join('\n', tests.Output);
        Assert.True(exitCode == 0, text);
        Assert.Contains("Total: 5, Errors: 0, Failed: 0", text, StringComparison.Ordinal);
    }

    private void CopySample()
    {
        Directory.CreateDirectory(Sample);
        foreach (var file in Directory.EnumerateFiles(RepositoryFiles.Find("samples", "topology-tests")))
        {
            File.Copy(file, Path.Combine(Sample, Path.GetFileName(file)));
        }
        File.WriteAllText(Path.Combine(Sample, "nuget.config"), $"""
            <?xml version="1.0" encoding="utf-8"?>
            <configuration>
              <packageSources>
                <add key="packed" value="{Packages}" />
                <add key="feed" value="{RepositoryFiles.Find("eng", "feed")}" />
              </packageSources>
            </configuration>
            """);
    }

    private static async Task DotnetAsync(string folder, params string[] arguments)
    {
        await using var dotnet = ChildProcess.Start("dotnet", arguments, new ChildProcessOptions
        {
            WorkingDirectory = folder,
            MergeErrors = true,
            Environment = new Dictionary<string, string?> { ["DOTNET_CLI_USE_MSBUILD_SERVER"] = "0", ["MSBUILDDISABLENODEREUSE"] = "1", ["DOTNET_NOLOGO"] = "1" },
        });
        var exitCode = await dotnet.WaitForExitAsync(Limit, Stop);
        Assert.True(exitCode == 0, $"dotnet {string.Join(' ', arguments)}:\n{string.Join('\n', dotnet.Output)}");
    }
}
