using StreamScoring.Schemas.Avro;

namespace StreamScoring.Schemas.Generator;

/// <summary>A record of the schema as a class: a property for each field, started with its default.</summary>
internal sealed class RecordEmitter
{
    private readonly TypeMap _types;
    private readonly DefaultExpression _defaults;

    public RecordEmitter(TypeMap types, DefaultExpression defaults)
    {
        _types = types;
        _defaults = defaults;
    }

    public void Emit(CodeText text, AvroRecordSchema record)
    {
        text.Summary(record.Doc ?? $"Record {record.FullName} of the schema.");
        text.Open($"public sealed partial class {CSharpNames.TypeName(record)}");
        for (var i = 0; i < record.Fields.Count; i++)
        {
            var field = record.Fields[i];
            if (i > 0) text.Line();
            text.Summary(field.Doc ?? $"Field \"{field.Name}\" of the schema.");
            var initial = _defaults.Of(field.Schema, field.Default);
            text.Line($"public {_types.TypeOf(field.Schema)} {CSharpNames.Property(record, field)} {{ get; set; }}"
                + (initial is null ? "" : $" = {initial};"));
        }
        text.Close();
    }
}
