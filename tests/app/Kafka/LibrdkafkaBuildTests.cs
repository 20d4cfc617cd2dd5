using StreamScoring.Testing;
using StreamScoring.Testing.Processes;

namespace StreamScoring.App.Tests.Kafka;

/// <summary>A machine where the first of librdkafka's builds does not load, as libsasl2.so.3 is missing on Debian.</summary>
public sealed class LibrdkafkaBuildTests : IDisposable
{
    private const string FirstBuild = "librdkafka.so";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("streamscoring-build-");

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task The_program_runs_with_another_build()
    {
        var program = CopyProgram();
        var first = Path.Combine(_folder.FullName, "runtimes", "linux-x64", "native", FirstBuild);
        Assert.SkipUnless(
            Directory.EnumerateFiles(Path.GetDirectoryName(first)!, "*-" + FirstBuild).Any(), "librdkafka.redist has one build only: eng/packages.sh made it");
        File.Delete(first);
        await File.WriteAllTextAsync(first, "does not load", Stop);

        await using var job = ChildProcess.Start("dotnet", [program, "--config", Program.IdentityNodes], new ChildProcessOptions
        {
            WorkingDirectory = _folder.FullName,
            // Asked about by librdkafka itself, before there is a client.
            Environment = new Dictionary<string, string?> { ["STREAMSCORING__Kafka__Properties__fetch.min.bytes"] = "2" },
        });
        await job.WaitForOutputAsync(static line => line.StartsWith('{'), Limit, Stop);
        job.Signal(ProcessSignal.Terminate);

        Assert.Equal(0, await job.WaitForExitAsync(Limit, Stop));
    }

    /// <summary>Assemblies are copied, as the host looks beside the real file; the rest is linked. Identity nodes need no models.</summary>
    private string CopyProgram()
    {
        var program = ProgramFile.Find();
        var source = Path.GetDirectoryName(program)!;
        foreach (var file in Directory.EnumerateFiles(source)) File.Copy(file, Path.Combine(_folder.FullName, Path.GetFileName(file)));
        var samples = Directory.CreateDirectory(Path.Combine(_folder.FullName, "samples"));
        File.CreateSymbolicLink(Path.Combine(samples.FullName, "articles.jsonl"), Path.Combine(RepositoryFiles.Root, "samples", "articles.jsonl"));
        var natives = Path.Combine(source, "runtimes");
        foreach (var file in Directory.EnumerateFiles(natives, "*", SearchOption.AllDirectories))
        {
            var link = Path.Combine(_folder.FullName, "runtimes", Path.GetRelativePath(natives, file));
            Directory.CreateDirectory(Path.GetDirectoryName(link)!);
            File.CreateSymbolicLink(link, file);
        }
        return Path.Combine(_folder.FullName, Path.GetFileName(program));
    }
}
