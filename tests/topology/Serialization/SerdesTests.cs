using System.Buffers;
using System.Runtime.Serialization;
using System.Text;
using CsCheck;
using StreamScoring.Topology.Serialization;

namespace StreamScoring.Topology.Tests.Serialization;

public sealed class SerdesTests
{
    private static readonly SerdeContext Value = new("topic", IsKey: false, new RecordHeaders());

    [Fact]
    public void Bytes_are_those_of_Kafkas_own_serializers()
    {
        Assert.Equal([0xFF, 0xFF, 0xFF, 0xFE], Write(Serdes.Int32, -2));
        Assert.Equal([0, 0, 0, 1, 0, 0, 0, 2], Write(Serdes.Int64, 0x1_0000_0002));
        Assert.Equal("Grüße 🚀"u8.ToArray(), Write(Serdes.String, "Grüße 🚀"));
        Assert.Empty(Write(Serdes.String, "")!);
    }

    [Fact]
    public void What_is_written_is_read()
    {
        Gen.Int.Sample(value => Assert.Equal(value, RoundTrip(Serdes.Int32, value)));
        Gen.Long.Sample(value => Assert.Equal(value, RoundTrip(Serdes.Int64, value)));
        Gen.Byte.Array.Sample(value => Assert.Equal(value, RoundTrip(Serdes.ByteArray, value)));
        Gen.String.Select(s => Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(s)))
            .Sample(value => Assert.Equal(value, RoundTrip(Serdes.String, value)));
    }

    [Fact]
    public void Null_is_null_bytes_both_ways()
    {
        Assert.Null(Write<string>(Serdes.String, null!));
        Assert.Null(new SerdeCodec<string>(Serdes.String).Read(null, Value));
        Assert.Null(Write(Serdes.Nullable(Serdes.Int64), null));
        Assert.Null(new SerdeCodec<long?>(Serdes.Nullable(Serdes.Int64)).Read(null, Value));
        Assert.Equal(7, RoundTrip(Serdes.Nullable(Serdes.Int64), 7));
    }

    [Fact]
    public void A_value_type_that_cannot_be_null_says_so_instead_of_reading_zero() => Assert.Contains(
        "use Serdes.Nullable",
        Assert.Throws<SerializationException>(() => new SerdeCodec<long>(Serdes.Int64).Read(null, Value)).Message);

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(9)]
    public void Numbers_of_the_wrong_length_are_errors(int length)
    {
        Assert.Throws<SerializationException>(() => Serdes.Int32.Deserialize(new byte[length], Value));
        Assert.Throws<SerializationException>(() => Serdes.Int64.Deserialize(new byte[length], Value));
    }

    [Fact]
    public void Text_that_is_not_text_is_an_error_and_is_not_replaced()
    {
        Assert.Throws<DecoderFallbackException>(() => Serdes.String.Deserialize([0xC3, 0x28], Value));
        Assert.Throws<EncoderFallbackException>(() => Write(Serdes.String, "\ud83d"));
    }

    private static byte[]? Write<T>(ISerde<T> serde, T value) =>
        new SerdeCodec<T>(serde).Write(value, new ArrayBufferWriter<byte>(), Value);

    private static T RoundTrip<T>(ISerde<T> serde, T value) =>
        new SerdeCodec<T>(serde).Read(Write(serde, value), Value);
}
