using StreamScoring.Schemas.Avro;

namespace StreamScoring.Schemas.Generator;

/// <summary>Which C# type holds the values of a schema.</summary>
internal sealed class TypeMap
{
    /// <summary>Decimal digits that System.Decimal holds whatever they are.</summary>
    private const int SystemDecimalDigits = 28;

    private const string Runtime = "global::StreamScoring.Schemas.Avro.";

    private readonly CSharpNames _names;
    private readonly UnionNames _unions;

    public TypeMap(CSharpNames names, UnionNames unions)
    {
        _names = names;
        _unions = unions;
    }

    /// <summary>The C# type, with a question mark where null is one of its values.</summary>
    public string TypeOf(AvroSchema schema) => schema switch
    {
        AvroRecordSchema or AvroEnumSchema => _names.Qualified((AvroNamedSchema)schema),
        AvroArraySchema array => $"global::System.Collections.Generic.List<{TypeOf(array.Items)}>",
        AvroMapSchema map => $"global::System.Collections.Generic.Dictionary<string, {TypeOf(map.Values)}>",
        AvroUnionSchema union => TypeOfUnion(union),
        _ => TypeOfLogical(schema) ?? TypeOfPrimitive(schema.Type),
    };

    /// <summary>The only branch beside null, or null where there are several or none.</summary>
    public static AvroSchema? OptionalOf(AvroUnionSchema union)
    {
        if (union.Branches.Count == 1) return union.Branches[0].Type == AvroType.Null ? null : union.Branches[0];
        if (union.Branches.Count != 2) return null;
        var nullAt = NullBranchOf(union);
        return nullAt < 0 ? null : union.Branches[1 - nullAt];
    }

    /// <summary>Index of the null branch, or -1.</summary>
    public static int NullBranchOf(AvroUnionSchema union)
    {
        for (var i = 0; i < union.Branches.Count; i++)
        {
            if (union.Branches[i].Type == AvroType.Null) return i;
        }
        return -1;
    }

    /// <summary>Whether the C# type is a class.</summary>
    public static bool IsReference(AvroSchema schema) => schema switch
    {
        AvroRecordSchema or AvroArraySchema or AvroMapSchema => true,
        AvroUnionSchema union => OptionalOf(union) is { } only && IsReference(only),
        AvroEnumSchema => false,
        _ when schema.LogicalType is not AvroLogicalType.None => false,
        _ => schema.Type is AvroType.String or AvroType.Bytes or AvroType.Fixed,
    };

    /// <summary>Initial value of a property, or null where the type's own default is right.</summary>
    public static string? InitialOf(AvroSchema schema) => schema switch
    {
        AvroUnionSchema union => OptionalOf(union) is { } only && union.Branches.Count == 1 ? InitialOf(only) : null,
        AvroRecordSchema or AvroArraySchema or AvroMapSchema => "new()",
        _ when schema.LogicalType is not AvroLogicalType.None => null,
        AvroFixedSchema { SizeBytes: var size } => size == 0 ? "[]" : $"new byte[{size}]",
        _ => schema.Type switch
        {
            AvroType.String => "\"\"",
            AvroType.Bytes => "[]",
            _ => null,
        },
    };

    private string TypeOfUnion(AvroUnionSchema union)
    {
        if (OptionalOf(union) is { } only) return union.Branches.Count == 1 ? TypeOf(only) : TypeOf(only) + "?";
        return _unions.NameOf(union);
    }

    public static bool IsSystemDecimal(AvroSchema schema) => schema.Precision <= SystemDecimalDigits;

    private static string? TypeOfLogical(AvroSchema schema) => schema.LogicalType switch
    {
        AvroLogicalType.Decimal => IsSystemDecimal(schema) ? "decimal" : Runtime + "AvroDecimal",
        AvroLogicalType.Uuid => "global::System.Guid",
        AvroLogicalType.Date => "global::System.DateOnly",
        AvroLogicalType.TimeMillis or AvroLogicalType.TimeMicros => "global::System.TimeOnly",
        AvroLogicalType.TimestampMillis or AvroLogicalType.TimestampMicros => "global::System.DateTimeOffset",
        AvroLogicalType.LocalTimestampMillis or AvroLogicalType.LocalTimestampMicros => "global::System.DateTime",
        AvroLogicalType.Duration => Runtime + "AvroDuration",
        _ => null,
    };

    private static string TypeOfPrimitive(AvroType type) => type switch
    {
        AvroType.Null => Runtime + "AvroNull",
        AvroType.Boolean => "bool",
        AvroType.Int => "int",
        AvroType.Long => "long",
        AvroType.Float => "float",
        AvroType.Double => "double",
        AvroType.Bytes or AvroType.Fixed => "byte[]",
        _ => "string",
    };
}
