using StreamScoring.Topology.Execution;

namespace StreamScoring.Topology.Testing;

/// <summary>A topic of the test driver: offsets, partitioner, and what the topology wrote to it.</summary>
internal sealed class TestTopic
{
    private readonly string _name;
    private readonly long[] _nextOffsets;
    private int _nextForNoKey;

    public TestTopic(string name, int partitions)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(partitions, 1);
        _name = name;
        _nextOffsets = new long[partitions];
    }

    /// <summary>Records that the topology wrote and no test has read.</summary>
    public Queue<ConsumedRecord> Written { get; } = new();

    public ConsumedRecord Append(
        int? partition, long? offset, long timestampMs, byte[]? key, byte[]? value, RecordHeaders headers)
    {
        var chosen = partition ?? ChoosePartition(key);
        if (chosen < 0 || chosen >= _nextOffsets.Length)
            throw new ArgumentOutOfRangeException(
                nameof(partition), chosen, $"Topic '{_name}' has partitions 0 to {_nextOffsets.Length - 1}.");
        if (offset < _nextOffsets[chosen])
            throw new ArgumentOutOfRangeException(
                nameof(offset), offset, $"Topic '{_name}' partition {chosen} is at offset {_nextOffsets[chosen]} already.");
        var at = offset ?? _nextOffsets[chosen];
        _nextOffsets[chosen] = at + 1;
        return new ConsumedRecord(_name, chosen, at, timestampMs, key, value, headers);
    }

    /// <summary>By the key as Kafka's clients do it; records without a key take turns, so that tests repeat.</summary>
    private int ChoosePartition(byte[]? key) =>
        key is null ? _nextForNoKey++ % _nextOffsets.Length : Murmur2.Partition(key, _nextOffsets.Length);
}
