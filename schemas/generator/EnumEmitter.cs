using StreamScoring.Schemas.Avro;

namespace StreamScoring.Schemas.Generator;

/// <summary>An enum of the schema as a C# enum: the value is the symbol's index.</summary>
internal static class EnumEmitter
{
    public static void Emit(CodeText text, AvroEnumSchema schema)
    {
        text.Summary(schema.Doc ?? $"Enum {schema.FullName} of the schema.");
        text.Open("public enum " + CSharpNames.TypeName(schema));
        for (var i = 0; i < schema.Symbols.Count; i++)
        {
            text.Summary($"Symbol \"{schema.Symbols[i]}\".");
            text.Line($"{CSharpNames.Pascal(schema.Symbols[i])} = {i},");
        }
        text.Close();
    }
}
