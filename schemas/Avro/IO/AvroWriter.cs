using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Unicode;

namespace StreamScoring.Schemas.Avro;

/// <summary>
/// Writes Avro's binary encoding into a buffer that grows, value by value. Dispose it: the buffer is the array pool's.
/// </summary>
public ref partial struct AvroWriter
{
    /// <summary>Strings longer than this are measured before they are written, so that the buffer need not triple.</summary>
    private const int MeasuredChars = 4096;

    private readonly AvroLimits _limits;
    private PooledBuffer _out;
    private int _depth;

    /// <summary>A writer that starts in the caller's buffer and moves to a pooled one when that is full.</summary>
    /// <param name="initial">May be empty, may be on the stack.</param>
    /// <param name="limits">Null: <see cref="AvroLimits.Default"/>; of them <see cref="AvroLimits.MaxDepth"/> is kept.</param>
    public AvroWriter(Span<byte> initial, AvroLimits? limits = null)
    {
        _out = new PooledBuffer(initial);
        _limits = limits ?? AvroLimits.Default;
    }

    /// <summary>A writer that starts in a pooled buffer.</summary>
    /// <param name="capacityBytes">Room to begin with.</param>
    /// <param name="limits">See the other constructor.</param>
    public AvroWriter(int capacityBytes, AvroLimits? limits = null)
        : this([], limits) => _out.Free(capacityBytes);

    /// <summary>What was written; valid until the next write.</summary>
    public readonly ReadOnlySpan<byte> Written => _out.Written;

    /// <summary>Bytes written.</summary>
    public readonly int Position => _out.Length;

    /// <summary>Gives the buffer back.</summary>
    public void Dispose() => _out.Dispose();

    /// <summary>Writes a boolean.</summary>
    public void WriteBoolean(bool value) => WriteByte(value ? (byte)1 : (byte)0);

    /// <summary>Writes an int.</summary>
    public void WriteInt(int value) => WriteVarint((uint)((value << 1) ^ (value >> 31)));

    /// <summary>Writes a long.</summary>
    public void WriteLong(long value) => WriteVarint((ulong)((value << 1) ^ (value >> 63)));

    /// <summary>Writes a float.</summary>
    public void WriteFloat(float value)
    {
        BinaryPrimitives.WriteSingleLittleEndian(_out.Free(sizeof(float)), value);
        _out.Length += sizeof(float);
    }

    /// <summary>Writes a double.</summary>
    public void WriteDouble(double value)
    {
        BinaryPrimitives.WriteDoubleLittleEndian(_out.Free(sizeof(double)), value);
        _out.Length += sizeof(double);
    }

    /// <summary>Writes bytes, with their length.</summary>
    public void WriteBytes(scoped ReadOnlySpan<byte> value)
    {
        WriteLong(value.Length);
        WriteRaw(value);
    }

    /// <summary>Writes bytes, with their length.</summary>
    public void WriteBytes(byte[]? value) => WriteBytes(NotNull(value).AsSpan());

    /// <summary>Writes a fixed.</summary>
    /// <param name="value">Exactly <paramref name="sizeBytes"/> long.</param>
    /// <param name="sizeBytes">Size after the schema.</param>
    public void WriteFixed(byte[]? value, int sizeBytes)
    {
        if (NotNull(value).Length != sizeBytes) Throw(AvroError.OutOfRange, $"a fixed of {sizeBytes} bytes has {value.Length}");
        WriteRaw(value);
    }

    /// <summary>Writes bytes as they are.</summary>
    public void WriteRaw(scoped ReadOnlySpan<byte> value)
    {
        value.CopyTo(_out.Free(value.Length));
        _out.Length += value.Length;
    }

    /// <summary>Writes a string; each lone surrogate, which UTF-8 cannot hold, becomes U+FFFD.</summary>
    public void WriteString(string? value)
    {
        if (NotNull(value).Length > MeasuredChars)
        {
            WriteLongString(value);
            return;
        }
        // Most text is ASCII: leave room for the length it then has, and move the text where that guess was wrong.
        var lengthBytes = LengthBytes(value.Length);
        var free = _out.Free(5 + (value.Length * 3));
        if (Ascii.FromUtf16(value, free[lengthBytes..], out var written) == OperationStatus.Done)
        {
            _out.Length += PutVarint(free, (ulong)written << 1) + written;
            return;
        }
        Utf8.FromUtf16(value, free[lengthBytes..], out _, out written);
        var actualBytes = LengthBytes(written);
        if (actualBytes != lengthBytes) free.Slice(lengthBytes, written).CopyTo(free[actualBytes..]);
        _out.Length += PutVarint(free, (ulong)written << 1) + written;
    }

    private void WriteLongString(string value)
    {
        var bytes = Encoding.UTF8.GetByteCount(value);
        WriteLong(bytes);
        Utf8.FromUtf16(value, _out.Free(bytes), out _, out var written);
        _out.Length += written;
    }

    private static int LengthBytes(int length) => length < 64 ? 1 : length < 8192 ? 2 : 3;

    /// <summary>Writes the index of an enum's symbol.</summary>
    /// <param name="index">The C# enum's value.</param>
    /// <param name="symbolCount">Symbols after the schema.</param>
    public void WriteEnum(int index, int symbolCount)
    {
        if ((uint)index >= (uint)symbolCount) Throw(AvroError.OutOfRange, $"symbol {index} of {symbolCount} does not exist");
        WriteInt(index);
    }

    /// <summary>Writes the index of a union's branch.</summary>
    /// <param name="index">From 0.</param>
    public void WriteUnion(int index) => WriteInt(index);

    /// <summary>Writes the head of a block of an array or map; 0 ends it.</summary>
    /// <param name="count">Items that follow.</param>
    public void WriteBlock(int count) => WriteInt(count);

    /// <summary>Goes one record deeper; generated code calls it where a record may hold itself.</summary>
    public void Enter()
    {
        if (++_depth > _limits.MaxDepth)
        {
            Throw(AvroError.LimitExceeded, $"nested deeper than the limit of {_limits.MaxDepth} levels (does a record hold itself?)");
        }
    }

    /// <summary>Comes back up from <see cref="Enter"/>.</summary>
    public void Exit() => _depth--;

    /// <summary>The value itself, or the error that null is not allowed here.</summary>
    public readonly T NotNull<T>([NotNull] T? value)
        where T : class
    {
        if (value is null) Throw(AvroError.NullValue, "null is not allowed here");
        return value;
    }

    private void WriteByte(byte value)
    {
        _out.Free(1)[0] = value;
        _out.Length++;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void WriteVarint(ulong value)
    {
        if (value < 0x80) WriteByte((byte)value);
        else _out.Length += PutVarint(_out.Free(10), value);
    }

    private static int PutVarint(Span<byte> target, ulong value)
    {
        var at = 0;
        for (; value >= 0x80; value >>= 7) target[at++] = (byte)(value | 0x80);
        target[at++] = (byte)value;
        return at;
    }

    [DoesNotReturn]
    private readonly void Throw(AvroError error, string reason) => throw new AvroException(error, reason, _out.Length);
}
