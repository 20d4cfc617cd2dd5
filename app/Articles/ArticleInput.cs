using StreamScoring.App.Commands;

namespace StreamScoring.App.Articles;

/// <summary>Opens what a FILE argument names.</summary>
internal static class ArticleInput
{
    /// <summary>Standard input for "-", else the file, gzip-compressed where its name ends in .gz.</summary>
    /// <returns>The stream, and its length in bytes where it is known and means the lines in it.</returns>
    /// <exception cref="CommandException">The file cannot be read.</exception>
    internal static (Stream Stream, long? LengthBytes) Open(string name)
    {
        if (name == "-") return (Console.OpenStandardInput(), null);
        try
        {
            var file = new FileStream(name, new FileStreamOptions
            {
                Mode = FileMode.Open,
                Access = FileAccess.Read,
                Share = FileShare.ReadWrite,
                Options = FileOptions.SequentialScan | FileOptions.Asynchronous,
            });
            if (name.EndsWith(".gz", StringComparison.OrdinalIgnoreCase))
            {
                return (new System.IO.Compression.GZipStream(file, System.IO.Compression.CompressionMode.Decompress), null);
            }
            return (file, file.CanSeek && file.Length > 0 ? file.Length : null);
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new CommandException($"{name}: there is no such file.", exception);
        }
        catch (UnauthorizedAccessException exception)
        {
            var reason = Directory.Exists(name) ? "is a folder: give a file of JSON lines, or - for standard input" : "may not be read by this user";
            throw new CommandException($"{name}: {reason}.", exception);
        }
        catch (IOException exception)
        {
            throw new CommandException($"{name}: cannot be read: {exception.Message}", exception);
        }
    }
}
