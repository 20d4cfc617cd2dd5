using System.Diagnostics;
using System.Globalization;

namespace StreamScoring.App.Tests.Sinks;

/// <summary>A disk that is full soon: a tmpfs of a given size. Mounting one takes root.</summary>
internal sealed class SmallDisk : IDisposable
{
    private SmallDisk(string folder) => Folder = folder;

    internal string Folder { get; }

    internal static SmallDisk MountOrSkip(int bytes)
    {
        var folder = Directory.CreateTempSubdirectory("streamscoring-disk-").FullName;
        if (Run("mount", "-t", "tmpfs", "-o", Size(bytes), "tmpfs", folder) is { } error)
        {
            Directory.Delete(folder);
            Assert.Skip($"needs the right to mount a small disk: {error}");
        }
        return new SmallDisk(folder);
    }

    /// <summary>Makes room.</summary>
    internal void Grow(int bytes) => Assert.Null(Run("mount", "-o", "remount," + Size(bytes), Folder));

    public void Dispose()
    {
        _ = Run("umount", Folder);
        Directory.Delete(Folder);
    }

    private static string Size(int bytes) => "size=" + bytes.ToString(CultureInfo.InvariantCulture);

    private static string? Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true, RedirectStandardOutput = true })!;
        var said = process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? null : said.Trim();
    }
}
