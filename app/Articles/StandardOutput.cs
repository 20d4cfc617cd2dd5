using System.Runtime.InteropServices;

namespace StreamScoring.App.Articles;

/// <summary>Standard output for data.</summary>
internal static partial class StandardOutput
{
    private const int Descriptor = 1;

    /// <summary>
    /// The descriptor itself. .NET's console stream hides a broken pipe, and a program whose reader has gone away would work
    /// on for nobody; its file stream counts positions of its own, and would write over what others that share the
    /// descriptor have written, as in <c>{ ./run score a; ./run score b; } &gt; file</c>.
    /// </summary>
    internal static Stream Open() => OperatingSystem.IsWindows() ? Console.OpenStandardOutput() : new DescriptorStream();

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static partial nint Write(int descriptor, ref byte buffer, nint count);

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    private static partial int Poll(ref PollRequest request, nuint count, int timeoutMs);

    [StructLayout(LayoutKind.Sequential)]
    private struct PollRequest
    {
        public int Descriptor;
        public short Events;
        public short Happened;
    }

    private sealed class DescriptorStream : Stream
    {
        private const int Interrupted = 4;
        private const int TryAgain = 11;
        private const short Writable = 4;

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            while (!buffer.IsEmpty)
            {
                var written = StandardOutput.Write(Descriptor, ref MemoryMarshal.GetReference(buffer), buffer.Length);
                if (written >= 0)
                {
                    buffer = buffer[(int)written..];
                    continue;
                }
                var error = Marshal.GetLastPInvokeError();
                if (error == Interrupted) continue;
                if (error != TryAgain) throw new IOException("Standard output: " + Marshal.GetPInvokeErrorMessage(error), error);
                // Somebody who shares the descriptor has made it non-blocking.
                var request = new PollRequest { Descriptor = Descriptor, Events = Writable };
                _ = Poll(ref request, 1, -1);
            }
        }

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
