using System.ComponentModel;
using System.Runtime.InteropServices;

namespace StreamScoring.App.Sinks.Files;

/// <summary>Makes what happened to a folder's names survive a power cut.</summary>
internal static partial class DurableFolder
{
    /// <summary>Creates a folder and those above it, each of them to stay.</summary>
    internal static void Create(string folder)
    {
        if (Directory.Exists(folder)) return;
        var parent = Path.GetDirectoryName(Path.GetFullPath(folder));
        if (parent is not null) Create(parent);
        Directory.CreateDirectory(folder);
        if (parent is not null) Sync(parent);
    }

    /// <summary>fsync of the folder itself: a rename is on disk only after it.</summary>
    /// <exception cref="IOException">The disk reports an error.</exception>
    internal static void Sync(string folder)
    {
        // Windows has no such call, and journals its renames.
        if (OperatingSystem.IsWindows()) return;
        const int readOnly = 0;
        var descriptor = Open(folder, readOnly);
        if (descriptor < 0) throw Failure(folder);
        try
        {
            if (Fsync(descriptor) != 0) throw Failure(folder);
        }
        finally
        {
            _ = Close(descriptor);
        }
    }

    private static IOException Failure(string folder)
    {
        var error = Marshal.GetLastPInvokeError();
        return new IOException($"'{folder}' cannot be made durable: {new Win32Exception(error).Message}", error);
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Fsync(int descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}
