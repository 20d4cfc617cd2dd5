using StreamScoring.Topology.Serialization;

namespace StreamScoring.Topology.Dsl;

/// <summary>How a stream is sent through a topic of its own, so that equal keys meet in one partition.</summary>
/// <param name="KeySerde">For the keys.</param>
/// <param name="ValueSerde">For the values.</param>
public sealed record Repartitioned<TKey, TValue>(ISerde<TKey> KeySerde, ISerde<TValue> ValueSerde)
{
    /// <summary>First part of the topic's name, <c>NAME-repartition</c>; null for a generated one.</summary>
    public string? Name { get; init; }

    /// <summary>Partitions of the topic; null: as many as the largest topic it is filled from.</summary>
    public int? Partitions { get; init; }

    /// <summary>Chooses partitions; null leaves it to the producer, which goes by the key.</summary>
    public StreamPartitioner<TKey, TValue>? Partitioner { get; init; }
}

/// <summary>Makes <see cref="Repartitioned{TKey,TValue}"/>.</summary>
public static class Repartitioned
{
    /// <summary>Keys and values are written and read with these serdes.</summary>
    public static Repartitioned<TKey, TValue> With<TKey, TValue>(ISerde<TKey> keySerde, ISerde<TValue> valueSerde) =>
        new(keySerde, valueSerde);
}
