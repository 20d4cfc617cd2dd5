using System.Collections.Generic;
using System.Globalization;
using System.Text;

namespace StreamScoring.Schemas.Avro;

/// <summary>"Transforming into Parsing Canonical Form" of the Avro specification.</summary>
internal static class AvroCanonicalForm
{
    public static string Of(AvroSchema schema)
    {
        var form = new StringBuilder();
        Write(form, schema, new HashSet<string>());
        return form.ToString();
    }

    private static void Write(StringBuilder form, AvroSchema schema, HashSet<string> defined)
    {
        switch (schema)
        {
            case AvroNamedSchema named when !defined.Add(named.FullName):
                form.Append('"').Append(named.FullName).Append('"');
                break;
            case AvroNamedSchema named:
                form.Append("{\"name\":\"").Append(named.FullName)
                    .Append("\",\"type\":\"").Append(AvroPrimitiveSchema.NameOf(named.Type)).Append("\",");
                WriteDefinition(form, named, defined);
                form.Append('}');
                break;
            case AvroArraySchema array:
                form.Append("{\"type\":\"array\",\"items\":");
                Write(form, array.Items, defined);
                form.Append('}');
                break;
            case AvroMapSchema map:
                form.Append("{\"type\":\"map\",\"values\":");
                Write(form, map.Values, defined);
                form.Append('}');
                break;
            case AvroUnionSchema union:
                form.Append('[');
                for (var i = 0; i < union.Branches.Count; i++)
                {
                    if (i > 0) form.Append(',');
                    Write(form, union.Branches[i], defined);
                }
                form.Append(']');
                break;
            default:
                form.Append('"').Append(AvroPrimitiveSchema.NameOf(schema.Type)).Append('"');
                break;
        }
    }

    private static void WriteDefinition(StringBuilder form, AvroNamedSchema named, HashSet<string> defined)
    {
        switch (named)
        {
            case AvroFixedSchema { SizeBytes: var size }:
                form.Append("\"size\":").Append(size.ToString(CultureInfo.InvariantCulture));
                break;
            case AvroEnumSchema { Symbols: var symbols }:
                form.Append("\"symbols\":[");
                for (var i = 0; i < symbols.Count; i++) form.Append(i > 0 ? ",\"" : "\"").Append(symbols[i]).Append('"');
                form.Append(']');
                break;
            case AvroRecordSchema { Fields: var fields }:
                form.Append("\"fields\":[");
                for (var i = 0; i < fields.Count; i++)
                {
                    form.Append(i > 0 ? ",{\"name\":\"" : "{\"name\":\"").Append(fields[i].Name).Append("\",\"type\":");
                    Write(form, fields[i].Schema, defined);
                    form.Append('}');
                }
                form.Append(']');
                break;
        }
    }
}
