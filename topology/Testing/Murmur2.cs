using System.Buffers.Binary;

namespace StreamScoring.Topology.Testing;

/// <summary>
/// The partitioner of Kafka's Java clients: MurmurHash2 (Austin Appleby, 32 bit, seed 0x9747b28c) of the key bytes, its
/// sign bit cleared, modulo the number of partitions. librdkafka calls it <c>murmur2</c>.
/// </summary>
internal static class Murmur2
{
    public static int Partition(ReadOnlySpan<byte> key, int partitionCount) =>
        (int)(Hash(key) & 0x7fffffff) % partitionCount;

    public static uint Hash(ReadOnlySpan<byte> data)
    {
        const uint seed = 0x9747b28c;
        const uint m = 0x5bd1e995;
        var hash = seed ^ (uint)data.Length;
        for (; data.Length >= 4; data = data[4..])
        {
            var k = BinaryPrimitives.ReadUInt32LittleEndian(data) * m;
            k ^= k >> 24;
            hash = (hash * m) ^ (k * m);
        }
        if (data.Length == 3) hash ^= (uint)data[2] << 16;
        if (data.Length >= 2) hash ^= (uint)data[1] << 8;
        if (data.Length >= 1) hash = (hash ^ data[0]) * m;
        hash ^= hash >> 13;
        hash *= m;
        return hash ^ (hash >> 15);
    }
}
