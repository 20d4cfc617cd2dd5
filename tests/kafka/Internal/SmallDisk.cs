using System.Diagnostics;
using System.Globalization;
using Xunit;

namespace StreamScoring.Testing.Internal;

/// <summary>A disk that is full soon: a tmpfs of a given size. Mounting one takes root.</summary>
internal sealed class SmallDisk : IDisposable
{
    private SmallDisk(string folder) => Folder = folder;

    internal string Folder { get; }

    private string Filler => Path.Combine(Folder, "filler");

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

    /// <summary>From now on nothing on it can be written, by root either.</summary>
    internal void MakeReadOnly() => Assert.Null(Run("mount", "-o", "remount,ro", Folder));

    /// <summary>Takes all room there is, until <see cref="Free"/>.</summary>
    internal void Fill()
    {
        using var filler = new FileStream(Filler, FileMode.Append, FileAccess.Write, FileShare.None, bufferSize: 0);
        try
        {
            for (var page = new byte[4096]; ;) filler.Write(page);
        }
        catch (IOException)
        {
            // Full.
        }
    }

    /// <summary>Takes away what <see cref="Fill"/> wrote.</summary>
    internal void Free() => File.Delete(Filler);

    public void Dispose()
    {
        _ = Run("umount", "--lazy", Folder);
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
