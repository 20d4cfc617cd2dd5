using System.Runtime.InteropServices;

namespace StreamScoring.App.Hosting;

/// <summary>
/// Tells glibc's malloc to keep what is freed, for a while. By itself it gives the end of a heap back to the kernel whenever
/// more than twice its largest block is free there (M_TRIM_THRESHOLD), and librdkafka's buffers of a megabyte, asked for and
/// freed many times a second, come back as new pages each time. Kept for ever, each heap would stay as large as it was at its
/// busiest moment. Process-wide, hence the program's choice, not a library's. The variables MALLOC_* and GLIBC_TUNABLES of the
/// user win.
/// </summary>
internal static partial class Malloc
{
    // The names and values of malloc.h, mallopt(3).
    private const int TrimThreshold = -1;
    private const int MmapThreshold = -3;

    // The largest that each glibc takes. To set one threshold ends the adjustment of both: what this one would grow to.
    private const int LargestMmapThreshold = 32 << 20;
    // Of free memory at the end of each heap. 128 MB were not faster.
    private const int KeptBytes = 16 << 20;

    private static readonly string[] Variables = ["MALLOC_TRIM_THRESHOLD_", "MALLOC_TOP_PAD_", "MALLOC_MMAP_THRESHOLD_", "GLIBC_TUNABLES"];

    private static Timer? _timer;

    /// <summary>To be called before there are many threads: heaps that exist keep what they have.</summary>
    /// <returns>False where there is no glibc or the user has set its malloc: nothing was changed then.</returns>
    internal static bool KeepFreed()
    {
        if (!OperatingSystem.IsLinux() || IsSetByUser()) return false;
        try
        {
            return (Mallopt(MmapThreshold, LargestMmapThreshold) & Mallopt(TrimThreshold, KeptBytes)) == 1;
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            return false;
        }
    }

    /// <summary>From now on gives the kernel back, again and again, the pages that are free then: <see cref="GiveBack"/>.</summary>
    internal static void GiveBackEvery(TimeSpan interval) => _timer = new Timer(static _ => GiveBack(), null, interval, interval);

    /// <summary>Gives the kernel back each page that is free in any heap, malloc_trim(3). Others wait meanwhile for memory.</summary>
    internal static void GiveBack() => _ = MallocTrim(0);

    private static bool IsSetByUser() => Variables.Any(name => !string.IsNullOrEmpty(Environment.GetEnvironmentVariable(name)));

    [LibraryImport("libc", EntryPoint = "mallopt")]
    private static partial int Mallopt(int parameter, int value);

    [LibraryImport("libc", EntryPoint = "malloc_trim")]
    private static partial int MallocTrim(nuint pad);
}
