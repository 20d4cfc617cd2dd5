using System.Buffers;
using StreamScoring.Topology.Serialization;

namespace StreamScoring.Topology.Testing;

/// <summary>Pipes records into a topic of a topology under test.</summary>
public sealed class TestInputTopic<TKey, TValue>
{
    private readonly TopologyTestDriver _driver;
    private readonly SerdeCodec<TKey> _key;
    private readonly SerdeCodec<TValue> _value;
    private readonly ArrayBufferWriter<byte> _buffer = new();
    private long? _timeMs;

    internal TestInputTopic(TopologyTestDriver driver, string topic, ISerde<TKey> keySerde, ISerde<TValue> valueSerde)
    {
        _driver = driver;
        Topic = topic;
        _key = new SerdeCodec<TKey>(keySerde);
        _value = new SerdeCodec<TValue>(valueSerde);
    }

    /// <summary>Name of the topic.</summary>
    public string Topic { get; }

    /// <summary>Timestamp of records piped without one; null, the default: the driver's wall-clock time.</summary>
    public DateTimeOffset? Time
    {
        get => _timeMs is { } ms ? DateTimeOffset.FromUnixTimeMilliseconds(ms) : null;
        set => _timeMs = value?.ToUnixTimeMilliseconds();
    }

    /// <summary>How much <see cref="Time"/> moves on with each record that is piped without a timestamp.</summary>
    public TimeSpan AutoAdvance { get; set; }

    /// <summary>Moves <see cref="Time"/> on, which starts as the driver's.</summary>
    public void AdvanceTime(TimeSpan by) => _timeMs = CurrentMs() + (long)by.TotalMilliseconds;

    /// <summary>Pipes a record without a key.</summary>
    public void PipeInput(TValue value) => PipeInput(new TestRecord<TKey, TValue>(default!, value));

    /// <summary>Pipes a record.</summary>
    public void PipeInput(TKey key, TValue value) => PipeInput(new TestRecord<TKey, TValue>(key, value));

    /// <summary>Pipes a record with a timestamp, Unix milliseconds.</summary>
    public void PipeInput(TKey key, TValue value, long timestampMs) =>
        PipeInput(new TestRecord<TKey, TValue>(key, value) { TimestampMs = timestampMs });

    /// <summary>Pipes a record with headers.</summary>
    public void PipeInput(
        TKey key, TValue value, RecordHeaders headers, long? timestampMs = null, int? partition = null) =>
        PipeInput(new TestRecord<TKey, TValue>(key, value)
        {
            Headers = headers,
            TimestampMs = timestampMs,
            Partition = partition,
        });

    /// <summary>Pipes a record.</summary>
    public void PipeInput(TestRecord<TKey, TValue> record)
    {
        ArgumentNullException.ThrowIfNull(record);
        Append(record);
        _driver.RunUnlessHeld();
    }

    /// <summary>Pipes records that wait together: the driver cuts them into batches as <see cref="TestBatching"/> says.</summary>
    public void PipeRecordList(IEnumerable<TestRecord<TKey, TValue>> records)
    {
        ArgumentNullException.ThrowIfNull(records);
        foreach (var record in records) Append(record);
        _driver.RunUnlessHeld();
    }

    /// <summary>Pipes keys and values that wait together.</summary>
    public void PipeKeyValueList(IEnumerable<KeyValuePair<TKey, TValue>> records)
    {
        ArgumentNullException.ThrowIfNull(records);
        foreach (var (key, value) in records) Append(new TestRecord<TKey, TValue>(key, value));
        _driver.RunUnlessHeld();
    }

    /// <summary>Pipes values, without keys, that wait together.</summary>
    public void PipeValueList(IEnumerable<TValue> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        foreach (var value in values) Append(new TestRecord<TKey, TValue>(default!, value));
        _driver.RunUnlessHeld();
    }

    private void Append(TestRecord<TKey, TValue> record)
    {
        var headers = record.Headers.Clone();
        var key = _key.Write(record.Key, _buffer, new SerdeContext(Topic, IsKey: true, headers));
        var value = _value.Write(record.Value, _buffer, new SerdeContext(Topic, IsKey: false, headers));
        var timestampMs = record.TimestampMs ?? NextTimestampMs();
        _driver.Append(Topic, record.Partition, record.Offset, timestampMs, key, value, headers);
    }

    private long NextTimestampMs()
    {
        var nowMs = CurrentMs();
        if (AutoAdvance != TimeSpan.Zero) _timeMs = nowMs + (long)AutoAdvance.TotalMilliseconds;
        return nowMs;
    }

    private long CurrentMs() => _timeMs ?? _driver.TimeProvider.GetUtcNow().ToUnixTimeMilliseconds();
}
