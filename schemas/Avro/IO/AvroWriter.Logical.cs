using System.Buffers.Binary;
using System.Numerics;

namespace StreamScoring.Schemas.Avro;

public ref partial struct AvroWriter
{
    private static readonly decimal[] PowersOfTen = MakePowersOfTen();

    /// <summary>Writes an int with logical type <c>date</c>.</summary>
    public void WriteDate(DateOnly value) => WriteInt(value.DayNumber - DateOnly.FromDateTime(DateTime.UnixEpoch).DayNumber);

    /// <summary>Writes an int with logical type <c>time-millis</c>; finer parts are cut off.</summary>
    public void WriteTimeMillis(TimeOnly value) => WriteInt((int)(value.Ticks / TimeSpan.TicksPerMillisecond));

    /// <summary>Writes a long with logical type <c>time-micros</c>; finer parts are cut off.</summary>
    public void WriteTimeMicros(TimeOnly value) => WriteLong(value.Ticks / TimeSpan.TicksPerMicrosecond);

    /// <summary>Writes a long with logical type <c>timestamp-millis</c>; finer parts are rounded towards the past.</summary>
    public void WriteTimestampMillis(DateTimeOffset value) => WriteTicks(value.UtcTicks, TimeSpan.TicksPerMillisecond);

    /// <summary>Writes a long with logical type <c>timestamp-micros</c>; finer parts are rounded towards the past.</summary>
    public void WriteTimestampMicros(DateTimeOffset value) => WriteTicks(value.UtcTicks, TimeSpan.TicksPerMicrosecond);

    /// <summary>Writes a long with logical type <c>local-timestamp-millis</c>; the kind is not looked at.</summary>
    public void WriteLocalTimestampMillis(DateTime value) => WriteTicks(value.Ticks, TimeSpan.TicksPerMillisecond);

    /// <summary>Writes a long with logical type <c>local-timestamp-micros</c>; the kind is not looked at.</summary>
    public void WriteLocalTimestampMicros(DateTime value) => WriteTicks(value.Ticks, TimeSpan.TicksPerMicrosecond);

    /// <summary>Writes a string with logical type <c>uuid</c>, in lower case.</summary>
    public void WriteUuid(Guid value)
    {
        const int length = 36;
        WriteLong(length);
        value.TryFormat(_out.Free(length), out _, "D");
        _out.Length += length;
    }

    /// <summary>Writes a fixed(16) with logical type <c>uuid</c>.</summary>
    public void WriteUuidFixed(Guid value)
    {
        value.TryWriteBytes(_out.Free(16), bigEndian: true, out _);
        _out.Length += 16;
    }

    /// <summary>Writes bytes with logical type <c>decimal</c>, as few as hold the value.</summary>
    /// <param name="value">No digit but zeros beyond <paramref name="scale"/>.</param>
    /// <param name="precision">Digits after the schema, at most 28.</param>
    /// <param name="scale">Digits after the point.</param>
    public void WriteDecimal(decimal value, int precision, int scale)
    {
        Span<byte> bigEndian = stackalloc byte[16];
        BinaryPrimitives.WriteInt128BigEndian(bigEndian, Unscale(value, precision, scale));
        WriteBytes(Shortest(bigEndian));
    }

    /// <summary>Writes a fixed with logical type <c>decimal</c>.</summary>
    /// <param name="value">No digit but zeros beyond <paramref name="scale"/>.</param>
    /// <param name="sizeBytes">Size after the schema.</param>
    /// <param name="precision">Digits after the schema, at most 28.</param>
    /// <param name="scale">Digits after the point.</param>
    public void WriteDecimalFixed(decimal value, int sizeBytes, int precision, int scale)
    {
        Span<byte> bigEndian = stackalloc byte[16];
        BinaryPrimitives.WriteInt128BigEndian(bigEndian, Unscale(value, precision, scale));
        WriteSignExtended(Shortest(bigEndian), sizeBytes);
    }

    /// <summary>Writes bytes with logical type <c>decimal</c> of any number of digits.</summary>
    /// <param name="value">Of scale <paramref name="scale"/>.</param>
    /// <param name="precision">Digits after the schema.</param>
    /// <param name="scale">Digits after the point.</param>
    public void WriteBigDecimal(AvroDecimal value, int precision, int scale) =>
        WriteBytes(ToBigEndian(value, precision, scale).AsSpan());

    /// <summary>Writes a fixed with logical type <c>decimal</c> of any number of digits.</summary>
    /// <param name="value">Of scale <paramref name="scale"/>.</param>
    /// <param name="sizeBytes">Size after the schema.</param>
    /// <param name="precision">Digits after the schema.</param>
    /// <param name="scale">Digits after the point.</param>
    public void WriteBigDecimalFixed(AvroDecimal value, int sizeBytes, int precision, int scale) =>
        WriteSignExtended(ToBigEndian(value, precision, scale), sizeBytes);

    /// <summary>Writes a fixed(12) with logical type <c>duration</c>.</summary>
    public void WriteDuration(AvroDuration value)
    {
        var target = _out.Free(12);
        BinaryPrimitives.WriteUInt32LittleEndian(target, value.Months);
        BinaryPrimitives.WriteUInt32LittleEndian(target[4..], value.Days);
        BinaryPrimitives.WriteUInt32LittleEndian(target[8..], value.Milliseconds);
        _out.Length += 12;
    }

    private void WriteTicks(long ticks, long ticksPerUnit) =>
        WriteLong((ticks / ticksPerUnit) - (DateTime.UnixEpoch.Ticks / ticksPerUnit));

    private readonly Int128 Unscale(decimal value, int precision, int scale)
    {
        var digits = Math.Abs(value);
        if (digits >= PowersOfTen[precision - scale] || digits.Scale > scale && decimal.Round(digits, scale) != digits)
        {
            Throw(AvroError.OutOfRange, $"{value} does not fit a decimal of {precision} digits, {scale} of them after the point");
        }
        // At most `precision` digits, so that the product is exact.
        var unscaled = (Int128)(decimal.Round(digits, scale) * PowersOfTen[scale]);
        return value < 0 ? -unscaled : unscaled;
    }

    private readonly byte[] ToBigEndian(AvroDecimal value, int precision, int scale)
    {
        if (value.Scale != scale && !value.UnscaledValue.IsZero || BigInteger.Abs(value.UnscaledValue) >= BigInteger.Pow(10, precision))
        {
            Throw(AvroError.OutOfRange, $"a decimal of scale {value.Scale} does not fit {precision} digits, {scale} of them after the point");
        }
        return value.UnscaledValue.ToByteArray(isUnsigned: false, isBigEndian: true);
    }

    /// <summary>Two's complement without the leading bytes that only repeat the sign.</summary>
    private static ReadOnlySpan<byte> Shortest(ReadOnlySpan<byte> bigEndian)
    {
        var sign = bigEndian[0] >= 0x80 ? (byte)0xff : (byte)0;
        while (bigEndian.Length > 1 && bigEndian[0] == sign && (bigEndian[1] & 0x80) == (sign & 0x80)) bigEndian = bigEndian[1..];
        return bigEndian;
    }

    private void WriteSignExtended(scoped ReadOnlySpan<byte> bigEndian, int sizeBytes)
    {
        if (bigEndian.Length > sizeBytes) Throw(AvroError.OutOfRange, $"a decimal does not fit a fixed of {sizeBytes} bytes");
        var target = _out.Free(sizeBytes)[..sizeBytes];
        target[..^bigEndian.Length].Fill(bigEndian[0] >= 0x80 ? (byte)0xff : (byte)0);
        bigEndian.CopyTo(target[^bigEndian.Length..]);
        _out.Length += sizeBytes;
    }

    private static decimal[] MakePowersOfTen()
    {
        var powers = new decimal[29];
        powers[0] = 1;
        for (var i = 1; i < powers.Length; i++) powers[i] = powers[i - 1] * 10;
        return powers;
    }
}
