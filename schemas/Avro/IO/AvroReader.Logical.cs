using System.Buffers.Binary;
using System.Numerics;

namespace StreamScoring.Schemas.Avro;

public ref partial struct AvroReader
{
    private const long MinUnixMs = -62_135_596_800_000;
    private const long MaxUnixMs = 253_402_300_799_999;
    private const int MinDay = -719_162;
    private const int MaxDay = 2_932_896;

    /// <summary>Reads an int with logical type <c>date</c>.</summary>
    public DateOnly ReadDate()
    {
        var start = _at;
        var day = ReadInt();
        if (day is < MinDay or > MaxDay) ThrowAt(start, AvroError.OutOfRange, $"day {day} is outside the years 1 to 9999");
        return DateOnly.FromDayNumber(day - MinDay);
    }

    /// <summary>Reads an int with logical type <c>time-millis</c>.</summary>
    public TimeOnly ReadTimeMillis()
    {
        var start = _at;
        return ToTime(start, ReadInt(), TimeSpan.TicksPerMillisecond);
    }

    /// <summary>Reads a long with logical type <c>time-micros</c>.</summary>
    public TimeOnly ReadTimeMicros()
    {
        var start = _at;
        return ToTime(start, ReadLong(), TimeSpan.TicksPerMicrosecond);
    }

    /// <summary>Reads a long with logical type <c>timestamp-millis</c>; the offset is zero.</summary>
    public DateTimeOffset ReadTimestampMillis() => new(ReadTicks(TimeSpan.TicksPerMillisecond), TimeSpan.Zero);

    /// <summary>Reads a long with logical type <c>timestamp-micros</c>; the offset is zero.</summary>
    public DateTimeOffset ReadTimestampMicros() => new(ReadTicks(TimeSpan.TicksPerMicrosecond), TimeSpan.Zero);

    /// <summary>Reads a long with logical type <c>local-timestamp-millis</c>; the kind is unspecified.</summary>
    public DateTime ReadLocalTimestampMillis() => new(ReadTicks(TimeSpan.TicksPerMillisecond), DateTimeKind.Unspecified);

    /// <summary>Reads a long with logical type <c>local-timestamp-micros</c>; the kind is unspecified.</summary>
    public DateTime ReadLocalTimestampMicros() => new(ReadTicks(TimeSpan.TicksPerMicrosecond), DateTimeKind.Unspecified);

    /// <summary>Reads a string with logical type <c>uuid</c>.</summary>
    public Guid ReadUuid()
    {
        var start = _at;
        var utf8 = ReadBytes();
        if (utf8.Length != 36 || !Guid.TryParse(utf8, null, out var value))
        {
            ThrowAt(start, AvroError.OutOfRange, "a string is no UUID");
            return default;
        }
        return value;
    }

    /// <summary>Reads a fixed(16) with logical type <c>uuid</c>.</summary>
    public Guid ReadUuidFixed() => new(ReadFixed(16), bigEndian: true);

    /// <summary>Reads bytes with logical type <c>decimal</c> of at most 28 digits.</summary>
    /// <param name="scale">Digits after the point.</param>
    public decimal ReadDecimal(int scale)
    {
        var start = _at;
        return ToDecimal(start, ReadBytes(), scale);
    }

    /// <summary>Reads a fixed with logical type <c>decimal</c> of at most 28 digits.</summary>
    /// <param name="sizeBytes">Size after the schema.</param>
    /// <param name="scale">Digits after the point.</param>
    public decimal ReadDecimalFixed(int sizeBytes, int scale)
    {
        var start = _at;
        return ToDecimal(start, ReadFixed(sizeBytes), scale);
    }

    /// <summary>Reads bytes with logical type <c>decimal</c> of any number of digits.</summary>
    /// <param name="scale">Digits after the point.</param>
    public AvroDecimal ReadBigDecimal(int scale) => new(new BigInteger(ReadBytes(), isUnsigned: false, isBigEndian: true), scale);

    /// <summary>Reads a fixed with logical type <c>decimal</c> of any number of digits.</summary>
    /// <param name="sizeBytes">Size after the schema.</param>
    /// <param name="scale">Digits after the point.</param>
    public AvroDecimal ReadBigDecimalFixed(int sizeBytes, int scale) =>
        new(new BigInteger(ReadFixed(sizeBytes), isUnsigned: false, isBigEndian: true), scale);

    /// <summary>Reads a fixed(12) with logical type <c>duration</c>.</summary>
    public AvroDuration ReadDuration()
    {
        var value = ReadFixed(12);
        return new AvroDuration(
            BinaryPrimitives.ReadUInt32LittleEndian(value),
            BinaryPrimitives.ReadUInt32LittleEndian(value[4..]),
            BinaryPrimitives.ReadUInt32LittleEndian(value[8..]));
    }

    private static TimeOnly ToTime(int start, long units, long ticksPerUnit)
    {
        if (units < 0 || units >= TimeSpan.TicksPerDay / ticksPerUnit)
        {
            ThrowAt(start, AvroError.OutOfRange, "a time of day is not within a day");
        }
        return new TimeOnly(units * ticksPerUnit);
    }

    private long ReadTicks(long ticksPerUnit)
    {
        var start = _at;
        var units = ReadLong();
        var unitsPerMs = TimeSpan.TicksPerMillisecond / ticksPerUnit;
        if (units < MinUnixMs * unitsPerMs || units > (MaxUnixMs * unitsPerMs) + unitsPerMs - 1)
        {
            ThrowAt(start, AvroError.OutOfRange, $"timestamp {units} is outside the years 1 to 9999");
        }
        return DateTime.UnixEpoch.Ticks + (units * ticksPerUnit);
    }

    private static decimal ToDecimal(int start, ReadOnlySpan<byte> bigEndian, int scale)
    {
        var negative = bigEndian.Length > 0 && bigEndian[0] >= 0x80;
        var sign = negative ? (byte)0xff : (byte)0;
        while (bigEndian.Length > 16 && bigEndian[0] == sign) bigEndian = bigEndian[1..];
        Int128 unscaled = negative ? -1 : 0;
        if (bigEndian.Length <= 16)
        {
            foreach (var octet in bigEndian) unscaled = (unscaled << 8) | octet;
        }
        var magnitude = (UInt128)Int128.Abs(unscaled == Int128.MinValue ? Int128.MaxValue : unscaled);
        if (bigEndian.Length > 16 || magnitude >> 96 != 0)
        {
            ThrowAt(start, AvroError.OutOfRange, "a decimal has more than 28 digits");
        }
        return new decimal((int)(uint)magnitude, (int)(uint)(magnitude >> 32), (int)(uint)(magnitude >> 64), negative, (byte)scale);
    }
}
