using System.Globalization;

namespace StreamScoring.Schemas.Avro;

/// <summary>What kind of fault an <see cref="AvroException"/> reports.</summary>
public enum AvroError
{
    /// <summary>The data end inside a value.</summary>
    Truncated,

    /// <summary>A value breaks the encoding: a varint too long, a boolean of 2, a negative length, a branch that is not there.</summary>
    Malformed,

    /// <summary>A string is not UTF-8.</summary>
    InvalidUtf8,

    /// <summary>A value is valid Avro but outside what its logical type or its C# type can hold.</summary>
    OutOfRange,

    /// <summary>More than <see cref="AvroLimits"/> allow.</summary>
    LimitExceeded,

    /// <summary>Bytes follow the value.</summary>
    TrailingBytes,

    /// <summary>Null where the schema does not allow it.</summary>
    NullValue,

    /// <summary>The writer's schema is not known.</summary>
    UnknownSchema,

    /// <summary>The writer's schema is known, and its data cannot be read as the reader's.</summary>
    Incompatible,
}

/// <summary>Data that are not Avro of the schema, or a record that the schema cannot hold. A retry cannot help.</summary>
public sealed class AvroException : CodecException
{
    /// <summary>A fault at a place.</summary>
    /// <param name="error">Kind of fault.</param>
    /// <param name="reason">What is wrong, as a sentence without its full stop.</param>
    /// <param name="position">Byte in the input (or the output when writing); negative: none.</param>
    /// <param name="fieldPath">Field, e.g. <c>entities[3].text</c>; null where it is not known.</param>
    public AvroException(AvroError error, string reason, long position = -1, string? fieldPath = null)
        : base(CodeOf(error), Describe(reason, position, fieldPath))
    {
        Error = error;
        Reason = reason;
        Position = position;
        FieldPath = fieldPath;
    }

    /// <summary>Kind of fault.</summary>
    public AvroError Error { get; }

    /// <summary>What is wrong, without the place.</summary>
    public string Reason { get; }

    /// <summary>Byte at which the fault was found, from 0; negative where there is none.</summary>
    public long Position { get; }

    /// <summary>Field in which the fault was found, e.g. <c>entities[3].text</c>; null where it is not known.</summary>
    public string? FieldPath { get; }

    private static string CodeOf(AvroError error) => error switch
    {
        AvroError.Truncated => "avro-truncated",
        AvroError.Malformed => "avro-malformed",
        AvroError.InvalidUtf8 => "avro-invalid-utf8",
        AvroError.OutOfRange => "avro-out-of-range",
        AvroError.LimitExceeded => "avro-limit-exceeded",
        AvroError.TrailingBytes => "avro-trailing-bytes",
        AvroError.NullValue => "avro-null-value",
        AvroError.UnknownSchema => "avro-unknown-schema",
        _ => "avro-incompatible",
    };

    private static string Describe(string reason, long position, string? fieldPath)
    {
        if (position < 0) return fieldPath is null ? $"{reason}." : $"Field {fieldPath}: {reason}.";
        var at = position.ToString(CultureInfo.InvariantCulture);
        return fieldPath is null ? $"Avro, byte {at}: {reason}." : $"Avro, byte {at}, field {fieldPath}: {reason}.";
    }
}
