using System;
using System.Collections.Generic;

namespace StreamScoring.Schemas.Avro;

/// <summary>
/// A schema after the Avro 1.12 specification. Immutable once parsed; may be shared between threads. Records may refer
/// to themselves, so that walking a schema needs a memory of what was seen.
/// </summary>
public abstract class AvroSchema
{
    private Identity? _identity;

    private protected AvroSchema(AvroType type) => Type = type;

    /// <summary>The Avro type.</summary>
    public AvroType Type { get; }

    /// <summary>The logical type, <see cref="AvroLogicalType.None"/> where there is none that is known and fits.</summary>
    public AvroLogicalType LogicalType { get; internal set; }

    /// <summary>Digits of a <see cref="AvroLogicalType.Decimal"/>, at least 1.</summary>
    public int Precision { get; internal set; }

    /// <summary>Digits after the point of a <see cref="AvroLogicalType.Decimal"/>, 0 to <see cref="Precision"/>.</summary>
    public int Scale { get; internal set; }

    /// <summary>
    /// The Parsing Canonical Form of the specification: two schemas with the same form read and write the same bytes.
    /// </summary>
    public string CanonicalForm => Identify().CanonicalForm;

    /// <summary>CRC-64-AVRO of <see cref="CanonicalForm"/>: what single-object encoding carries.</summary>
    public ulong Fingerprint => Identify().Fingerprint;

    /// <summary>
    /// The schema's text without white space: names, defaults, documentation and all. Types that stand elsewhere in the
    /// same text are named in it, not defined.
    /// </summary>
    public string Json { get; internal set; } = "";

    /// <summary>Parses an .avsc.</summary>
    /// <param name="json">
    /// Text of the schema. A default that does not fit its field counts as none: some writers let such schemas pass.
    /// </param>
    /// <param name="references">Schemas whose named types <paramref name="json"/> may use without defining them.</param>
    /// <exception cref="AvroSchemaException">The schema is invalid; the exception lists every problem with its place.</exception>
    public static AvroSchema Parse(string json, params IEnumerable<AvroSchema> references)
    {
        if (json is null) throw new ArgumentNullException(nameof(json));
        var parser = new AvroSchemaParser(references ?? [], strictDefaults: false);
        var schema = parser.Parse(json);
        return parser.Problems.Count == 0 ? schema : throw new AvroSchemaException(parser.Problems);
    }

    /// <summary>The named types defined in this schema, itself included, in the order of the text.</summary>
    public IReadOnlyList<AvroNamedSchema> NamedTypes()
    {
        var found = new List<AvroNamedSchema>();
        CollectNamed(this, found, new HashSet<AvroSchema>());
        return found;
    }

    /// <summary>Kept by <see cref="AvroSize"/>; negative until it is known.</summary>
    internal int MinimumBytes { get; set; } = -1;

    private Identity Identify() => _identity ??= new Identity(AvroCanonicalForm.Of(this));

    private static void CollectNamed(AvroSchema schema, List<AvroNamedSchema> found, HashSet<AvroSchema> seen)
    {
        if (!seen.Add(schema)) return;
        if (schema is AvroNamedSchema named) found.Add(named);
        switch (schema)
        {
            case AvroRecordSchema record:
                foreach (var field in record.Fields) CollectNamed(field.Schema, found, seen);
                break;
            case AvroUnionSchema union:
                foreach (var branch in union.Branches) CollectNamed(branch, found, seen);
                break;
            case AvroArraySchema array:
                CollectNamed(array.Items, found, seen);
                break;
            case AvroMapSchema map:
                CollectNamed(map.Values, found, seen);
                break;
        }
    }

    /// <summary>The name by which a union knows this branch: the full name of a named type, else the type.</summary>
    internal virtual string BranchName => AvroPrimitiveSchema.NameOf(Type);

    /// <summary><see cref="Json"/>.</summary>
    public override string ToString() => Json;

    private sealed class Identity(string canonicalForm)
    {
        public string CanonicalForm { get; } = canonicalForm;

        public ulong Fingerprint { get; } = AvroFingerprint.Crc64(canonicalForm);
    }
}

/// <summary>Null, boolean, int, long, float, double, bytes or string.</summary>
public sealed class AvroPrimitiveSchema : AvroSchema
{
    private static readonly string[] Names =
        ["null", "boolean", "int", "long", "float", "double", "bytes", "string", "fixed", "enum", "array", "map", "union", "record"];

    internal AvroPrimitiveSchema(AvroType type)
        : base(type) => Json = "\"" + NameOf(type) + "\"";

    internal static string NameOf(AvroType type) => Names[(int)type];

    internal static bool TryGetType(string name, out AvroType type)
    {
        type = (AvroType)Array.IndexOf(Names, name);
        return type is >= AvroType.Null and <= AvroType.String;
    }
}

/// <summary>An array of <see cref="Items"/>.</summary>
public sealed class AvroArraySchema : AvroSchema
{
    internal AvroArraySchema(AvroSchema items)
        : base(AvroType.Array) => Items = items;

    /// <summary>Schema of every item.</summary>
    public AvroSchema Items { get; }
}

/// <summary>A map from string to <see cref="Values"/>.</summary>
public sealed class AvroMapSchema : AvroSchema
{
    internal AvroMapSchema(AvroSchema values)
        : base(AvroType.Map) => Values = values;

    /// <summary>Schema of every value.</summary>
    public AvroSchema Values { get; }
}

/// <summary>One of several <see cref="Branches"/>.</summary>
public sealed class AvroUnionSchema : AvroSchema
{
    internal AvroUnionSchema(IReadOnlyList<AvroSchema> branches)
        : base(AvroType.Union) => Branches = branches;

    /// <summary>What a value may be; no branch is a union itself, no unnamed type appears twice.</summary>
    public IReadOnlyList<AvroSchema> Branches { get; }
}

/// <summary>A type with a name: record, enum or fixed.</summary>
public abstract class AvroNamedSchema : AvroSchema
{
    private protected AvroNamedSchema(AvroType type, string name, string @namespace, SchemaPosition position)
        : base(type)
    {
        Name = name;
        Namespace = @namespace;
        Position = position;
    }

    /// <summary>Name without its namespace.</summary>
    public string Name { get; }

    /// <summary>Namespace, empty where there is none.</summary>
    public string Namespace { get; }

    /// <summary>Namespace, point and name.</summary>
    public string FullName => Namespace.Length == 0 ? Name : Namespace + "." + Name;

    /// <summary>Full names under which data of other writers may know this type.</summary>
    public IReadOnlyList<string> Aliases { get; internal set; } = [];

    /// <summary>Documentation or null.</summary>
    public string? Doc { get; internal set; }

    internal SchemaPosition Position { get; }

    internal override string BranchName => FullName;
}

/// <summary>A fixed number of bytes.</summary>
public sealed class AvroFixedSchema : AvroNamedSchema
{
    internal AvroFixedSchema(string name, string @namespace, SchemaPosition position, int sizeBytes)
        : base(AvroType.Fixed, name, @namespace, position) => SizeBytes = sizeBytes;

    /// <summary>Bytes of every value.</summary>
    public int SizeBytes { get; }
}

/// <summary>One of a list of symbols.</summary>
public sealed class AvroEnumSchema : AvroNamedSchema
{
    internal AvroEnumSchema(string name, string @namespace, SchemaPosition position, IReadOnlyList<string> symbols, string? @default)
        : base(AvroType.Enum, name, @namespace, position)
    {
        Symbols = symbols;
        Default = @default;
    }

    /// <summary>The symbols; a value is the index of one.</summary>
    public IReadOnlyList<string> Symbols { get; }

    /// <summary>The symbol that stands for those of a writer which this schema does not have; null: they are an error.</summary>
    public string? Default { get; }

    internal int IndexOf(string symbol)
    {
        for (var i = 0; i < Symbols.Count; i++)
        {
            if (Symbols[i] == symbol) return i;
        }
        return -1;
    }
}

/// <summary>Fields in order.</summary>
public sealed class AvroRecordSchema : AvroNamedSchema
{
    internal AvroRecordSchema(string name, string @namespace, SchemaPosition position)
        : base(AvroType.Record, name, @namespace, position)
    {
    }

    /// <summary>The fields, in the order in which they are encoded.</summary>
    public IReadOnlyList<AvroField> Fields { get; internal set; } = [];
}

/// <summary>A field of a record.</summary>
public sealed class AvroField
{
    internal AvroField(string name, AvroSchema schema, SchemaPosition position)
    {
        Name = name;
        Schema = schema;
        Position = position;
    }

    /// <summary>Its name, unique in the record.</summary>
    public string Name { get; }

    /// <summary>What it holds.</summary>
    public AvroSchema Schema { get; }

    /// <summary>Names under which data of other writers may know this field.</summary>
    public IReadOnlyList<string> Aliases { get; internal set; } = [];

    /// <summary>Documentation or null.</summary>
    public string? Doc { get; internal set; }

    /// <summary>Whether data of a writer who does not know this field can be read.</summary>
    public bool HasDefault => Default is not null;

    internal SchemaJson? Default { get; set; }

    internal SchemaPosition Position { get; }
}
