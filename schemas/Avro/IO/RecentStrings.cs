using System.Buffers.Binary;
using System.Text;

namespace StreamScoring.Schemas.Avro;

/// <summary>
/// Short ASCII strings that a thread read lately. Labels, types, names of models and keys of maps come again in every
/// record; one string then stands for all of them.
/// </summary>
internal sealed class RecentStrings
{
    /// <summary>Longer strings seldom repeat.</summary>
    public const int MaxBytes = 16;

    private const int Slots = 256;

    [ThreadStatic]
    private static RecentStrings? t_current;

    private readonly string?[] _slots = new string?[Slots];

    public static RecentStrings Current => t_current ??= new RecentStrings();

    /// <summary>The string of <paramref name="utf8"/> (1 to <see cref="MaxBytes"/> bytes), or null where it is not ASCII.</summary>
    public string? Get(ReadOnlySpan<byte> utf8)
    {
        ref var slot = ref _slots[SlotOf(utf8)];
        if (slot is { } known && known.Length == utf8.Length && Ascii.Equals(utf8, known)) return known;
        if (!Ascii.IsValid(utf8)) return null;
        return slot = string.Create(utf8.Length, utf8, static (chars, ascii) => Ascii.ToUtf16(ascii, chars, out _));
    }

    private static int SlotOf(ReadOnlySpan<byte> utf8)
    {
        ulong head;
        ulong tail;
        if (utf8.Length >= sizeof(ulong))
        {
            head = BinaryPrimitives.ReadUInt64LittleEndian(utf8);
            tail = BinaryPrimitives.ReadUInt64LittleEndian(utf8[^sizeof(ulong)..]);
        }
        else if (utf8.Length >= sizeof(uint))
        {
            head = BinaryPrimitives.ReadUInt32LittleEndian(utf8);
            tail = BinaryPrimitives.ReadUInt32LittleEndian(utf8[^sizeof(uint)..]);
        }
        else
        {
            head = utf8[0];
            tail = ((ulong)utf8[utf8.Length / 2] << 8) | utf8[^1];
        }
        var hash = (head ^ (ulong)utf8.Length) * 0x9E3779B97F4A7C15;
        hash = (hash ^ tail) * 0xC2B2AE3D27D4EB4F;
        return (int)(hash >> 56);
    }
}
