using System;

namespace StreamScoring.Schemas.Avro;

/// <summary>
/// "Logical Types" of the Avro specification. One that is unknown or does not fit its Avro type is ignored, as the
/// specification asks.
/// </summary>
internal static class AvroLogicalTypes
{
    public static void Read(SchemaJson json, AvroSchema schema)
    {
        if (json.Find("logicalType") is not { Kind: SchemaJsonKind.String } name) return;
        var size = (schema as AvroFixedSchema)?.SizeBytes;
        schema.LogicalType = (name.Text, schema.Type) switch
        {
            ("decimal", AvroType.Bytes or AvroType.Fixed) when TryReadDecimal(json, schema, size) => AvroLogicalType.Decimal,
            ("uuid", AvroType.String) => AvroLogicalType.Uuid,
            ("uuid", AvroType.Fixed) when size == 16 => AvroLogicalType.Uuid,
            ("date", AvroType.Int) => AvroLogicalType.Date,
            ("time-millis", AvroType.Int) => AvroLogicalType.TimeMillis,
            ("time-micros", AvroType.Long) => AvroLogicalType.TimeMicros,
            ("timestamp-millis", AvroType.Long) => AvroLogicalType.TimestampMillis,
            ("timestamp-micros", AvroType.Long) => AvroLogicalType.TimestampMicros,
            ("local-timestamp-millis", AvroType.Long) => AvroLogicalType.LocalTimestampMillis,
            ("local-timestamp-micros", AvroType.Long) => AvroLogicalType.LocalTimestampMicros,
            ("duration", AvroType.Fixed) when size == 12 => AvroLogicalType.Duration,
            _ => AvroLogicalType.None,
        };
    }

    private static bool TryReadDecimal(SchemaJson json, AvroSchema schema, int? size)
    {
        if (json.Find("precision") is not { } precisionJson || !precisionJson.TryGetInteger(out var precision)) return false;
        long scale = 0;
        if (json.Find("scale") is { } scaleJson && !scaleJson.TryGetInteger(out scale)) return false;
        if (precision is < 1 or > int.MaxValue || scale < 0 || scale > precision) return false;
        if (size is { } bytes && precision > Math.Floor(Math.Log10(2) * ((8.0 * bytes) - 1))) return false;
        schema.Precision = (int)precision;
        schema.Scale = (int)scale;
        return true;
    }
}
