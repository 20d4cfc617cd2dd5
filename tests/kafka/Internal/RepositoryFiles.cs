namespace StreamScoring.Testing.Internal;

/// <summary>Files of the repository that the tests were built in.</summary>
internal static class RepositoryFiles
{
    private const string Mark = "StreamScoring.slnx";

    /// <summary>The repository's top folder.</summary>
    internal static string Root { get; } = FindRoot();

    /// <summary>A file or folder that must be there.</summary>
    internal static string Find(params string[] parts)
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
