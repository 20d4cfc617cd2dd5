using StreamScoring.Topology.Execution;

namespace StreamScoring.Topology.Testing;

/// <summary>Records that wait for a sub-topology.</summary>
internal sealed class PendingRecords
{
    private readonly Queue<ConsumedRecord> _inOrder = new();
    private readonly SortedDictionary<(string Topic, int Partition), Queue<ConsumedRecord>> _byPartition = [];
    private readonly Random? _random;

    public PendingRecords(Random? random) => _random = random;

    public int Count { get; private set; }

    public void Add(ConsumedRecord record)
    {
        Count++;
        if (_random is null)
        {
            _inOrder.Enqueue(record);
            return;
        }
        var partition = (record.Topic, record.Partition);
        if (!_byPartition.TryGetValue(partition, out var queue)) _byPartition.Add(partition, queue = new());
        queue.Enqueue(record);
    }

    public List<ConsumedRecord> Take(int maxRecords)
    {
        var size = Math.Min(Count, _random is null ? maxRecords : _random.Next(1, maxRecords + 1));
        var batch = new List<ConsumedRecord>(size);
        for (var i = 0; i < size; i++) batch.Add(_random is null ? _inOrder.Dequeue() : TakeAtRandom(_random));
        Count -= size;
        return batch;
    }

    /// <summary>Puts records before all others.</summary>
    public void AddFirst(IReadOnlyList<ConsumedRecord> records)
    {
        ConsumedRecord[] later = [.. _inOrder, .. _byPartition.Values.SelectMany(static queue => queue)];
        _inOrder.Clear();
        _byPartition.Clear();
        Count = 0;
        foreach (var record in records) Add(record);
        foreach (var record in later) Add(record);
    }

    private ConsumedRecord TakeAtRandom(Random random)
    {
        var (partition, queue) = _byPartition.ElementAt(random.Next(_byPartition.Count));
        var record = queue.Dequeue();
        if (queue.Count == 0) _byPartition.Remove(partition);
        return record;
    }
}
