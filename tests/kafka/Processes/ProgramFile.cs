namespace StreamScoring.Testing.Processes;

/// <summary>Where the streamscoring program of this build is.</summary>
internal static class ProgramFile
{
    private const string Name = "streamscoring.dll";

    /// <summary>Path of its assembly, for <c>dotnet PATH</c>.</summary>
    /// <exception cref="FileNotFoundException">It is not built.</exception>
    public static string Find()
    {
        // …/bin/CONFIGURATION/FRAMEWORK/ holds the tests; the program has the same two under app/.
        var framework = new DirectoryInfo(AppContext.BaseDirectory);
        var path = Path.Combine(RepositoryFiles.Root, "app", "bin", framework.Parent!.Name, framework.Name, Name);
        return File.Exists(path)
            ? path
            : throw new FileNotFoundException($"{path} is missing: build app/streamscoring.csproj first.", path);
    }
}
