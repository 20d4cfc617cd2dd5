using System.Collections.Generic;
using StreamScoring.Schemas.Avro;

namespace StreamScoring.Schemas.Generator;

/// <summary>
/// Statements that write and read values: one call for a primitive, a method of its own for each array, map and union.
/// </summary>
internal sealed class CodecEmitter
{
    /// <summary>Class in each generated file that holds the methods of its collections and its schema.</summary>
    public const string HelperClass = "AvscCodec";

    private const string Reader = "ref global::StreamScoring.Schemas.Avro.AvroReader reader";
    private const string Writer = "ref global::StreamScoring.Schemas.Avro.AvroWriter writer";

    private readonly CSharpNames _names;
    private readonly TypeMap _types;
    private readonly Dictionary<AvroSchema, int> _helpers = [];
    private readonly Queue<AvroSchema> _pending = new();

    public CodecEmitter(CSharpNames names, TypeMap types)
    {
        _names = names;
        _types = types;
    }

    /// <summary>A statement that writes <paramref name="value"/>.</summary>
    public string Write(AvroSchema schema, string value)
    {
        switch (schema)
        {
            case AvroRecordSchema: return $"writer.NotNull({value}).EncodeAvro(ref writer);";
            case AvroEnumSchema symbols: return $"writer.WriteEnum((int){value}, {symbols.Symbols.Count});";
            case AvroUnionSchema { Branches.Count: 1 } union: return $"writer.WriteUnion(0); {Write(union.Branches[0], value)}";
            case AvroUnionSchema or AvroArraySchema or AvroMapSchema:
                return $"global::{HelperClass}.Write{HelperOf(schema)}(ref writer, {value});";
        }
        var size = schema is AvroFixedSchema sized ? $", {sized.SizeBytes}" : "";
        var isFixed = schema is AvroFixedSchema ? "Fixed" : "";
        return schema.LogicalType switch
        {
            AvroLogicalType.None when schema.Type == AvroType.Null => "",
            AvroLogicalType.None => $"writer.Write{schema.Type}({value}{size});",
            AvroLogicalType.Decimal => TypeMap.IsSystemDecimal(schema)
                ? $"writer.WriteDecimal{isFixed}({value}{size}, {schema.Precision}, {schema.Scale});"
                : $"writer.WriteBigDecimal{isFixed}({value}{size}, {schema.Precision}, {schema.Scale});",
            AvroLogicalType.Uuid => $"writer.WriteUuid{isFixed}({value});",
            _ => $"writer.Write{schema.LogicalType}({value});",
        };
    }

    /// <summary>An expression that reads a value.</summary>
    /// <param name="schema">Of the value.</param>
    /// <param name="reuse">An expression for what may be filled again; null: there is nothing.</param>
    public string Read(AvroSchema schema, string? reuse)
    {
        switch (schema)
        {
            case AvroRecordSchema record:
                return $"global::{HelperClass}.Read{HelperOf(record)}(ref reader, {reuse ?? "null"})";
            case AvroEnumSchema symbols: return $"({_names.Qualified(symbols)})reader.ReadEnum({symbols.Symbols.Count})";
            case AvroUnionSchema or AvroArraySchema or AvroMapSchema:
                var helper = $"global::{HelperClass}.Read{HelperOf(schema)}(ref reader";
                return reuse is not null && IsReusable(schema) ? $"{helper}, {reuse})" : helper + (IsReusable(schema) ? ", null)" : ")");
            case AvroFixedSchema { LogicalType: AvroLogicalType.None, SizeBytes: var size }:
                return $"reader.ReadFixed({size}, {reuse ?? "null"})";
        }
        var isFixed = schema is AvroFixedSchema ? "Fixed" : "";
        var sizeArgument = schema is AvroFixedSchema sized ? $"{sized.SizeBytes}, " : "";
        return schema.LogicalType switch
        {
            AvroLogicalType.None => schema.Type switch
            {
                AvroType.Null => "default(global::StreamScoring.Schemas.Avro.AvroNull)",
                AvroType.String or AvroType.Bytes => $"reader.Read{schema.Type}({reuse ?? "null"})",
                _ => $"reader.Read{schema.Type}()",
            },
            AvroLogicalType.Decimal => TypeMap.IsSystemDecimal(schema)
                ? $"reader.ReadDecimal{isFixed}({sizeArgument}{schema.Scale})"
                : $"reader.ReadBigDecimal{isFixed}({sizeArgument}{schema.Scale})",
            AvroLogicalType.Uuid => $"reader.ReadUuid{isFixed}()",
            _ => $"reader.Read{schema.LogicalType}()",
        };
    }

    /// <summary>The helper class with all methods asked for so far, and those that they need.</summary>
    public void EmitHelpers(CodeText text, string schemaJson)
    {
        text.Line("/// <summary>Codecs of the arrays, maps and unions of one schema.</summary>");
        text.Open("file static class " + HelperClass);
        text.Line("public static readonly global::StreamScoring.Schemas.Avro.AvroSchema Schema =");
        text.Line($"    global::StreamScoring.Schemas.Avro.AvroSchema.Parse({CSharpNames.StringLiteral(schemaJson)});");
        text.Line();
        text.Open("public static global::StreamScoring.Schemas.Avro.AvroSchema Find(string fullName)");
        text.Open("foreach (var named in Schema.NamedTypes())");
        text.Line("if (named.FullName == fullName) return named;");
        text.Close();
        text.Line("throw new global::System.InvalidOperationException(fullName);");
        text.Close();
        while (_pending.Count > 0)
        {
            var schema = _pending.Dequeue();
            text.Line();
            switch (schema)
            {
                case AvroRecordSchema record: EmitRecord(text, record); break;
                case AvroArraySchema array: EmitArray(text, array); break;
                case AvroMapSchema map: EmitMap(text, map); break;
                case AvroUnionSchema union: EmitUnion(text, union); break;
            }
        }
        text.Close();
    }

    private static bool IsReusable(AvroSchema schema) => schema is AvroUnionSchema union
        ? TypeMap.OptionalOf(union) is { } only && TypeMap.IsReference(only)
        : TypeMap.IsReference(schema);

    private int HelperOf(AvroSchema schema)
    {
        if (_helpers.TryGetValue(schema, out var number)) return number;
        number = _helpers.Count;
        _helpers.Add(schema, number);
        _pending.Enqueue(schema);
        return number;
    }

    private void EmitRecord(CodeText text, AvroRecordSchema record)
    {
        var type = _names.Qualified(record);
        text.Open($"public static {type} Read{_helpers[record]}({Reader}, {type}? reuse)");
        text.Line($"var record = reuse ?? new {type}();");
        text.Line("record.DecodeAvro(ref reader);");
        text.Line("return record;");
        text.Close();
    }

    private void EmitArray(CodeText text, AvroArraySchema array)
    {
        var (number, type) = (_helpers[array], _types.TypeOf(array));
        text.Open($"public static void Write{number}({Writer}, {type}? list)");
        text.Line("var items = global::System.Runtime.InteropServices.CollectionsMarshal.AsSpan(writer.NotNull(list));");
        text.Line("if (items.Length > 0) writer.WriteBlock(items.Length);");
        text.Open("foreach (ref var item in items)");
        text.Line(Write(array.Items, "item"));
        text.Close();
        text.Line("writer.WriteBlock(0);");
        text.Close();
        text.Line();

        var minimum = AvroSize.MinimumOf(array.Items);
        text.Open($"public static {type} Read{number}({Reader}, {type}? reuse)");
        text.Line($"var list = reuse ?? new {type}();");
        text.Line("var used = 0;");
        text.Open($"while (reader.ReadBlock({minimum}, used) is var count && count > 0)");
        text.Line($"list.EnsureCapacity(used + reader.ClaimCapacity(count, {SlotBytes(array.Items)}));");
        text.Open("for (; count > 0; count--, used++)");
        if (IsReusable(array.Items))
        {
            text.Line($"if (used < list.Count) list[used] = {Read(array.Items, "list[used]")};");
            text.Line($"else list.Add({Read(array.Items, null)});");
        }
        else
        {
            text.Line($"var item = {Read(array.Items, null)};");
            text.Line("if (used < list.Count) list[used] = item;");
            text.Line("else list.Add(item);");
        }
        text.Close();
        text.Close();
        text.Line("if (used < list.Count) list.RemoveRange(used, list.Count - used);");
        text.Line("return list;");
        text.Close();
    }

    private void EmitMap(CodeText text, AvroMapSchema map)
    {
        var (number, type) = (_helpers[map], _types.TypeOf(map));
        text.Open($"public static void Write{number}({Writer}, {type}? map)");
        text.Line("if (writer.NotNull(map).Count > 0) writer.WriteBlock(map.Count);");
        text.Open("foreach (var pair in map)");
        text.Line("writer.WriteString(pair.Key);");
        text.Line(Write(map.Values, "pair.Value"));
        text.Close();
        text.Line("writer.WriteBlock(0);");
        text.Close();
        text.Line();

        var minimum = AvroSize.MinimumOfPair(map);
        text.Open($"public static {type} Read{number}({Reader}, {type}? reuse)");
        text.Line($"var map = reuse ?? new {type}();");
        text.Line("map.Clear();");
        text.Line("var before = 0;");
        text.Open($"while (reader.ReadBlock({minimum}, before) is var count && count > 0)");
        text.Line("before += count;");
        text.Line($"map.EnsureCapacity(map.Count + reader.ClaimCapacity(count, {24 + SlotBytes(map.Values)}));");
        text.Open("for (; count > 0; count--)");
        text.Line("var key = reader.ReadString();");
        text.Line($"map[key] = {Read(map.Values, null)};");
        text.Close();
        text.Close();
        text.Line("return map;");
        text.Close();
    }

    private void EmitUnion(CodeText text, AvroUnionSchema union)
    {
        if (TypeMap.OptionalOf(union) is { } only)
        {
            EmitOptional(text, union, only);
            return;
        }
        var (number, type) = (_helpers[union], _types.TypeOf(union));
        text.Open($"public static void Write{number}({Writer}, {type} value)");
        text.Line("writer.WriteUnion((int)value.Kind);");
        text.Open("switch ((int)value.Kind)");
        for (var i = 0; i < union.Branches.Count; i++)
        {
            if (union.Branches[i].Type == AvroType.Null) continue;
            text.Line($"case {i}: {Write(union.Branches[i], "value.As" + UnionEmitter.BranchName(union, i))} break;");
        }
        text.Close();
        text.Close();
        text.Line();
        text.Open($"public static {type} Read{number}({Reader})");
        text.Open($"switch (reader.ReadUnion({union.Branches.Count}))");
        for (var i = 0; i < union.Branches.Count; i++)
        {
            var branch = union.Branches[i];
            var argument = branch.Type == AvroType.Null ? "" : Read(branch, null);
            text.Line($"case {i}: return {type}.Of{UnionEmitter.BranchName(union, i)}({argument});");
        }
        text.Line("default: return default;");
        text.Close();
        text.Close();
    }

    private void EmitOptional(CodeText text, AvroUnionSchema union, AvroSchema only)
    {
        var (number, type) = (_helpers[union], _types.TypeOf(union));
        if (union.Branches.Count == 1)
        {
            text.Open($"public static {type} Read{number}({Reader}{(IsReusable(only) ? $", {type}? reuse" : "")})");
            text.Line("reader.ReadUnion(1);");
            text.Line($"return {Read(only, IsReusable(only) ? "reuse" : null)};");
            text.Close();
            return;
        }
        var nullBranch = TypeMap.NullBranchOf(union);
        text.Open($"public static void Write{number}({Writer}, {type} value)");
        text.Open("if (value is { } some)");
        text.Line($"writer.WriteUnion({1 - nullBranch});");
        text.Line(Write(only, "some"));
        text.Close();
        text.Line($"else writer.WriteUnion({nullBranch});");
        text.Close();
        text.Line();
        text.Open($"public static {type} Read{number}({Reader}{(IsReusable(only) ? $", {type} reuse" : "")})");
        text.Line($"if (reader.ReadUnion(2) == {nullBranch}) return null;");
        text.Line($"return {Read(only, IsReusable(only) ? "reuse" : null)};");
        text.Close();
    }

    /// <summary>Bytes of a list's slot, about.</summary>
    private static int SlotBytes(AvroSchema schema) => schema switch
    {
        _ when TypeMap.IsReference(schema) => 8,
        AvroUnionSchema union => TypeMap.OptionalOf(union) is { } only ? 8 + SlotBytes(only) : 16 + (8 * union.Branches.Count),
        _ => schema.LogicalType is AvroLogicalType.None ? 8 : 24,
    };
}
