using StreamScoring.Topology.Execution;
using StreamScoring.Topology.Serialization;

namespace StreamScoring.Topology.Testing;

/// <summary>Reads, once each and in the order they were written, the records of a topic of a topology under test.</summary>
public sealed class TestOutputTopic<TKey, TValue>
{
    private readonly Queue<ConsumedRecord> _records;
    private readonly SerdeCodec<TKey> _key;
    private readonly SerdeCodec<TValue> _value;

    internal TestOutputTopic(
        string topic, Queue<ConsumedRecord> records, ISerde<TKey> keySerde, ISerde<TValue> valueSerde)
    {
        Topic = topic;
        _records = records;
        _key = new SerdeCodec<TKey>(keySerde);
        _value = new SerdeCodec<TValue>(valueSerde);
    }

    /// <summary>Name of the topic.</summary>
    public string Topic { get; }

    /// <summary>Whether everything has been read.</summary>
    public bool IsEmpty => _records.Count == 0;

    /// <summary>How many records are still to be read.</summary>
    public int QueueSize => _records.Count;

    /// <summary>The next record.</summary>
    /// <exception cref="InvalidOperationException">There is none.</exception>
    public TestRecord<TKey, TValue> ReadRecord()
    {
        if (!_records.TryDequeue(out var record))
            throw new InvalidOperationException($"Topic '{Topic}' has no further record.");
        return new TestRecord<TKey, TValue>(
            _key.Read(record.Key, new SerdeContext(Topic, IsKey: true, record.Headers)),
            _value.Read(record.Value, new SerdeContext(Topic, IsKey: false, record.Headers)))
        {
            Headers = record.Headers,
            TimestampMs = record.TimestampMs,
            Partition = record.Partition,
            Offset = record.Offset,
        };
    }

    /// <summary>The next record's value.</summary>
    /// <exception cref="InvalidOperationException">There is none.</exception>
    public TValue ReadValue() => ReadRecord().Value;

    /// <summary>The next record's key and value.</summary>
    /// <exception cref="InvalidOperationException">There is none.</exception>
    public KeyValuePair<TKey, TValue> ReadKeyValue()
    {
        var record = ReadRecord();
        return new KeyValuePair<TKey, TValue>(record.Key, record.Value);
    }

    /// <summary>All remaining records.</summary>
    public IReadOnlyList<TestRecord<TKey, TValue>> ReadRecordList()
    {
        var records = new List<TestRecord<TKey, TValue>>(_records.Count);
        while (!IsEmpty) records.Add(ReadRecord());
        return records;
    }

    /// <summary>Keys and values of all remaining records.</summary>
    public IReadOnlyList<KeyValuePair<TKey, TValue>> ReadKeyValueList()
    {
        var records = new List<KeyValuePair<TKey, TValue>>(_records.Count);
        while (!IsEmpty) records.Add(ReadKeyValue());
        return records;
    }

    /// <summary>Values of all remaining records.</summary>
    public IReadOnlyList<TValue> ReadValueList()
    {
        var values = new List<TValue>(_records.Count);
        while (!IsEmpty) values.Add(ReadValue());
        return values;
    }
}
