namespace StreamScoring.App.Hosting;

/// <summary>Finds files and folders that ship with the program.</summary>
internal static class BundledFiles
{
    /// <summary>
    /// A relative path is looked for in the working directory, then beside the program, then in the folders above it (a
    /// build output inside the repository). The path as given where it is nowhere: the error then names what was asked for.
    /// </summary>
    internal static string Find(string path)
    {
        if (Path.IsPathRooted(path) || Exists(path)) return path;
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var candidate = Path.Combine(folder.FullName, path);
            if (Exists(candidate)) return candidate;
            // No further than the repository or installation that the program belongs to.
            if (File.Exists(Path.Combine(folder.FullName, "StreamScoring.slnx"))) break;
        }
        return path;
    }

    private static bool Exists(string path) => File.Exists(path) || Directory.Exists(path);
}
