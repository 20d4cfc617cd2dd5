using System.Collections.Concurrent;
using StreamScoring.Testing.Sinks;
using StreamScoring.Topology.Sinks;

namespace StreamScoring.Testing.Tests.Sinks;

/// <summary>The contract, run by somebody who knows the libraries alone, against a sink of their own.</summary>
public sealed class MemorySinkContractTests : SinkContractTests
{
    private readonly ConcurrentDictionary<string, MemoryStore> _stores = [];

    protected override ISink Create(string source) => new MemorySink(_stores.GetOrAdd(source, _ => new MemoryStore()));

    protected override Task<IReadOnlyList<StoredRecord>> ReadAsync(string source) => Task.FromResult<IReadOnlyList<StoredRecord>>(
        _stores.TryGetValue(source, out var store) ? [.. store.Rows.Select(row => new StoredRecord(row.Partition, row.Offset, row.Article?.Id))] : []);
}

/// <summary>What outlives a sink: rows and positions, changed together under one lock.</summary>
internal sealed class MemoryStore
{
    internal Lock Gate { get; } = new();

    internal List<SinkRecord> Rows { get; } = [];

    internal Dictionary<SinkPartition, long> Positions { get; } = [];
}

/// <summary>The smallest sink that keeps every promise.</summary>
internal sealed class MemorySink(MemoryStore store) : ISink
{
    public ValueTask OpenAsync(CancellationToken cancellationToken) => ValueTask.CompletedTask;

    public ValueTask<IReadOnlyDictionary<SinkPartition, long>> LoadPositionsAsync(
        IReadOnlyCollection<SinkPartition> partitions, CancellationToken cancellationToken)
    {
        lock (store.Gate)
        {
            return ValueTask.FromResult<IReadOnlyDictionary<SinkPartition, long>>(
                partitions.Where(store.Positions.ContainsKey).ToDictionary(partition => partition, partition => store.Positions[partition]));
        }
    }

    public ValueTask WriteAsync(SinkBatch batch, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (store.Gate)
        {
            foreach (var advance in batch.Advances)
            {
                long? stored = store.Positions.TryGetValue(advance.Partition, out var next) ? next : null;
                if (stored != advance.From) throw new SinkConflictException(advance.Partition, advance.From);
            }
            store.Rows.AddRange(batch.Records);
            foreach (var advance in batch.Advances) store.Positions[advance.Partition] = advance.To;
        }
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
