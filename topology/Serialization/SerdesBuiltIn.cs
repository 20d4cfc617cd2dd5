using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.Serialization;
using System.Text;

namespace StreamScoring.Topology.Serialization;

internal sealed class ByteArraySerde : ISerde<byte[]>
{
    public void Serialize(byte[] value, IBufferWriter<byte> destination, in SerdeContext context) =>
        destination.Write(value);

    public byte[] Deserialize(ReadOnlySpan<byte> data, in SerdeContext context) => data.ToArray();
}

internal sealed class StringSerde : ISerde<string>
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public void Serialize(string value, IBufferWriter<byte> destination, in SerdeContext context)
    {
        var span = destination.GetSpan(StrictUtf8.GetMaxByteCount(value.Length));
        destination.Advance(StrictUtf8.GetBytes(value, span));
    }

    public string Deserialize(ReadOnlySpan<byte> data, in SerdeContext context) => StrictUtf8.GetString(data);
}

internal sealed class Int32Serde : ISerde<int>
{
    public void Serialize(int value, IBufferWriter<byte> destination, in SerdeContext context)
    {
        BinaryPrimitives.WriteInt32BigEndian(destination.GetSpan(sizeof(int)), value);
        destination.Advance(sizeof(int));
    }

    public int Deserialize(ReadOnlySpan<byte> data, in SerdeContext context) => data.Length == sizeof(int)
        ? BinaryPrimitives.ReadInt32BigEndian(data)
        : throw new SerializationException($"A 32-bit integer is {sizeof(int)} bytes long, not {data.Length}.");
}

internal sealed class Int64Serde : ISerde<long>
{
    public void Serialize(long value, IBufferWriter<byte> destination, in SerdeContext context)
    {
        BinaryPrimitives.WriteInt64BigEndian(destination.GetSpan(sizeof(long)), value);
        destination.Advance(sizeof(long));
    }

    public long Deserialize(ReadOnlySpan<byte> data, in SerdeContext context) => data.Length == sizeof(long)
        ? BinaryPrimitives.ReadInt64BigEndian(data)
        : throw new SerializationException($"A 64-bit integer is {sizeof(long)} bytes long, not {data.Length}.");
}

internal sealed class NullableSerde<T>(ISerde<T> inner) : ISerde<T?>
    where T : struct
{
    public void Serialize(T? value, IBufferWriter<byte> destination, in SerdeContext context) =>
        inner.Serialize(value!.Value, destination, context);

    public T? Deserialize(ReadOnlySpan<byte> data, in SerdeContext context) => inner.Deserialize(data, context);
}
