using Microsoft.Win32.SafeHandles;

namespace StreamScoring.App.Articles;

/// <summary>Standard output for data.</summary>
internal static class StandardOutput
{
    private const int Descriptor = 1;

    /// <summary>
    /// The descriptor itself: .NET's console stream hides a broken pipe, and a program whose reader has gone away would
    /// work on for nobody.
    /// </summary>
    internal static Stream Open() => OperatingSystem.IsWindows()
        ? Console.OpenStandardOutput()
        : new FileStream(new SafeFileHandle(Descriptor, ownsHandle: false), FileAccess.Write, bufferSize: 0);
}
