using System.Globalization;
using StreamScoring.Schemas.Avro;

namespace StreamScoring.Schemas.Generator;

/// <summary>A record of the schema as a class: a property for each field, started with its default, and the codec.</summary>
internal sealed class RecordEmitter
{
    private readonly TypeMap _types;
    private readonly DefaultExpression _defaults;
    private readonly CodecEmitter _codec;

    public RecordEmitter(TypeMap types, DefaultExpression defaults, CodecEmitter codec)
    {
        _types = types;
        _defaults = defaults;
        _codec = codec;
    }

    public void Emit(CodeText text, AvroRecordSchema record)
    {
        var name = CSharpNames.TypeName(record);
        text.Summary(record.Doc ?? $"Record {record.FullName} of the schema.");
        text.Open($"public sealed partial class {name} : global::StreamScoring.Schemas.Avro.IAvroRecord<{name}>");
        foreach (var field in record.Fields)
        {
            text.Summary(field.Doc ?? $"Field \"{field.Name}\" of the schema.");
            var initial = _defaults.Of(field.Schema, field.Default);
            text.Line($"public {_types.TypeOf(field.Schema)} {CSharpNames.Property(record, field)} {{ get; set; }}"
                + (initial is null ? "" : $" = {initial};"));
            text.Line();
        }
        EmitSchema(text, record);
        EmitCodec(text, record);
        text.Close();
    }

    private static void EmitSchema(CodeText text, AvroRecordSchema record)
    {
        text.Line("/// <inheritdoc/>");
        text.Line("public static global::StreamScoring.Schemas.Avro.AvroSchema AvroSchema { get; } =");
        text.Line($"    global::{CodecEmitter.HelperClass}.Find({CSharpNames.StringLiteral(record.FullName)});");
        text.Line();
        text.Line("/// <inheritdoc/>");
        text.Line("public static ulong AvroFingerprint => 0x" + record.Fingerprint.ToString("x16", CultureInfo.InvariantCulture) + "UL;");
        text.Line();
    }

    private void EmitCodec(CodeText text, AvroRecordSchema record)
    {
        var recursive = AvroSize.IsRecursive(record);
        text.Line("/// <inheritdoc/>");
        text.Open("public void EncodeAvro(ref global::StreamScoring.Schemas.Avro.AvroWriter writer)");
        if (recursive) text.Line("writer.Enter();");
        foreach (var field in record.Fields)
        {
            var statement = _codec.Write(field.Schema, "this." + CSharpNames.Property(record, field));
            if (statement.Length > 0) text.Line(statement);
        }
        if (recursive) text.Line("writer.Exit();");
        text.Close();
        text.Line();
        text.Line("/// <inheritdoc/>");
        text.Open("public void DecodeAvro(ref global::StreamScoring.Schemas.Avro.AvroReader reader)");
        if (recursive) text.Line("reader.Enter();");
        foreach (var field in record.Fields)
        {
            var property = "this." + CSharpNames.Property(record, field);
            text.Line($"{property} = {_codec.Read(field.Schema, property)};");
        }
        if (recursive) text.Line("reader.Exit();");
        text.Close();
    }
}
