namespace StreamScoring.Testing;

/// <summary>Files of the repository that the tests were built in.</summary>
internal static class RepositoryFiles
{
    private const string Mark = "StreamScoring.slnx";

    /// <summary>The repository's top folder.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>The full path of a file or folder that must be there.</summary>
    /// <param name="parts">Its path below <see cref="Root"/>.</param>
    /// <exception cref="FileNotFoundException">It is not there.</exception>
    public static string Find(params string[] parts)
    {
        var path = Path.Combine([Root, .. parts]);
        return Path.Exists(path) ? path : throw new FileNotFoundException($"{path} is missing.", path);
    }

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, Mark))) return folder.FullName;
        }
        throw new InvalidOperationException($"No folder above {AppContext.BaseDirectory} holds {Mark}.");
    }
}
