using System.Buffers;

namespace StreamScoring.Topology.Serialization;

/// <summary>
/// Turns keys or values into bytes and back. Null is not its business: null bytes are a null value and a null value is
/// null bytes (a tombstone), so it is only called with something to do. Called from several threads at once.
/// </summary>
/// <typeparam name="T">
/// Type of the key or value. A value type that may be absent from a record needs its nullable form, see
/// <see cref="Serdes.Nullable{T}"/>.
/// </typeparam>
public interface ISerde<T>
{
    /// <summary>Appends the bytes of <paramref name="value"/>, which is never null.</summary>
    /// <exception cref="Exception">Any: the record fails, see the production exception handler.</exception>
    void Serialize(T value, IBufferWriter<byte> destination, in SerdeContext context);

    /// <summary>Reads a value from the whole of <paramref name="data"/>, which may be empty.</summary>
    /// <exception cref="Exception">Any: the record fails, see the deserialization exception handler.</exception>
    T Deserialize(ReadOnlySpan<byte> data, in SerdeContext context);
}

/// <summary>Where the bytes come from or go to.</summary>
/// <param name="Topic">The topic read or written.</param>
/// <param name="IsKey">True for the key of a record, false for its value.</param>
/// <param name="Headers">
/// The record's headers. A serializer may add some; a deserializer leaves them alone.
/// </param>
public readonly record struct SerdeContext(string Topic, bool IsKey, RecordHeaders Headers);
