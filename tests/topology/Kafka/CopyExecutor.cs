using StreamScoring.Topology.Execution;

namespace StreamScoring.Topology.Tests.Kafka;

/// <summary>The smallest sub-topology: copies a topic to another. What it meets is left to hooks.</summary>
internal sealed class CopyExecutor(string source, string sink) : IBatchExecutor
{
    public int SubTopologyId { get; init; }

    public IReadOnlyList<string> SourceTopics { get; } = [source];

    public IReadOnlyList<string> SinkTopics { get; } = [sink];

    public BatchLimits Limits { get; init; } = new(50, 1 << 20, TimeSpan.FromMilliseconds(5));

    public bool IsStateless { get; init; } = true;

    public DateTimeOffset? NextPunctuation
    {
        get
        {
            OnConsumerThread?.Invoke();
            return null;
        }
    }

    /// <summary>Called by the consumer thread between its polls.</summary>
    internal Action? OnConsumerThread { get; init; }

    /// <summary>Called with every batch before it is copied, on the scorer thread.</summary>
    internal Action<IReadOnlyList<ConsumedRecord>>? BeforeBatch { get; init; }

    /// <summary>Records that cannot be read yet: they wait, and their partition with them.</summary>
    internal Func<ConsumedRecord, bool>? CannotReadYet { get; init; }

    internal List<string> TaskEvents { get; } = [];

    public BatchResult Execute(IReadOnlyList<ConsumedRecord> batch, CancellationToken cancellationToken)
    {
        BeforeBatch?.Invoke(batch);
        cancellationToken.ThrowIfCancellationRequested();
        var outputs = new List<ProducedRecord>(batch.Count);
        var counts = new int[batch.Count];
        var waiting = new List<int>();
        for (var i = 0; i < batch.Count; i++)
        {
            var record = batch[i];
            if (waiting.Exists(earlier => batch[earlier].Partition == record.Partition) || CannotReadYet?.Invoke(record) == true)
            {
                waiting.Add(i);
                continue;
            }
            outputs.Add(new ProducedRecord(sink, null, record.TimestampMs, record.Key, record.Value, record.Headers));
            counts[i] = 1;
        }
        return new BatchResult(outputs, counts, 0, 0) { Waiting = waiting };
    }

    public IReadOnlyList<ProducedRecord> Punctuate(DateTimeOffset now) => [];

    /// <summary>Where dead letters go; null: nowhere, and the stream stops.</summary>
    internal string? DeadLetterTopic { get; init; }

    public ProducedRecord? CreateDeadLetter(ConsumedRecord record, Exception error) => DeadLetterTopic is null
        ? null
        : new ProducedRecord(DeadLetterTopic, null, record.TimestampMs, record.Key, record.Value, record.Headers);

    public void OpenTasks(IReadOnlyCollection<int> partitions)
    {
        lock (TaskEvents) TaskEvents.Add("open " + string.Join(',', partitions.Order()));
    }

    public void CloseTasks(IReadOnlyCollection<int> partitions)
    {
        lock (TaskEvents) TaskEvents.Add("close " + string.Join(',', partitions.Order()));
    }

    public void Dispose()
    {
    }
}
