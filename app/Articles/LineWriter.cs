using System.Buffers;

namespace StreamScoring.App.Articles;

/// <summary>
/// Buffered lines for standard output. A reader that goes away, as <c>| head</c> does, is the end of the work and no
/// error: the methods answer false from then on.
/// </summary>
internal sealed class LineWriter(Stream output) : IBufferWriter<byte>, IDisposable
{
    private const int FlushAtBytes = 64 << 10;
    private readonly ArrayBufferWriter<byte> _buffer = new(FlushAtBytes * 2);
    private bool _broken;

    /// <summary>True where lines wait to be written.</summary>
    internal bool HasPending => _buffer.WrittenCount > 0;

    /// <summary>True where a write failed, as on a full disk, and what was to be written is gone.</summary>
    internal bool HasFailed { get; private set; }

    /// <summary>Ends the line; writes out what has gathered where it is much.</summary>
    internal bool EndLine()
    {
        _buffer.Write("\n"u8);
        return FlushIfLarge();
    }

    /// <summary>Writes out what has gathered where it is much.</summary>
    /// <returns>False where nobody reads any more.</returns>
    internal bool FlushIfLarge() => _buffer.WrittenCount < FlushAtBytes ? !_broken : Flush();

    /// <summary>Writes everything out.</summary>
    /// <returns>False where nobody reads any more.</returns>
    internal bool Flush()
    {
        if (_broken) return false;
        if (_buffer.WrittenCount == 0) return true;
        try
        {
            output.Write(_buffer.WrittenSpan);
            output.Flush();
        }
        catch (IOException exception) when (IsBrokenPipe(exception))
        {
            _broken = true;
        }
        catch (IOException)
        {
            // What of it is written nobody knows: it must not follow again.
            HasFailed = true;
            _buffer.ResetWrittenCount();
            throw;
        }
        _buffer.ResetWrittenCount();
        return !_broken;
    }

    /// <inheritdoc/>
    public void Advance(int count) => _buffer.Advance(count);

    /// <inheritdoc/>
    public Memory<byte> GetMemory(int sizeHint = 0) => _buffer.GetMemory(sizeHint);

    /// <inheritdoc/>
    public Span<byte> GetSpan(int sizeHint = 0) => _buffer.GetSpan(sizeHint);

    public void Dispose()
    {
        Flush();
        output.Dispose();
    }

    private static bool IsBrokenPipe(IOException exception)
    {
        const int brokenPipe = 32;
        return exception.HResult == brokenPipe || exception.Message.Contains("Broken pipe", StringComparison.OrdinalIgnoreCase);
    }
}
