using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Text;
using StreamScoring.Schemas.Avro;

namespace StreamScoring.Schemas.Generator;

/// <summary>What the generator complains about, at its place in the .avsc.</summary>
internal static class Diagnostics
{
    private const string Category = "Avro";

    private static readonly DiagnosticDescriptor InvalidJson = Error(AvroSchemaProblem.InvalidJson, "Schema is not valid JSON");
    private static readonly DiagnosticDescriptor MissingAttribute = Error(AvroSchemaProblem.MissingAttribute, "Attribute is missing");
    private static readonly DiagnosticDescriptor UnknownType = Error(AvroSchemaProblem.UnknownType, "Type is not defined");
    private static readonly DiagnosticDescriptor InvalidName = Error(AvroSchemaProblem.InvalidName, "Name is invalid");
    private static readonly DiagnosticDescriptor DuplicateName = Error(AvroSchemaProblem.DuplicateName, "Name appears twice");
    private static readonly DiagnosticDescriptor InvalidUnion = Error(AvroSchemaProblem.InvalidUnion, "Union is invalid");
    private static readonly DiagnosticDescriptor InvalidDefault = Error(AvroSchemaProblem.InvalidDefault, "Default does not fit");
    private static readonly DiagnosticDescriptor EndlessRecord = Error(AvroSchemaProblem.EndlessRecord, "Record contains itself");

    /// <summary>Two names of the schema are one name in C#.</summary>
    public static readonly DiagnosticDescriptor SameCSharpName = Error("AVRO020", "Two names become one in C#");

    /// <summary>Two files define a type of the same name in different ways.</summary>
    public static readonly DiagnosticDescriptor ConflictingFiles = Error("AVRO021", "Two files define one type differently");

    /// <summary>The file's outermost type has no name to call a class by.</summary>
    public static readonly DiagnosticDescriptor NothingNamed = Error("AVRO022", "Schema defines no named type");

    public static Diagnostic Of(SchemaFile file, AvroSchemaProblem problem)
    {
        var descriptor = problem.Code switch
        {
            AvroSchemaProblem.InvalidJson => InvalidJson,
            AvroSchemaProblem.MissingAttribute => MissingAttribute,
            AvroSchemaProblem.UnknownType => UnknownType,
            AvroSchemaProblem.InvalidName => InvalidName,
            AvroSchemaProblem.DuplicateName => DuplicateName,
            AvroSchemaProblem.InvalidUnion => InvalidUnion,
            AvroSchemaProblem.InvalidDefault => InvalidDefault,
            _ => EndlessRecord,
        };
        return Of(file, descriptor, problem.Position, problem.Message);
    }

    public static Diagnostic Of(SchemaFile file, DiagnosticDescriptor descriptor, SchemaPosition position, string message)
    {
        var at = new LinePosition(position.Line - 1, position.Column - 1);
        var location = Location.Create(file.Path, new TextSpan(position.Offset, 0), new LinePositionSpan(at, at));
        return Diagnostic.Create(descriptor, location, message);
    }

    private static DiagnosticDescriptor Error(string id, string title) =>
        new(id, title, "{0}", Category, DiagnosticSeverity.Error, isEnabledByDefault: true);
}
