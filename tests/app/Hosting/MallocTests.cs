using System.Globalization;
using System.Runtime.InteropServices;
using StreamScoring.App.Hosting;

namespace StreamScoring.App.Tests.Hosting;

public class MallocTests
{
    private const int Blocks = 12;
    private const int BlockBytes = 1 << 20;
    private const int Rounds = 20;

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
