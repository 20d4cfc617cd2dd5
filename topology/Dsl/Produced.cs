using StreamScoring.Topology.Processing;
using StreamScoring.Topology.Serialization;

namespace StreamScoring.Topology.Dsl;

/// <summary>How a topic is written.</summary>
/// <param name="KeySerde">For the keys.</param>
/// <param name="ValueSerde">For the values.</param>
public sealed record Produced<TKey, TValue>(ISerde<TKey> KeySerde, ISerde<TValue> ValueSerde)
{
    /// <summary>Name of the sink node; null for a generated one.</summary>
    public string? Name { get; init; }

    /// <summary>Chooses partitions; null leaves it to the producer, which goes by the key.</summary>
    public StreamPartitioner<TKey, TValue>? Partitioner { get; init; }

    /// <summary>The name that errors carry instead of the sink node's own.</summary>
    internal string? ReportedName { get; init; }

    /// <summary>The same with a name for the sink node.</summary>
    public Produced<TKey, TValue> WithName(string name) => this with { Name = name };

    /// <summary>The same with a partitioner; needs <see cref="Execution.ExecutorOptions.PartitionCount"/>.</summary>
    public Produced<TKey, TValue> WithPartitioner(StreamPartitioner<TKey, TValue> partitioner) =>
        this with { Partitioner = partitioner };
}

/// <summary>Makes <see cref="Produced{TKey,TValue}"/>.</summary>
public static class Produced
{
    /// <summary>Keys and values are written with these serdes.</summary>
    public static Produced<TKey, TValue> With<TKey, TValue>(ISerde<TKey> keySerde, ISerde<TValue> valueSerde) =>
        new(keySerde, valueSerde);
}

/// <summary>Chooses the partition of a record.</summary>
/// <param name="topic">Target topic.</param>
/// <param name="key">Key.</param>
/// <param name="value">Value.</param>
/// <param name="partitionCount">Partitions of the topic, at least 1.</param>
/// <returns>A partition from 0, or null to leave it to the producer.</returns>
public delegate int? StreamPartitioner<in TKey, in TValue>(string topic, TKey key, TValue value, int partitionCount);

/// <summary>Chooses the topic of a record.</summary>
/// <param name="record">The record.</param>
/// <param name="source">The input record it comes from; null in a punctuator.</param>
/// <returns>A topic that exists.</returns>
public delegate string TopicNameExtractor<TKey, TValue>(in Record<TKey, TValue> record, RecordMetadata? source);
