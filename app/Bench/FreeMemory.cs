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

    /// <summary>Touches that much of the free memory, and gives it free again; at most all but a gigabyte, and half of what this process may have.</summary>
    internal static unsafe void Touch(long bytes, CancellationToken cancellationToken)
    {
        var free = BenchMachine.BytesIn("/proc/meminfo", "MemFree") - (1L << 30);
        var most = Math.Min(bytes, Math.Min(free, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 2));
        var blocks = new List<nint>();
        try
        {
            for (long touched = 0; touched + BlockBytes <= most; touched += BlockBytes)
            {
                cancellationToken.ThrowIfCancellationRequested();
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
}
