using StreamScoring.Topology.Serialization;

namespace StreamScoring.Topology.Dsl;

/// <summary>How a topic is read.</summary>
/// <param name="KeySerde">For the keys.</param>
/// <param name="ValueSerde">For the values.</param>
public sealed record Consumed<TKey, TValue>(ISerde<TKey> KeySerde, ISerde<TValue> ValueSerde)
{
    /// <summary>Name of the source node; null for a generated one.</summary>
    public string? Name { get; init; }

    /// <summary>The name that errors carry instead of the source node's own.</summary>
    internal string? ReportedName { get; init; }

    /// <summary>The same with a name for the source node.</summary>
    public Consumed<TKey, TValue> WithName(string name) => this with { Name = name };
}

/// <summary>Makes <see cref="Consumed{TKey,TValue}"/>.</summary>
public static class Consumed
{
    /// <summary>Keys and values are read with these serdes.</summary>
    public static Consumed<TKey, TValue> With<TKey, TValue>(ISerde<TKey> keySerde, ISerde<TValue> valueSerde) =>
        new(keySerde, valueSerde);
}
