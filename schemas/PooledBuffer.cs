using System.Buffers;
using System.Runtime.CompilerServices;
using StreamScoring.Schemas.Avro;

namespace StreamScoring.Schemas;

/// <summary>A buffer that starts in the caller's memory and moves to the array pool when that is full.</summary>
internal ref struct PooledBuffer(Span<byte> initial)
{
    private const int SmallestRent = 512;

    private Span<byte> _buffer = initial;
    private byte[]? _rented;

    /// <summary>Bytes in use; whoever filled <see cref="Free"/> adds to it.</summary>
    public int Length;

    public readonly ReadOnlySpan<byte> Written => _buffer[..Length];

    /// <summary>What lies behind the bytes in use: at least <paramref name="bytes"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Span<byte> Free(int bytes)
    {
        if (_buffer.Length - Length < bytes) Grow(bytes);
        return _buffer[Length..];
    }

    public void Dispose()
    {
        var rented = _rented;
        this = default;
        if (rented is not null) ArrayPool<byte>.Shared.Return(rented);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Grow(int bytes)
    {
        var needed = (long)Length + bytes;
        if (needed > Array.MaxLength)
        {
            throw new AvroException(AvroError.LimitExceeded, "the data are larger than an array can be", Length);
        }
        var size = Math.Min(Array.MaxLength, Math.Max(needed, Math.Max(SmallestRent, _buffer.Length * 2L)));
        var rented = ArrayPool<byte>.Shared.Rent((int)size);
        Written.CopyTo(rented);
        if (_rented is not null) ArrayPool<byte>.Shared.Return(_rented);
        _buffer = _rented = rented;
    }
}
