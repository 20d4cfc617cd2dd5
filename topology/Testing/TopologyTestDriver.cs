using StreamScoring.Topology.Execution;
using StreamScoring.Topology.Serialization;

namespace StreamScoring.Topology.Testing;

/// <summary>
/// Runs a topology without Kafka, on the calling thread, with the same executors as the real engine: what Kafka
/// Streams' TopologyTestDriver does, and beyond it several partitions, micro-batches cut at will, and replay of
/// captured records. Records written to a topic that the topology reads go on into it.
/// </summary>
public sealed class TopologyTestDriver : IDisposable
{
    private readonly TopologyTestDriverOptions _options;
    private readonly IReadOnlyList<IBatchExecutor> _executors;
    private readonly Dictionary<string, int> _executorOfTopic = new(StringComparer.Ordinal);
    private readonly PendingRecords[] _pending;
    private readonly List<ConsumedRecord>[] _waiting;
    private readonly Dictionary<string, TestTopic> _topics = new(StringComparer.Ordinal);
    private readonly List<(string Node, Func<ConsumedRecord?, bool> When, Func<Exception> Error)> _faults = [];
    private readonly Random? _random;
    private int _holds;

    /// <summary>Starts a topology: opens a task for each partition.</summary>
    /// <exception cref="TopologyException">The options do not fit the topology.</exception>
    public TopologyTestDriver(StreamTopology topology, TopologyTestDriverOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(topology);
        _options = options ?? new TopologyTestDriverOptions();
        ArgumentOutOfRangeException.ThrowIfLessThan(_options.Partitions, 1, nameof(options));
        _random = _options.Batching.Seed is { } seed ? new Random(seed) : null;
        _executors = topology.CreateExecutors(_options.Executors with
        {
            TimeProvider = TimeProvider,
            PartitionCount = PartitionCount,
            FaultInjector = ThrowIfFaulty,
        });
        _pending = new PendingRecords[_executors.Count];
        _waiting = new List<ConsumedRecord>[_executors.Count];
        for (var i = 0; i < _executors.Count; i++)
        {
            _pending[i] = new PendingRecords(_random);
            _waiting[i] = [];
            foreach (var topic in _executors[i].SourceTopics) _executorOfTopic.Add(topic, i);
            var partitions = _executors[i].SourceTopics.Max(PartitionCount);
            _executors[i].OpenTasks([.. Enumerable.Range(0, partitions)]);
        }
    }

    /// <summary>The driver's clock; move it with <see cref="AdvanceWallClockTime"/>.</summary>
    public ManualTimeProvider TimeProvider => _options.TimeProvider;

    /// <summary>Input records that ended in the dead-letter topic so far.</summary>
    public int DeadLetters { get; private set; }

    /// <summary>Input records that a handler dropped so far.</summary>
    public int Skipped { get; private set; }

    /// <summary>Whether a processor has asked for a commit since the last time this was read.</summary>
    public bool TakeCommitRequest()
    {
        var isRequested = false;
        foreach (var executor in _executors) isRequested |= executor.TakeCommitRequest();
        return isRequested;
    }

    /// <summary>A way into a topic that the topology reads.</summary>
    /// <exception cref="ArgumentException">It does not read this topic.</exception>
    public TestInputTopic<TKey, TValue> CreateInputTopic<TKey, TValue>(
        string topic, ISerde<TKey> keySerde, ISerde<TValue> valueSerde)
    {
        CheckIsSource(topic);
        return new TestInputTopic<TKey, TValue>(this, topic, keySerde, valueSerde);
    }

    /// <summary>A way out of any topic; several for one topic share its records.</summary>
    public TestOutputTopic<TKey, TValue> CreateOutputTopic<TKey, TValue>(
        string topic, ISerde<TKey> keySerde, ISerde<TValue> valueSerde) =>
        new(topic, TopicOf(topic).Written, keySerde, valueSerde);

    /// <summary>
    /// Moves the clock on, fires the wall-clock punctuators that are due, each once, and reads again what could not be
    /// read yet (<see cref="BatchResult.Waiting"/>).
    /// </summary>
    public void AdvanceWallClockTime(TimeSpan by)
    {
        TimeProvider.Advance(by);
        foreach (var executor in _executors)
        {
            foreach (var record in executor.Punctuate(TimeProvider.GetUtcNow())) Write(record);
        }
        for (var i = 0; i < _waiting.Length; i++)
        {
            _pending[i].AddFirst(_waiting[i]);
            _waiting[i].Clear();
        }
        RunUnlessHeld();
    }

    /// <summary>
    /// Feeds captured records with the partitions, offsets, timestamps and headers they had. They wait together, so
    /// that <see cref="TestBatching"/> decides about batches and interleaving.
    /// </summary>
    public void Replay(IEnumerable<ConsumedRecord> records)
    {
        ArgumentNullException.ThrowIfNull(records);
        foreach (var record in records)
        {
            CheckIsSource(record.Topic);
            Append(record.Topic, record.Partition, record.Offset, record.TimestampMs, record.Key, record.Value, record.Headers);
        }
        RunUnlessHeld();
    }

    /// <summary>Lets records wait until the result is disposed of, so that several calls make one batch.</summary>
    public IDisposable Hold()
    {
        _holds++;
        return new Holding(this);
    }

    /// <summary>From now on a node throws on certain records.</summary>
    /// <param name="node">Name of the node.</param>
    /// <param name="when">On which input records (null: in a punctuator).</param>
    /// <param name="error">What it throws.</param>
    public void InjectFault(string node, Func<ConsumedRecord?, bool> when, Func<Exception> error) =>
        _faults.Add((node, when, error));

    /// <summary>No node is made to throw any more.</summary>
    public void ClearFaults() => _faults.Clear();

    /// <summary>Closes every task.</summary>
    public void Dispose()
    {
        foreach (var executor in _executors) executor.Dispose();
    }

    internal void Append(
        string topic, int? partition, long? offset, long timestampMs, byte[]? key, byte[]? value, RecordHeaders headers)
    {
        var record = TopicOf(topic).Append(partition, offset, timestampMs, key, value, headers);
        _pending[_executorOfTopic[topic]].Add(record);
    }

    internal void RunUnlessHeld()
    {
        if (_holds > 0) return;
        while (ChooseExecutor() is { } i)
        {
            var batch = _pending[i].Take(_options.Batching.MaxRecords);
            if (_waiting[i].Count > 0) SetAsideWaiting(batch, _waiting[i]);
            var result = _executors[i].Execute(batch, CancellationToken.None);
            foreach (var index in result.Waiting) _waiting[i].Add(batch[index]);
            DeadLetters += result.DeadLetters;
            Skipped += result.Skipped;
            foreach (var record in result.Outputs) Write(record);
        }
    }

    /// <summary>What follows a waiting record in its partition waits with it.</summary>
    private static void SetAsideWaiting(List<ConsumedRecord> batch, List<ConsumedRecord> waiting)
    {
        var partitions = waiting.Select(static record => (record.Topic, record.Partition)).ToHashSet();
        waiting.AddRange(batch.Where(record => partitions.Contains((record.Topic, record.Partition))));
        batch.RemoveAll(record => partitions.Contains((record.Topic, record.Partition)));
    }

    private int? ChooseExecutor()
    {
        var start = _random?.Next(_pending.Length) ?? 0;
        for (var i = 0; i < _pending.Length; i++)
        {
            var candidate = (start + i) % _pending.Length;
            if (_pending[candidate].Count > 0) return candidate;
        }
        return null;
    }

    private void Write(ProducedRecord output)
    {
        var topic = TopicOf(output.Topic);
        var record = topic.Append(
            output.Partition, null, output.TimestampMs, output.Key, output.Value, output.Headers);
        topic.Written.Enqueue(record);
        if (_executorOfTopic.TryGetValue(output.Topic, out var executor))
            _pending[executor].Add(record with { Headers = record.Headers.Clone() });
    }

    private TestTopic TopicOf(string topic)
    {
        if (!_topics.TryGetValue(topic, out var found))
            _topics.Add(topic, found = new TestTopic(topic, PartitionCount(topic)));
        return found;
    }

    private int PartitionCount(string topic) => _options.TopicPartitions.GetValueOrDefault(topic, _options.Partitions);

    private void CheckIsSource(string topic)
    {
        if (!_executorOfTopic.ContainsKey(topic))
            throw new ArgumentException(
                $"The topology does not read topic '{topic}' but: {string.Join(", ", _executorOfTopic.Keys)}.", nameof(topic));
    }

    private void ThrowIfFaulty(string node, ConsumedRecord? record)
    {
        foreach (var fault in _faults)
        {
            if (fault.Node == node && fault.When(record)) throw fault.Error();
        }
    }

    private sealed class Holding(TopologyTestDriver driver) : IDisposable
    {
        private bool _isDisposed;

        public void Dispose()
        {
            if (_isDisposed) return;
            _isDisposed = true;
            driver._holds--;
            driver.RunUnlessHeld();
        }
    }
}
