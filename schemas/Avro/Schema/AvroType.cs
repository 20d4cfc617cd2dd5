namespace StreamScoring.Schemas.Avro;

/// <summary>The types of the Avro specification.</summary>
public enum AvroType
{
    /// <summary>No value; zero bytes.</summary>
    Null,

    /// <summary>One byte, 0 or 1.</summary>
    Boolean,

    /// <summary>32-bit signed, zig-zag variable length.</summary>
    Int,

    /// <summary>64-bit signed, zig-zag variable length.</summary>
    Long,

    /// <summary>IEEE 754 single precision, 4 bytes little-endian.</summary>
    Float,

    /// <summary>IEEE 754 double precision, 8 bytes little-endian.</summary>
    Double,

    /// <summary>A length and that many bytes.</summary>
    Bytes,

    /// <summary>A length in bytes and that much UTF-8.</summary>
    String,

    /// <summary>A number of bytes that the schema fixes.</summary>
    Fixed,

    /// <summary>The index of a symbol.</summary>
    Enum,

    /// <summary>Blocks of items.</summary>
    Array,

    /// <summary>Blocks of pairs of string and value.</summary>
    Map,

    /// <summary>The index of a branch and its value.</summary>
    Union,

    /// <summary>Its fields, in order.</summary>
    Record,
}

/// <summary>What a value of an Avro type means to people, where the schema says it.</summary>
public enum AvroLogicalType
{
    /// <summary>Nothing beyond its Avro type; also for logical types that are unknown or do not fit their Avro type.</summary>
    None,

    /// <summary>Bytes or fixed: a two's complement big-endian integer, scaled by a power of ten.</summary>
    Decimal,

    /// <summary>String or fixed(16): an RFC 4122 UUID.</summary>
    Uuid,

    /// <summary>Int: days since 1970-01-01.</summary>
    Date,

    /// <summary>Int: milliseconds since midnight.</summary>
    TimeMillis,

    /// <summary>Long: microseconds since midnight.</summary>
    TimeMicros,

    /// <summary>Long: milliseconds since 1970-01-01T00:00:00Z.</summary>
    TimestampMillis,

    /// <summary>Long: microseconds since 1970-01-01T00:00:00Z.</summary>
    TimestampMicros,

    /// <summary>Long: milliseconds since 1970-01-01T00:00:00 wherever the reader is.</summary>
    LocalTimestampMillis,

    /// <summary>Long: microseconds since 1970-01-01T00:00:00 wherever the reader is.</summary>
    LocalTimestampMicros,

    /// <summary>Fixed(12): months, days and milliseconds.</summary>
    Duration,
}
