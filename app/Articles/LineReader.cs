using System.Security.Cryptography;

namespace StreamScoring.App.Articles;

/// <summary>
/// Reads lines of bytes from a stream of any length in bounded memory. A line longer than the limit is skipped without
/// being held, and reported as such. The last line needs no line feed; a carriage return before a line feed and a byte
/// order mark at the start are taken off.
/// </summary>
internal sealed class LineReader(Stream input, int maxLineBytes = LineReader.DefaultMaxLineBytes, bool hashes = false) : IDisposable
{
    /// <summary>16 MiB: beyond any article, within what memory bears for each core.</summary>
    internal const int DefaultMaxLineBytes = 16 << 20;

    private const int InitialBufferBytes = 64 << 10;
    private readonly IncrementalHash? _hash = hashes ? IncrementalHash.CreateHash(HashAlgorithmName.SHA256) : null;
    private byte[] _buffer = new byte[InitialBufferBytes];
    private int _start;
    private int _end;
    private int _scanned;
    private bool _skipping;
    private bool _ended;

    /// <summary>Lines read so far.</summary>
    internal long LineNumber { get; private set; }

    /// <summary>Bytes taken from the stream so far.</summary>
    internal long BytesRead { get; private set; }

    /// <summary>Bytes of the lines read so far, line ends included: where the next line begins.</summary>
    internal long LineBytes { get; private set; }

    /// <summary>Where the reader stands, with the SHA-256 of everything before it. Only where hashes were asked for.</summary>
    internal InputPlace Place() => new(
        LineBytes, LineNumber, Convert.ToHexStringLower((_hash ?? throw new InvalidOperationException("This reader takes no hashes.")).GetCurrentHash()));

    /// <summary>Takes the next line if it is in memory already.</summary>
    /// <returns>False where more input is needed first, or the input is over.</returns>
    internal bool TryRead(out Line line)
    {
        while (true)
        {
            var feed = Array.IndexOf(_buffer, (byte)'\n', _scanned, _end - _scanned);
            if (feed >= 0)
            {
                var tooLong = _skipping || feed - _start > maxLineBytes;
                Pass(_start, feed + 1);
                line = Take(_start, feed, tooLong);
                _start = _scanned = feed + 1;
                _skipping = false;
                return true;
            }

            _scanned = _end;
            if (_end - _start > maxLineBytes)
            {
                _skipping = true;
                Pass(_start, _end);
                _start = _scanned = _end;
            }
            if (_ended && (_start < _end || _skipping))
            {
                Pass(_start, _end);
                line = Take(_start, _end, _skipping);
                _start = _scanned = _end;
                _skipping = false;
                return true;
            }
            line = default;
            return false;
        }
    }

    /// <summary>Waits for more input.</summary>
    /// <returns>False where the input is over; <see cref="TryRead"/> may have a last line then.</returns>
    internal async ValueTask<bool> FillAsync(CancellationToken cancellationToken)
    {
        if (_ended) return false;
        if (_start > 0)
        {
            Buffer.BlockCopy(_buffer, _start, _buffer, 0, _end - _start);
            _end -= _start;
            _scanned -= _start;
            _start = 0;
        }
        if (_end == _buffer.Length) Array.Resize(ref _buffer, checked(_buffer.Length * 2));
        // Standard input cannot be cancelled while it waits: leave the read behind, the process is about to end.
        var read = await input.ReadAsync(_buffer.AsMemory(_end), CancellationToken.None).AsTask().WaitAsync(cancellationToken);
        if (read == 0) _ended = true;
        _end += read;
        BytesRead += read;
        return !_ended;
    }

    public void Dispose()
    {
        _hash?.Dispose();
        input.Dispose();
    }

    private void Pass(int start, int end)
    {
        LineBytes += end - start;
        _hash?.AppendData(_buffer, start, end - start);
    }

    private Line Take(int start, int end, bool tooLong)
    {
        LineNumber++;
        if (tooLong) return new Line(LineNumber, [], TooLong: true);
        if (LineNumber == 1 && _buffer.AsSpan(start, end - start).StartsWith("\uFEFF"u8)) start += 3;
        if (end > start && _buffer[end - 1] == (byte)'\r') end--;
        return new Line(LineNumber, _buffer[start..end], TooLong: false);
    }
}

/// <summary>One line, without its end.</summary>
/// <param name="Number">From 1.</param>
/// <param name="Bytes">Its bytes; empty where <paramref name="TooLong"/>.</param>
/// <param name="TooLong">True where it exceeded the limit and was skipped.</param>
internal readonly record struct Line(long Number, byte[] Bytes, bool TooLong)
{
    /// <summary>True for a line of nothing but white space, which stands for no article.</summary>
    internal bool IsBlank => !TooLong && Bytes.AsSpan().Trim(" \t\r"u8).IsEmpty;
}

/// <summary>A place between two lines of an input.</summary>
/// <param name="Bytes">Bytes before it.</param>
/// <param name="Lines">Lines before it.</param>
/// <param name="Sha256">Of these bytes, lower-case hexadecimal.</param>
internal sealed record InputPlace(long Bytes, long Lines, string Sha256);
