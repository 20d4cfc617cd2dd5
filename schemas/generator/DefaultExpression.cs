using System.Globalization;
using System.Linq;
using StreamScoring.Schemas.Avro;

namespace StreamScoring.Schemas.Generator;

/// <summary>The default of a field as the C# that a property starts with.</summary>
internal sealed class DefaultExpression
{
    private readonly CSharpNames _names;
    private readonly TypeMap _types;

    public DefaultExpression(CSharpNames names, TypeMap types)
    {
        _names = names;
        _types = types;
    }

    /// <summary>The expression, or null where the C# type's own default is it, or it has no short form.</summary>
    public string? Of(AvroSchema schema, SchemaJson? value)
    {
        if (value is null) return TypeMap.InitialOf(schema);
        switch (schema)
        {
            case AvroUnionSchema union:
                var branch = AvroDefault.BranchOf(union, value);
                if (TypeMap.OptionalOf(union) is null || branch < 0) return null;
                return union.Branches[branch].Type == AvroType.Null ? null : Of(union.Branches[branch], value);
            case AvroArraySchema array:
                var items = value.Items.Select(item => Item(array.Items, item));
                return value.Items.Count == 0 ? "new()" : "new() { " + string.Join(", ", items) + " }";
            case AvroMapSchema map:
                var pairs = value.Members.Select(m => $"[{CSharpNames.StringLiteral(m.Name)}] = {Item(map.Values, m.Value)}");
                return value.Members.Count == 0 ? "new()" : "new() { " + string.Join(", ", pairs) + " }";
            case AvroRecordSchema record:
                var fields = record.Fields.Where(field => value.Find(field.Name) is not null).Select(field =>
                    $"{CSharpNames.Property(record, field)} = {Item(field.Schema, value.Find(field.Name)!)}");
                return value.Members.Count == 0 ? "new()" : $"new {_names.Qualified(record)} {{ {string.Join(", ", fields)} }}";
            case AvroEnumSchema symbols:
                return $"{_names.Qualified(symbols)}.{CSharpNames.Pascal(value.Text)}";
        }
        if (schema.LogicalType != AvroLogicalType.None) return TypeMap.InitialOf(schema);
        return OfPrimitive(schema.Type, value);
    }

    private string Item(AvroSchema schema, SchemaJson value)
    {
        var expression = Of(schema, value);
        if (expression is null) return "default";
        return expression.StartsWith("new()", System.StringComparison.Ordinal)
            ? "new " + _types.TypeOf(schema).TrimEnd('?') + expression.Substring(3)
            : expression;
    }

    private static string? OfPrimitive(AvroType type, SchemaJson value)
    {
        switch (type)
        {
            case AvroType.Boolean: return value.Kind == SchemaJsonKind.True ? "true" : null;
            case AvroType.Int: return value.Text is "0" or "-0" ? null : value.Text;
            case AvroType.Long: return value.Text is "0" or "-0" ? null : value.Text + "L";
            case AvroType.Float: return Number(value, "F");
            case AvroType.Double: return Number(value, "D");
            case AvroType.String: return CSharpNames.StringLiteral(value.Text);
            case AvroType.Bytes or AvroType.Fixed:
                return "[" + string.Join(", ", value.Text.Select(c => ((int)c).ToString(CultureInfo.InvariantCulture))) + "]";
            default: return null;
        }
    }

    private static string? Number(SchemaJson value, string suffix)
    {
        value.TryGetDouble(out var number);
        return number == 0 ? null : value.Text + suffix;
    }
}
