using System.Collections.Generic;
using System.Text;
using Microsoft.CodeAnalysis.CSharp;
using StreamScoring.Schemas.Avro;

namespace StreamScoring.Schemas.Generator;

/// <summary>From the names of a schema to those of C#.</summary>
internal sealed class CSharpNames
{
    private static readonly HashSet<string> ObjectMembers =
    [
        "Equals", "GetHashCode", "GetType", "ToString", "MemberwiseClone", "Finalize", "ReferenceEquals",
        "AvroSchema", "AvroFingerprint", "EncodeAvro", "DecodeAvro",
    ];

    private readonly string _rootNamespace;
    private readonly string? _mappedTo;

    /// <param name="rootNamespace">Avro namespace of the file's outermost type.</param>
    /// <param name="mappedTo">C# namespace that stands for it; null or empty: the same in Pascal case.</param>
    public CSharpNames(string rootNamespace, string? mappedTo)
    {
        _rootNamespace = rootNamespace;
        _mappedTo = string.IsNullOrEmpty(mappedTo) ? null : mappedTo;
    }

    /// <summary>C# namespace of an Avro one; empty for the global one.</summary>
    public string Namespace(string avroNamespace)
    {
        if (_mappedTo is not null)
        {
            if (avroNamespace == _rootNamespace) return _mappedTo;
            if (_rootNamespace.Length == 0) return _mappedTo + "." + PascalParts(avroNamespace);
            if (avroNamespace.StartsWith(_rootNamespace + ".", System.StringComparison.Ordinal))
            {
                return _mappedTo + "." + PascalParts(avroNamespace.Substring(_rootNamespace.Length + 1));
            }
        }
        return PascalParts(avroNamespace);
    }

    /// <summary>Name of the C# type that a named type becomes, with <c>global::</c>.</summary>
    public string Qualified(AvroNamedSchema schema)
    {
        var ns = Namespace(schema.Namespace);
        return ns.Length == 0 ? "global::" + TypeName(schema) : "global::" + ns + "." + TypeName(schema);
    }

    public static string TypeName(AvroNamedSchema schema) => Pascal(schema.Name);

    /// <summary>Name of the property of a field, different from its record's and from those every class has.</summary>
    public static string Property(AvroRecordSchema record, AvroField field)
    {
        var name = Pascal(field.Name);
        return name == TypeName(record) || ObjectMembers.Contains(name) ? name + "Value" : name;
    }

    /// <summary><c>scored_at</c>, <c>scoredAt</c> and <c>SCORED_AT</c> become <c>ScoredAt</c>.</summary>
    public static string Pascal(string name)
    {
        var hasLower = false;
        foreach (var c in name) hasLower |= char.IsLower(c);
        var pascal = new StringBuilder(name.Length);
        var first = true;
        foreach (var c in name)
        {
            if (c == '_')
            {
                first = true;
                continue;
            }
            pascal.Append(first ? char.ToUpperInvariant(c) : hasLower ? c : char.ToLowerInvariant(c));
            first = false;
        }
        if (pascal.Length == 0 || char.IsDigit(pascal[0])) pascal.Insert(0, '_');
        return pascal.ToString();
    }

    public static string StringLiteral(string text) => SymbolDisplay.FormatLiteral(text, quote: true);

    private static string PascalParts(string avroNamespace)
    {
        if (avroNamespace.Length == 0) return "";
        var parts = avroNamespace.Split('.');
        for (var i = 0; i < parts.Length; i++) parts[i] = Pascal(parts[i]);
        return string.Join(".", parts);
    }
}
