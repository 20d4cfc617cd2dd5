using System.Globalization;
using System.Runtime.InteropServices;
using StreamScoring.App.Hosting;

namespace StreamScoring.App.Tests.Hosting;

public partial class MallocTests
{
    private const int Blocks = 12;
    private const int BlockBytes = 1 << 20;
    private const int Rounds = 20;
    private const int Pages = 1_000;

    [Fact]
    public void What_is_freed_again_and_again_is_the_same_pages()
    {
        Assert.SkipUnless(Malloc.KeepFreed(), "needs glibc, and no MALLOC_* or GLIBC_TUNABLES in the environment");
        long faults = -1;
        var thread = new Thread(() =>
        {
            UseAndFree();
            var before = FaultsOfThisThread();
            for (var round = 0; round < Rounds; round++) UseAndFree();
            faults = FaultsOfThisThread() - before;
        });
        thread.Start();
        thread.Join();

        // Each round touches 3,072 pages of 4 KiB. Without the settings all of them are new in each.
        Assert.InRange(faults, 0, 3_072);
    }

    [Fact]
    public void What_is_free_for_long_goes_back_to_the_kernel()
    {
        Assert.SkipUnless(Malloc.KeepFreed(), "needs glibc, and no MALLOC_* or GLIBC_TUNABLES in the environment");
        var (before, after) = (-1, -1);
        // Another thread may share the heap, and take what was freed: then once more.
        for (var attempt = 0; attempt < 5 && after is < 0 or > Pages / 4; attempt++)
        {
            var thread = new Thread(() => (before, after) = ResidentBeforeAndAfter(Malloc.GiveBack));
            thread.Start();
            thread.Join();
        }

        Assert.InRange(before, Pages / 2, Pages);
        Assert.InRange(after, 0, Pages / 4);
    }

    /// <summary>How many pages of a freed block with one in use behind it have memory, before and after something.</summary>
    private static unsafe (int Before, int After) ResidentBeforeAndAfter(Action between)
    {
        var bytes = (Pages + 1) * Environment.SystemPageSize;
        // In a heap with gaps the second may come to lie in one of them: then the freed block would be the heap's end, which is kept.
        var kept = new List<nint>();
        byte* block, behind;
        do
        {
            Assert.True(kept.Count < 100, "a block behind another");
            block = (byte*)NativeMemory.Alloc((nuint)bytes);
            behind = (byte*)NativeMemory.Alloc(BlockBytes);
            kept.Add((nint)behind);
            kept.Add((nint)block);
        }
        while (behind < block + bytes || behind > block + bytes + Environment.SystemPageSize);
        kept.Remove((nint)block);

        new Span<byte>(block, bytes).Fill(1);
        NativeMemory.Free(block);
        var before = Resident(block);
        between();
        var after = Resident(block);
        foreach (var pointer in kept) NativeMemory.Free((void*)pointer);
        return (before, after);
    }

    private static unsafe int Resident(byte* block)
    {
        var size = (nint)Environment.SystemPageSize;
        var first = ((nint)block + size - 1) / size * size;
        var pages = new byte[Pages];
        // It fails where the address space itself went back.
        return MemoryInCore(first, (nuint)(Pages * size), pages) == 0 ? pages.Count(static page => (page & 1) != 0) : 0;
    }

    /// <summary>mincore(2).</summary>
    [LibraryImport("libc", EntryPoint = "mincore")]
    private static partial int MemoryInCore(nint start, nuint length, byte[] pages);

    private static unsafe void UseAndFree()
    {
        var blocks = stackalloc byte*[Blocks];
        for (var i = 0; i < Blocks; i++)
        {
            blocks[i] = (byte*)NativeMemory.Alloc(BlockBytes);
            new Span<byte>(blocks[i], BlockBytes).Fill(1);
        }
        for (var i = 0; i < Blocks; i++) NativeMemory.Free(blocks[i]);
    }

    /// <summary>minflt of proc(5).</summary>
    private static long FaultsOfThisThread()
    {
        var stat = File.ReadAllText("/proc/thread-self/stat");
        return long.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[7], CultureInfo.InvariantCulture);
    }
}
