using System.Text;

namespace StreamScoring.Topology.Kafka.Internal;

/// <summary>
/// Strings of names that come again with every record, topics and header keys, so that not each is a string of its own. Of a
/// fixed size: a name that falls on the place of another takes it. Used by one thread.
/// </summary>
internal sealed class NameCache
{
    private const int Slots = 256;
    private const int LongestBytes = 256;

    private readonly (byte[] Utf8, string Name)[] _slots = new (byte[], string)[Slots];

    internal string Read(ReadOnlySpan<byte> utf8)
    {
        ref var slot = ref _slots[SlotOf(utf8)];
        if (slot.Utf8 is not null && utf8.SequenceEqual(slot.Utf8)) return slot.Name;
        var name = Encoding.UTF8.GetString(utf8);
        if (utf8.Length <= LongestBytes) slot = (utf8.ToArray(), name);
        return name;
    }

    private static int SlotOf(ReadOnlySpan<byte> utf8)
    {
        // FNV-1a.
        var hash = 2166136261u;
        foreach (var value in utf8) hash = (hash ^ value) * 16777619;
        return (int)(hash % Slots);
    }
}
