using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.Serialization;

namespace StreamScoring.Topology.Serialization;

/// <summary>A serde with the rules about null around it, and without copying where T is bytes anyway.</summary>
internal readonly struct SerdeCodec<T>(ISerde<T> serde)
{
    private readonly bool _isPassThrough = serde is ByteArraySerde;

    public T Read(byte[]? data, in SerdeContext context)
    {
        if (data is null)
        {
            return default(T) is null ? default! : throw new SerializationException(
                $"The record has no {(context.IsKey ? "key" : "value")}, and {typeof(T).Name} cannot say so: use Serdes.Nullable.");
        }
        if (_isPassThrough) return Unsafe.As<byte[], T>(ref data);
        return serde.Deserialize(data, context);
    }

    public byte[]? Write(T value, ArrayBufferWriter<byte> buffer, in SerdeContext context)
    {
        if (value is null) return null;
        if (_isPassThrough) return Unsafe.As<T, byte[]>(ref value);
        buffer.ResetWrittenCount();
        serde.Serialize(value, buffer, context);
        return buffer.WrittenSpan.ToArray();
    }
}
