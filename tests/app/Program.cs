using StreamScoring.Testing.Processes;

namespace StreamScoring.App.Tests;

/// <summary>Runs the streamscoring program of this build to its end.</summary>
internal static class Program
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    /// <summary>A configuration of three nodes that pass articles on unchanged: no models needed.</summary>
    internal static string IdentityNodes { get; } = Write("""
        {
          "Nodes": [
            { "Name": "first",  "Kind": "identity", "Input": "articles",   "Output": "articles.1" },
            { "Name": "second", "Kind": "identity", "Input": "articles.1", "Output": "articles.2" },
            { "Name": "third",  "Kind": "identity", "Input": "articles.2", "Output": "articles.summary" }
          ]
        }
        """);

    /// <summary>Writes a file that is gone with the test process' folder.</summary>
    internal static string Write(string content)
    {
        var path = Path.Combine(Directory.CreateTempSubdirectory("streamscoring-app-").FullName, "user.json");
        File.WriteAllText(path, content);
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(Path.GetDirectoryName(path)!, recursive: true);
        return path;
    }

    /// <summary>Starts it, gives it its input and waits for its end.</summary>
    internal static async Task<ProgramResult> RunAsync(
        IEnumerable<string> arguments, Dictionary<string, string?>? environment = null, string? input = null)
    {
        await using var program = ChildProcess.StartProgram(arguments, new ChildProcessOptions { Environment = environment ?? [] });
        try
        {
            if (input is not null) await program.Input.WriteAsync(input);
            program.Input.Close();
        }
        catch (IOException)
        {
            // It ended without reading all of it; its exit code and its errors say why.
        }
        var exitCode = await program.WaitForExitAsync(Limit, TestContext.Current.CancellationToken);
        return new ProgramResult(exitCode, program.Output, program.Errors);
    }
}

/// <summary>What a program left behind.</summary>
internal sealed record ProgramResult(int ExitCode, IReadOnlyList<string> Output, IReadOnlyList<string> Errors);
