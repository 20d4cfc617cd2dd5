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

    private readonly Slot[] _slots = new Slot[Slots];

    public static RecentStrings Current => t_current ??= new RecentStrings();

    /// <summary>The string of <paramref name="utf8"/> (1 to <see cref="MaxBytes"/> bytes), or null where it is not ASCII.</summary>
    public string? Get(ReadOnlySpan<byte> utf8)
    {
        // Head, tail and length are all of so short a string: where they are the same, it is.
        var (head, tail) = EndsOf(utf8);
        var hash = (head ^ (ulong)utf8.Length) * 0x9E3779B97F4A7C15;
        hash = (hash ^ tail) * 0xC2B2AE3D27D4EB4F;
        ref var slot = ref _slots[(int)(hash >> 56)];
        if (slot.Head == head && slot.Tail == tail && slot.Text is { } known && known.Length == utf8.Length) return known;
        if (!Ascii.IsValid(utf8)) return null;
        (slot.Head, slot.Tail) = (head, tail);
        return slot.Text = string.Create(utf8.Length, utf8, static (chars, ascii) => Ascii.ToUtf16(ascii, chars, out _));
    }

    private static (ulong Head, ulong Tail) EndsOf(ReadOnlySpan<byte> utf8) => utf8.Length switch
    {
        >= sizeof(ulong) => (BinaryPrimitives.ReadUInt64LittleEndian(utf8), BinaryPrimitives.ReadUInt64LittleEndian(utf8[^sizeof(ulong)..])),
        >= sizeof(uint) => (BinaryPrimitives.ReadUInt32LittleEndian(utf8), BinaryPrimitives.ReadUInt32LittleEndian(utf8[^sizeof(uint)..])),
        _ => (utf8[0], ((ulong)utf8[utf8.Length / 2] << 8) | utf8[^1]),
    };

    private struct Slot
    {
        public ulong Head;
        public ulong Tail;
        public string? Text;
    }
}
