namespace StreamScoring.Topology.Serialization;

/// <summary>The serdes everyone needs, with the same bytes as Kafka's own.</summary>
public static class Serdes
{
    /// <summary>Bytes as they are. The array is handed on, not copied: treat it as read-only.</summary>
    public static ISerde<byte[]> ByteArray { get; } = new ByteArraySerde();

    /// <summary>
    /// UTF-8 text. Stricter than Kafka's StringDeserializer, which silently replaces what it cannot read: invalid
    /// UTF-8 and lone surrogates are errors.
    /// </summary>
    public static ISerde<string> String { get; } = new StringSerde();

    /// <summary>4 bytes, big-endian, as Kafka's IntegerSerializer.</summary>
    public static ISerde<int> Int32 { get; } = new Int32Serde();

    /// <summary>8 bytes, big-endian, as Kafka's LongSerializer.</summary>
    public static ISerde<long> Int64 { get; } = new Int64Serde();

    /// <summary>The same serde for a value that may be absent, e.g. the key of a record without one.</summary>
    public static ISerde<T?> Nullable<T>(ISerde<T> serde)
        where T : struct => new NullableSerde<T>(serde);
}
