using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;

namespace StreamScoring.Schemas.Avro;

/// <summary>One thing that is wrong with a schema, and where.</summary>
public sealed class AvroSchemaProblem
{
    internal const string InvalidJson = "AVRO001";
    internal const string MissingAttribute = "AVRO002";
    internal const string UnknownType = "AVRO003";
    internal const string InvalidName = "AVRO004";
    internal const string DuplicateName = "AVRO005";
    internal const string InvalidUnion = "AVRO006";
    internal const string InvalidDefault = "AVRO007";
    internal const string EndlessRecord = "AVRO008";

    internal AvroSchemaProblem(string code, string message, SchemaPosition position)
    {
        Code = code;
        Message = message;
        Position = position;
    }

    /// <summary>Stable code, the same that the generator reports as a diagnostic: <c>AVRO001</c> and up.</summary>
    public string Code { get; }

    /// <summary>What is wrong, and what would be right.</summary>
    public string Message { get; }

    /// <summary>Line in the schema's text, from 1.</summary>
    public int Line => Position.Line;

    /// <summary>Column in that line, from 1, in UTF-16 code units.</summary>
    public int Column => Position.Column;

    internal SchemaPosition Position { get; }

    /// <inheritdoc/>
    public override string ToString() =>
        string.Format(CultureInfo.InvariantCulture, "({0},{1}): {2}: {3}", Line, Column, Code, Message);
}

/// <summary>A schema that does not follow the Avro specification. A retry cannot help.</summary>
public sealed class AvroSchemaException : Exception
{
    internal AvroSchemaException(AvroSchemaProblem problem)
        : this([problem])
    {
    }

    internal AvroSchemaException(IReadOnlyList<AvroSchemaProblem> problems)
        : base(Describe(problems)) => Problems = problems;

    /// <summary>Everything found wrong, in the order of the text.</summary>
    public IReadOnlyList<AvroSchemaProblem> Problems { get; }

    private static string Describe(IReadOnlyList<AvroSchemaProblem> problems)
    {
        if (problems.Count == 1) return "Invalid Avro schema " + problems[0];
        var text = new StringBuilder("Invalid Avro schema:");
        foreach (var problem in problems) text.Append("\n  ").Append(problem);
        return text.ToString();
    }
}
