using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Unicode;

namespace StreamScoring.Schemas.Avro;

/// <summary>
/// Reads Avro's binary encoding from a span, value by value. Whoever calls it knows the schema; generated code does.
/// Nothing is allocated on the word of the data alone.
/// </summary>
public ref partial struct AvroReader
{
    private const int MaxRentedChars = 32 << 10;

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly ReadOnlySpan<byte> _data;
    private readonly AvroLimits _limits;
    private readonly RecentStrings _recent;
    private int _at;
    private int _depth;
    private long _ahead;

    /// <summary>A reader at the start of <paramref name="data"/>.</summary>
    /// <param name="data">One or more values, back to back.</param>
    /// <param name="limits">Null: <see cref="AvroLimits.Default"/>.</param>
    public AvroReader(ReadOnlySpan<byte> data, AvroLimits? limits = null)
    {
        _data = data;
        _limits = limits ?? AvroLimits.Default;
        _recent = RecentStrings.Current;
        _ahead = data.Length + 4096L;
    }

    /// <summary>Bytes read so far.</summary>
    public readonly int Position => _at;

    /// <summary>Bytes not yet read.</summary>
    public readonly int Remaining => _data.Length - _at;

    internal readonly AvroLimits Limits => _limits;

    /// <summary>Reads a boolean.</summary>
    public bool ReadBoolean()
    {
        if ((uint)_at >= (uint)_data.Length) ThrowTruncated();
        var value = _data[_at];
        if (value > 1) Throw(AvroError.Malformed, "a boolean is neither 0 nor 1");
        _at++;
        return value != 0;
    }

    /// <summary>Reads an int.</summary>
    public int ReadInt()
    {
        var start = _at;
        var value = ReadLong();
        if (value != (int)value) ThrowAt(start, AvroError.OutOfRange, "an int does not fit 32 bits");
        return (int)value;
    }

    /// <summary>Reads a long.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public long ReadLong()
    {
        var at = _at;
        if ((uint)at < (uint)_data.Length)
        {
            uint first = _data[at];
            if (first < 0x80)
            {
                _at = at + 1;
                return (int)(first >> 1) ^ -(int)(first & 1);
            }
        }
        return ReadLongSlow();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private long ReadLongSlow()
    {
        var start = _at;
        if ((uint)start + 1 < (uint)_data.Length && _data[start + 1] < 0x80)
        {
            // Two bytes, as most positions and lengths have, unless it is one.
            uint two = (_data[start] & 0x7fu) | ((uint)_data[start + 1] << 7);
            _at = start + 2;
            return (int)(two >> 1) ^ -(int)(two & 1);
        }
        ulong value = 0;
        for (var shift = 0; shift < 64; shift += 7)
        {
            if ((uint)_at >= (uint)_data.Length)
            {
                _at = start;
                ThrowTruncated();
            }
            ulong next = _data[_at++];
            if (shift == 63 && next > 1) break;
            value |= (next & 0x7f) << shift;
            if (next < 0x80) return (long)(value >> 1) ^ -(long)(value & 1);
        }
        ThrowAt(start, AvroError.Malformed, "a variable-length integer is longer than 64 bits");
        return 0;
    }

    /// <summary>Reads a float.</summary>
    public float ReadFloat() => BinaryPrimitives.ReadSingleLittleEndian(ReadFixed(sizeof(float)));

    /// <summary>Reads a double.</summary>
    public double ReadDouble() => BinaryPrimitives.ReadDoubleLittleEndian(ReadFixed(sizeof(double)));

    /// <summary>Reads a number of bytes that the schema fixes; no copy.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ReadOnlySpan<byte> ReadFixed(int sizeBytes)
    {
        var at = _at;
        if ((uint)sizeBytes > (uint)(_data.Length - at)) ThrowTruncated();
        _at = at + sizeBytes;
        return _data.Slice(at, sizeBytes);
    }

    /// <summary>Reads a fixed into an array.</summary>
    /// <param name="sizeBytes">Size after the schema.</param>
    /// <param name="reuse">Filled and returned where it has that size.</param>
    public byte[] ReadFixed(int sizeBytes, byte[]? reuse) => Fill(ReadFixed(sizeBytes), reuse);

    /// <summary>Reads bytes; no copy.</summary>
    public ReadOnlySpan<byte> ReadBytes()
    {
        var start = _at;
        var length = ReadLong();
        if ((ulong)length > (ulong)(_data.Length - _at))
        {
            if (length < 0) ThrowAt(start, AvroError.Malformed, "a length is negative");
            ThrowAt(start, AvroError.Truncated, $"{length} bytes are announced and {_data.Length - _at} are left");
        }
        if (length > _limits.MaxStringBytes)
        {
            ThrowAt(start, AvroError.LimitExceeded, $"{length} bytes are more than the limit of {_limits.MaxStringBytes}");
        }
        var value = _data.Slice(_at, (int)length);
        _at += (int)length;
        return value;
    }

    /// <summary>Reads bytes into an array.</summary>
    /// <param name="reuse">Filled and returned where it has the right size.</param>
    public byte[] ReadBytes(byte[]? reuse) => Fill(ReadBytes(), reuse);

    private static byte[] Fill(ReadOnlySpan<byte> value, byte[]? reuse)
    {
        if (reuse is null || reuse.Length != value.Length) return value.ToArray();
        value.CopyTo(reuse);
        return reuse;
    }

    /// <summary>Reads a string.</summary>
    /// <param name="reuse">Returned, and nothing allocated, where it is the same text.</param>
    public string ReadString(string? reuse = null)
    {
        var start = _at;
        var utf8 = ReadBytes();
        if (utf8.IsEmpty) return "";
        if (reuse is not null && reuse.Length == utf8.Length && Ascii.Equals(utf8, reuse)) return reuse;
        if (utf8.Length <= RecentStrings.MaxBytes) return _recent.Get(utf8) ?? DecodeUtf8(start, utf8);
        return Ascii.IsValid(utf8)
            ? string.Create(utf8.Length, utf8, static (chars, ascii) => Ascii.ToUtf16(ascii, chars, out _))
            : DecodeUtf8(start, utf8);
    }

    private static string DecodeUtf8(int start, ReadOnlySpan<byte> utf8)
    {
        if (utf8.Length > MaxRentedChars) return DecodeLongUtf8(start, utf8);
        // One pass into a buffer and a copy cost less than measuring first.
        var rented = ArrayPool<char>.Shared.Rent(utf8.Length);
        var status = Utf8.ToUtf16(utf8, rented, out var read, out var written, replaceInvalidSequences: false);
        var value = status == OperationStatus.Done ? new string(rented, 0, written) : null;
        ArrayPool<char>.Shared.Return(rented);
        if (value is null) ThrowInvalidUtf8(start, read);
        return value;
    }

    private static string DecodeLongUtf8(int start, ReadOnlySpan<byte> utf8)
    {
        try
        {
            return StrictUtf8.GetString(utf8);
        }
        catch (DecoderFallbackException invalid)
        {
            ThrowInvalidUtf8(start, Math.Max(invalid.Index, 0));
            return "";
        }
    }

    /// <summary>Reads the index of an enum's symbol.</summary>
    /// <param name="symbolCount">Symbols after the schema.</param>
    public int ReadEnum(int symbolCount) => ReadIndex(symbolCount, "symbol");

    /// <summary>Reads the index of a union's branch.</summary>
    /// <param name="branchCount">Branches after the schema.</param>
    public int ReadUnion(int branchCount) => ReadIndex(branchCount, "branch");

    private int ReadIndex(int count, string what)
    {
        var start = _at;
        var index = ReadLong();
        if ((ulong)index >= (ulong)count) ThrowAt(start, AvroError.Malformed, $"{what} {index} of {count} does not exist");
        return (int)index;
    }

    /// <summary>
    /// Reads the head of the next block of an array or map: how many items it has, 0 for the end. A block that gives
    /// its size in bytes (negative count) is read the same way; its size is checked and otherwise not needed.
    /// </summary>
    /// <param name="minItemBytes">Fewest bytes an item can take: bounds the count by the bytes that are left.</param>
    /// <param name="itemsBefore">Items of the blocks before.</param>
    public int ReadBlock(int minItemBytes, int itemsBefore)
    {
        var start = _at;
        var count = ReadLong();
        if (count == 0) return 0;
        if (count < 0)
        {
            var size = ReadLong();
            if (count == long.MinValue || size < 0) ThrowAt(start, AvroError.Malformed, "the count or size of a block is out of range");
            if (size > Remaining) ThrowAt(start, AvroError.Truncated, $"a block of {size} bytes is announced and {Remaining} are left");
            count = -count;
        }
        if (minItemBytes > 0)
        {
            if (count > Remaining / minItemBytes)
            {
                ThrowAt(start, AvroError.Truncated,
                    $"a block announces {count} items of at least {minItemBytes} bytes and {Remaining} bytes are left");
            }
            if (count > _limits.MaxItems - itemsBefore) ThrowTooMany(start, count + itemsBefore, _limits.MaxItems);
        }
        else if (count > _limits.MaxEmptyItems - itemsBefore)
        {
            ThrowTooMany(start, count + (long)itemsBefore, _limits.MaxEmptyItems);
        }
        return (int)count;
    }

    /// <summary>
    /// How much of an announced number of items room may be made for before they were read: all of them while they are
    /// few, then no more than the size of the input in all. A collection grows as it fills beyond that.
    /// </summary>
    /// <param name="count">Items that a block announces.</param>
    /// <param name="slotBytes">Bytes that room for one item takes.</param>
    public int ClaimCapacity(int count, int slotBytes)
    {
        var claimed = (int)Math.Min(count, _ahead / slotBytes);
        _ahead -= (long)claimed * slotBytes;
        return claimed;
    }

    /// <summary>Goes one record deeper; generated code calls it where a record may hold itself.</summary>
    public void Enter()
    {
        if (++_depth > _limits.MaxDepth) Throw(AvroError.LimitExceeded, $"nested deeper than the limit of {_limits.MaxDepth} levels");
    }

    /// <summary>Comes back up from <see cref="Enter"/>.</summary>
    public void Exit() => _depth--;

    /// <summary>Complains where bytes are left.</summary>
    public readonly void ExpectEnd()
    {
        if (Remaining > 0) Throw(AvroError.TrailingBytes, $"{Remaining} bytes follow the value");
    }

    internal void Seek(int position) => _at = position;

    internal readonly ReadOnlySpan<byte> Slice(int start, int end) => _data[start..end];

    [DoesNotReturn]
    private static void ThrowInvalidUtf8(int start, int at) =>
        ThrowAt(start, AvroError.InvalidUtf8, $"a string is not UTF-8 (its byte {at})");

    private static void ThrowTooMany(int start, long count, int limit) =>
        ThrowAt(start, AvroError.LimitExceeded, $"{count} items are more than the limit of {limit}");

    private readonly void ThrowTruncated() => ThrowAt(_at, AvroError.Truncated, "the data end inside a value");

    private readonly void Throw(AvroError error, string reason) => ThrowAt(_at, error, reason);

    [DoesNotReturn]
    private static void ThrowAt(int position, AvroError error, string reason) => throw new AvroException(error, reason, position);
}
