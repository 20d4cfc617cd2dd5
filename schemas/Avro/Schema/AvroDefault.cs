using System.Collections.Generic;

namespace StreamScoring.Schemas.Avro;

/// <summary>Default values of fields, as the table "field default values" of the Avro specification has them.</summary>
internal static class AvroDefault
{
    /// <summary>What is wrong with the default of a field, as the end of a sentence that begins with it, or null.</summary>
    public static string? Check(AvroField field, out SchemaPosition position) =>
        Check(field.Schema, field.Default!, out position, [field]);

    /// <param name="schema">What the value must fit.</param>
    /// <param name="value">The default, or a part of it.</param>
    /// <param name="position">Where the fault is.</param>
    /// <param name="expanding">Fields whose own defaults stand for what the value does not say.</param>
    private static string? Check(AvroSchema schema, SchemaJson value, out SchemaPosition position, HashSet<AvroField> expanding)
    {
        position = value.Position;
        switch (schema)
        {
            case AvroUnionSchema union:
                return BranchOf(union, value, expanding) >= 0 ? null : "fits no branch of the union";
            case AvroArraySchema array:
                if (value.Kind != SchemaJsonKind.Array) return "is not an array";
                foreach (var item in value.Items)
                {
                    if (Check(array.Items, item, out position, expanding) is { } fault) return fault;
                }
                return null;
            case AvroMapSchema map:
                if (value.Kind != SchemaJsonKind.Object) return "is not an object";
                foreach (var member in value.Members)
                {
                    if (Check(map.Values, member.Value, out position, expanding) is { } fault) return fault;
                }
                return null;
            case AvroRecordSchema record:
                return CheckRecord(record, value, ref position, expanding);
            case AvroEnumSchema symbols:
                return value.Kind == SchemaJsonKind.String && symbols.IndexOf(value.Text) >= 0 ? null : "is none of the symbols";
            case AvroFixedSchema { SizeBytes: var size }:
                return IsBytes(value) && value.Text.Length == size ? null : $"is not a string of {size} characters from \\u0000 to \\u00ff";
            default:
                return CheckPrimitive(schema.Type, value);
        }
    }

    /// <summary>The first branch that a default fits, or -1.</summary>
    public static int BranchOf(AvroUnionSchema union, SchemaJson value) => BranchOf(union, value, []);

    private static int BranchOf(AvroUnionSchema union, SchemaJson value, HashSet<AvroField> expanding)
    {
        for (var i = 0; i < union.Branches.Count; i++)
        {
            if (Check(union.Branches[i], value, out _, expanding) is null) return i;
        }
        return -1;
    }

    private static string? CheckRecord(
        AvroRecordSchema record, SchemaJson value, ref SchemaPosition position, HashSet<AvroField> expanding)
    {
        if (value.Kind != SchemaJsonKind.Object) return "is not an object";
        foreach (var field in record.Fields)
        {
            if (value.Find(field.Name) is { } said)
            {
                if (Check(field.Schema, said, out position, expanding) is { } fault) return fault;
                continue;
            }
            if (field.Default is not { } own) return $"has no \"{field.Name}\", which has no default of its own";
            if (!expanding.Add(field)) return "contains itself with no end";
            var inner = Check(field.Schema, own, out _, expanding);
            expanding.Remove(field);
            if (inner is not null) return $"has no \"{field.Name}\", whose own default {inner}";
        }
        return null;
    }

    private static string? CheckPrimitive(AvroType type, SchemaJson value) => type switch
    {
        AvroType.Null => value.Kind == SchemaJsonKind.Null ? null : "is not null",
        AvroType.Boolean => value.Kind is SchemaJsonKind.True or SchemaJsonKind.False ? null : "is neither true nor false",
        AvroType.Int => value.TryGetInteger(out var number) && number is >= int.MinValue and <= int.MaxValue
            ? null : "is not a 32-bit integer",
        AvroType.Long => value.TryGetInteger(out _) ? null : "is not a 64-bit integer",
        AvroType.Float or AvroType.Double => value.TryGetDouble(out _) ? null : "is not a number",
        AvroType.Bytes => IsBytes(value) ? null : "is not a string of characters from \\u0000 to \\u00ff",
        _ => value.Kind == SchemaJsonKind.String ? null : "is not a string",
    };

    private static bool IsBytes(SchemaJson value)
    {
        if (value.Kind != SchemaJsonKind.String) return false;
        foreach (var c in value.Text)
        {
            if (c > '\xff') return false;
        }
        return true;
    }
}
