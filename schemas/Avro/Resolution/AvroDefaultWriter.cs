using System.Text;

namespace StreamScoring.Schemas.Avro.Resolution;

/// <summary>A field's default as Avro data. Defaults were checked when the schema was parsed.</summary>
internal static class AvroDefaultWriter
{
    public static byte[] Encode(AvroSchema schema, SchemaJson value)
    {
        var writer = new AvroWriter(0);
        try
        {
            Write(ref writer, schema, value);
            return writer.Written.ToArray();
        }
        finally
        {
            writer.Dispose();
        }
    }

    private static void Write(ref AvroWriter writer, AvroSchema schema, SchemaJson value)
    {
        switch (schema)
        {
            case AvroUnionSchema union:
                var branch = AvroDefault.BranchOf(union, value);
                writer.WriteUnion(branch);
                Write(ref writer, union.Branches[branch], value);
                break;
            case AvroRecordSchema record:
                foreach (var field in record.Fields) Write(ref writer, field.Schema, (value.Find(field.Name) ?? field.Default)!);
                break;
            case AvroArraySchema array:
                if (value.Items.Count > 0) writer.WriteBlock(value.Items.Count);
                foreach (var item in value.Items) Write(ref writer, array.Items, item);
                writer.WriteBlock(0);
                break;
            case AvroMapSchema map:
                if (value.Members.Count > 0) writer.WriteBlock(value.Members.Count);
                foreach (var member in value.Members)
                {
                    writer.WriteString(member.Name);
                    Write(ref writer, map.Values, member.Value);
                }
                writer.WriteBlock(0);
                break;
            case AvroEnumSchema symbols:
                writer.WriteInt(symbols.IndexOf(value.Text));
                break;
            case AvroFixedSchema:
                writer.WriteRaw(Encoding.Latin1.GetBytes(value.Text));
                break;
            default:
                WritePrimitive(ref writer, schema.Type, value);
                break;
        }
    }

    private static void WritePrimitive(ref AvroWriter writer, AvroType type, SchemaJson value)
    {
        value.TryGetInteger(out var integer);
        value.TryGetDouble(out var number);
        switch (type)
        {
            case AvroType.Boolean: writer.WriteBoolean(value.Kind == SchemaJsonKind.True); break;
            case AvroType.Int or AvroType.Long: writer.WriteLong(integer); break;
            case AvroType.Float: writer.WriteFloat((float)number); break;
            case AvroType.Double: writer.WriteDouble(number); break;
            case AvroType.Bytes: writer.WriteBytes(Encoding.Latin1.GetBytes(value.Text).AsSpan()); break;
            case AvroType.String: writer.WriteString(value.Text); break;
        }
    }
}
