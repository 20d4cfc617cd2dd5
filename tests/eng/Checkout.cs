using StreamScoring.Testing;
using StreamScoring.Testing.Processes;

[assembly: System.Runtime.Versioning.SupportedOSPlatform("linux")]

namespace StreamScoring.Eng.Tests;

/// <summary>
/// A copy of the repository's scripts beside a few sources, with a dotnet command that notes each call and "builds" at
/// once: the scripts run as they are, the compiler does not.
/// </summary>
internal sealed class Checkout : IDisposable
{
    private const string FakeDotnet = """
        #!/usr/bin/env bash
        echo "$*" >>"$CALLS"
        case $1 in
          --list-sdks) echo "${SDKS-10.0.100 [/sdk]}" ;;
          build)
            [[ -z ${BUILD_FAILS:-} ]] || { echo "Broken.cs(1,1): error CS1002: ; expected"; exit 1; }
            sleep 0.3
            mkdir -p app/bin/Release/net10.0
            echo built >app/bin/Release/net10.0/streamscoring.dll ;;
          *.dll) shift; echo "program in $PWD: $*"; exit "${PROGRAM_EXIT:-0}" ;;
        esac
        """;

    internal Checkout()
    {
        Folder = Directory.CreateTempSubdirectory("streamscoring-checkout-").FullName;
        foreach (var script in new[] { "run", "test" }) Copy(script);
        foreach (var script in Directory.EnumerateFiles(RepositoryFiles.Find("eng"), "*.sh", SearchOption.AllDirectories))
        {
            Copy(Path.GetRelativePath(RepositoryFiles.Root, script));
        }
        Directory.CreateDirectory(Path.Combine(Folder, "eng", "feed"));
        Write("app/Program.cs", "// the program");
        Write("topology/Loop.cs", "// the loop");
        Write("bin/dotnet", FakeDotnet, isProgram: true);
        // Every package is in NuGet's cache, so none is made.
        foreach (var package in new[]
        {
            "librdkafka.redist/2.15.1", "microsoft.ml.onnxruntime/1.29.0", "microsoft.ml.onnxruntime.managed/1.29.0",
        })
        {
            Write($"cache/{package}/.nupkg.metadata", "{}");
        }
    }

    internal string Folder { get; }

    /// <summary>What dotnet was asked to do, call by call.</summary>
    internal IReadOnlyList<string> DotnetCalls => File.Exists(CallsFile) ? File.ReadAllLines(CallsFile) : [];

    internal int Builds => DotnetCalls.Count(call => call.StartsWith("build ", StringComparison.Ordinal));

    private string CallsFile => Path.Combine(Folder, "calls");

    internal void Write(string path, string text, bool isProgram = false)
    {
        var file = Path.Combine(Folder, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, text + "\n");
        if (isProgram) File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    internal void Delete(string path) => File.Delete(Path.Combine(Folder, path));

    /// <summary>Starts one of the scripts.</summary>
    internal ChildProcess Start(
        string script, IEnumerable<string>? arguments = null, string? folder = null,
        params (string Name, string Value)[] variables)
    {
        var environment = new Dictionary<string, string?>
        {
            ["PATH"] = Path.Combine(Folder, "bin") + ":" + Environment.GetEnvironmentVariable("PATH"),
            ["CALLS"] = CallsFile,
            ["NUGET_PACKAGES"] = Path.Combine(Folder, "cache"),
            ["GPU"] = null,
        };
        foreach (var (name, value) in variables) environment[name] = value;
        return ChildProcess.Start(
            Path.Combine(Folder, script), arguments ?? [],
            new ChildProcessOptions { Environment = environment, WorkingDirectory = folder ?? Folder });
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    private void Copy(string path)
    {
        var target = Path.Combine(Folder, path);
        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        File.Copy(RepositoryFiles.Find(path), target);
    }
}
