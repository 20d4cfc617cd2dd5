using System.Globalization;
using System.Numerics;

namespace StreamScoring.Schemas.Avro;

/// <summary>A decimal of more digits than <see cref="decimal"/> has: <c>UnscaledValue / 10^Scale</c>.</summary>
/// <param name="UnscaledValue">All digits, as an integer.</param>
/// <param name="Scale">How many of them stand after the point; not negative.</param>
public readonly record struct AvroDecimal(BigInteger UnscaledValue, int Scale)
{
    /// <summary>The number in plain digits, e.g. <c>-12.50</c>.</summary>
    public override string ToString()
    {
        var digits = BigInteger.Abs(UnscaledValue).ToString(CultureInfo.InvariantCulture).PadLeft(Scale + 1, '0');
        var sign = UnscaledValue.Sign < 0 ? "-" : "";
        return Scale == 0 ? sign + digits : $"{sign}{digits[..^Scale]}.{digits[^Scale..]}";
    }
}

/// <summary>Avro's <c>duration</c>: three counts that are not converted into each other, as months and days differ in length.</summary>
/// <param name="Months">Months.</param>
/// <param name="Days">Days.</param>
/// <param name="Milliseconds">Milliseconds.</param>
public readonly record struct AvroDuration(uint Months, uint Days, uint Milliseconds);

/// <summary>The only value of Avro's null.</summary>
public readonly record struct AvroNull;
