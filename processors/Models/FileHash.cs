using System.Security.Cryptography;

namespace StreamScoring.Processors.Models;

/// <summary>SHA-256 of files.</summary>
internal static class FileHash
{
    /// <summary>SHA-256 of a file, lower-case hexadecimal.</summary>
    /// <exception cref="ModelException">The file is not there or cannot be read.</exception>
    public static string Sha256(string folder, string file)
    {
        try
        {
            using var stream = File.OpenRead(Path.Combine(folder, file));
            return Convert.ToHexStringLower(SHA256.HashData(stream));
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new ModelException(ModelError.Missing, folder, $"{file} is not there.", exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new ModelException(ModelError.Missing, folder, $"{file} cannot be read: {exception.Message}", exception);
        }
    }
}
