using System.Globalization;
using System.Runtime.InteropServices;

namespace StreamScoring.App.Bench;

/// <summary>
/// Takes back what the host of a virtual machine has taken of its free memory (Linux, free page reporting): the first touch of
/// such a page was seen to cost 7 µs, and the topics of one turn are deleted before the next turn's are written: benchmarks/README.md.
/// </summary>
internal static class FreeMemory
{
    private const int PageBytes = 4096;
    private const int BlockBytes = 64 << 20;

    /// <summary>Touches that much of the free memory, at most all but a gigabyte, and gives it free again.</summary>
    internal static unsafe void Touch(long bytes)
    {
        var most = Math.Min(bytes, FreeBytes() - (1L << 30));
        var blocks = new List<nint>();
        try
        {
            for (long touched = 0; touched + BlockBytes <= most; touched += BlockBytes)
            {
                var block = (byte*)NativeMemory.Alloc(BlockBytes);
                blocks.Add((nint)block);
                for (var i = 0; i < BlockBytes; i += PageBytes) block[i] = 1;
            }
        }
        finally
        {
            foreach (var block in blocks) NativeMemory.Free((void*)block);
        }
    }

    private static long FreeBytes()
    {
        try
        {
            foreach (var line in File.ReadLines("/proc/meminfo"))
            {
                if (line.StartsWith("MemFree:", StringComparison.Ordinal))
                    return long.Parse(line["MemFree:".Length..].Replace("kB", "", StringComparison.Ordinal).Trim(), CultureInfo.InvariantCulture) << 10;
            }
        }
        catch (IOException)
        {
            // Not Linux.
        }
        return 0;
    }
}
