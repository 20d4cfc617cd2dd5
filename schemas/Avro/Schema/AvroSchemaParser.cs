using System.Collections.Generic;
using System.Linq;

namespace StreamScoring.Schemas.Avro;

/// <summary>
/// Builds an <see cref="AvroSchema"/> from its JSON and goes on after a problem, so that all of them are told at once.
/// </summary>
internal sealed class AvroSchemaParser
{
    private static readonly AvroSchema Unknown = new AvroPrimitiveSchema(AvroType.Null);

    private readonly Dictionary<string, AvroNamedSchema> _names = [];
    private readonly List<AvroField> _fieldsWithDefault = [];
    private readonly List<AvroRecordSchema> _records = [];

    private readonly bool _strictDefaults;

    /// <param name="references">Schemas whose named types are known already.</param>
    /// <param name="strictDefaults">
    /// Whether a default that does not fit its field is a problem. Otherwise the field has none: writers in other
    /// languages let such schemas pass, and a writer's defaults do not matter to who reads its data.
    /// </param>
    public AvroSchemaParser(IEnumerable<AvroSchema> references, bool strictDefaults)
    {
        _strictDefaults = strictDefaults;
        foreach (var named in references.SelectMany(schema => schema.NamedTypes())) _names[named.FullName] = named;
    }

    public List<AvroSchemaProblem> Problems { get; } = [];

    /// <summary>The schema; of no use where <see cref="Problems"/> is not empty.</summary>
    public AvroSchema Parse(string text)
    {
        SchemaJson json;
        try
        {
            json = SchemaJsonParser.Parse(text);
        }
        catch (AvroSchemaException invalid)
        {
            Problems.AddRange(invalid.Problems);
            return Unknown;
        }

        var schema = Read(json, enclosingNamespace: "");
        foreach (var field in _fieldsWithDefault)
        {
            var fault = AvroDefault.Check(field, out var position);
            if (fault is null) continue;
            if (_strictDefaults) Add(AvroSchemaProblem.InvalidDefault, $"The default of field \"{field.Name}\" {fault}.", position);
            else field.Default = null;
        }
        foreach (var record in _records.Where(record => IsEndless(record, record, [])))
        {
            Add(AvroSchemaProblem.EndlessRecord,
                $"Record \"{record.FullName}\" contains itself with no end: put a union with null, an array or a map between.",
                record.Position);
        }
        Problems.Sort((a, b) => a.Position.Offset.CompareTo(b.Position.Offset));
        return schema;
    }

    private void Add(string code, string message, SchemaPosition position) =>
        Problems.Add(new AvroSchemaProblem(code, message, position));

    private AvroSchema Read(SchemaJson json, string enclosingNamespace)
    {
        switch (json.Kind)
        {
            case SchemaJsonKind.String: return ReadName(json, enclosingNamespace);
            case SchemaJsonKind.Array: return ReadUnion(json, enclosingNamespace);
            case SchemaJsonKind.Object: break;
            default:
                Add(AvroSchemaProblem.UnknownType, "A type is a name in quotes, an object or an array (a union).", json.Position);
                return Unknown;
        }

        var type = json.Find("type");
        if (type is null)
        {
            Add(AvroSchemaProblem.MissingAttribute, "This type has no \"type\".", json.Position);
            return Unknown;
        }
        if (type.Kind != SchemaJsonKind.String) return Read(type, enclosingNamespace);
        switch (type.Text)
        {
            case "record" or "error": return ReadRecord(json, enclosingNamespace);
            case "enum": return ReadEnum(json, enclosingNamespace);
            case "fixed": return ReadFixed(json, enclosingNamespace);
            case "array":
                return new AvroArraySchema(ReadPart(json, "items", enclosingNamespace)) { Json = json.ToString() };
            case "map":
                return new AvroMapSchema(ReadPart(json, "values", enclosingNamespace)) { Json = json.ToString() };
        }
        if (!AvroPrimitiveSchema.TryGetType(type.Text, out var primitive)) return ReadName(type, enclosingNamespace);
        var schema = new AvroPrimitiveSchema(primitive) { Json = json.ToString() };
        AvroLogicalTypes.Read(json, schema);
        return schema;
    }

    private AvroSchema ReadName(SchemaJson json, string enclosingNamespace)
    {
        var name = json.Text;
        if (AvroPrimitiveSchema.TryGetType(name, out var primitive)) return new AvroPrimitiveSchema(primitive);
        var fullName = AvroNames.Qualify(name, enclosingNamespace);
        if (_names.TryGetValue(fullName, out var named)) return named;
        var hint = name is "record" or "enum" or "fixed" or "array" or "map"
            ? $"\"{name}\" needs an object: {{\"type\": \"{name}\", …}}."
            : $"Type \"{fullName}\" is not defined before this place.";
        Add(AvroSchemaProblem.UnknownType, hint, json.Position);
        return Unknown;
    }

    private AvroSchema ReadPart(SchemaJson json, string attribute, string enclosingNamespace)
    {
        if (json.Find(attribute) is { } part) return Read(part, enclosingNamespace);
        Add(AvroSchemaProblem.MissingAttribute, $"This {json.Find("type")!.Text} has no \"{attribute}\".", json.Position);
        return Unknown;
    }

    private AvroUnionSchema ReadUnion(SchemaJson json, string enclosingNamespace)
    {
        var branches = new List<AvroSchema>(json.Items.Count);
        var names = new HashSet<string>();
        foreach (var item in json.Items)
        {
            var branch = Read(item, enclosingNamespace);
            if (ReferenceEquals(branch, Unknown)) continue;
            if (branch.Type == AvroType.Union)
            {
                Add(AvroSchemaProblem.InvalidUnion, "A union may not directly contain a union.", item.Position);
            }
            else if (!names.Add(branch.BranchName))
            {
                Add(AvroSchemaProblem.InvalidUnion, $"\"{branch.BranchName}\" appears twice in this union.", item.Position);
            }
            branches.Add(branch);
        }
        return new AvroUnionSchema(branches) { Json = json.ToString() };
    }

    private AvroRecordSchema ReadRecord(SchemaJson json, string enclosingNamespace)
    {
        var (name, ns, position) = ReadFullName(json, enclosingNamespace);
        var record = new AvroRecordSchema(name, ns, position) { Json = json.ToString() };
        Define(record, json);
        _records.Add(record);
        var fields = new List<AvroField>();
        if (json.Find("fields") is { Kind: SchemaJsonKind.Array } list)
        {
            var seen = new HashSet<string>();
            foreach (var item in list.Items)
            {
                if (ReadField(item, ns) is not { } field) continue;
                if (!seen.Add(field.Name))
                {
                    Add(AvroSchemaProblem.DuplicateName, $"Record \"{name}\" has two fields \"{field.Name}\".", field.Position);
                }
                fields.Add(field);
            }
        }
        else
        {
            Add(AvroSchemaProblem.MissingAttribute, $"Record \"{name}\" has no array \"fields\".", json.Position);
        }
        record.Fields = fields;
        return record;
    }

    private AvroField? ReadField(SchemaJson json, string enclosingNamespace)
    {
        if (json.Kind != SchemaJsonKind.Object || json.Find("name") is not { Kind: SchemaJsonKind.String } name)
        {
            Add(AvroSchemaProblem.MissingAttribute, "A field is an object with \"name\" and \"type\".", json.Position);
            return null;
        }
        CheckName(name);
        AvroSchema schema = Unknown;
        if (json.Find("type") is { } type) schema = Read(type, enclosingNamespace);
        else Add(AvroSchemaProblem.MissingAttribute, $"Field \"{name.Text}\" has no \"type\".", json.Position);

        var field = new AvroField(name.Text, schema, name.Position)
        {
            Doc = json.Find("doc") is { Kind: SchemaJsonKind.String } doc ? doc.Text : null,
            Default = json.Find("default"),
            Aliases = ReadStrings(json, "aliases"),
        };
        if (field.HasDefault && !ReferenceEquals(schema, Unknown)) _fieldsWithDefault.Add(field);
        return field;
    }

    private AvroEnumSchema ReadEnum(SchemaJson json, string enclosingNamespace)
    {
        var (name, ns, position) = ReadFullName(json, enclosingNamespace);
        var symbols = new List<string>();
        if (json.Find("symbols") is { Kind: SchemaJsonKind.Array } list)
        {
            var seen = new HashSet<string>();
            foreach (var item in list.Items)
            {
                CheckName(item);
                if (!seen.Add(item.Text))
                {
                    Add(AvroSchemaProblem.DuplicateName, $"Enum \"{name}\" has symbol \"{item.Text}\" twice.", item.Position);
                }
                symbols.Add(item.Text);
            }
        }
        else
        {
            Add(AvroSchemaProblem.MissingAttribute, $"Enum \"{name}\" has no array \"symbols\".", json.Position);
        }
        var fallback = json.Find("default");
        if (fallback is not null && !symbols.Contains(fallback.Text))
        {
            Add(AvroSchemaProblem.InvalidDefault, $"The default of enum \"{name}\" is none of its symbols.", fallback.Position);
        }
        var schema = new AvroEnumSchema(name, ns, position, symbols, fallback?.Text) { Json = json.ToString() };
        Define(schema, json);
        return schema;
    }

    private AvroFixedSchema ReadFixed(SchemaJson json, string enclosingNamespace)
    {
        var (name, ns, position) = ReadFullName(json, enclosingNamespace);
        if (json.Find("size") is not { } size || !size.TryGetInteger(out var bytes) || bytes is < 0 or > int.MaxValue)
        {
            Add(AvroSchemaProblem.MissingAttribute, $"Fixed \"{name}\" needs a \"size\": an integer from 0 to 2147483647, in bytes.",
                json.Find("size")?.Position ?? json.Position);
            bytes = 0;
        }
        var schema = new AvroFixedSchema(name, ns, position, (int)bytes) { Json = json.ToString() };
        AvroLogicalTypes.Read(json, schema);
        Define(schema, json);
        return schema;
    }

    private (string Name, string Namespace, SchemaPosition Position) ReadFullName(SchemaJson json, string enclosingNamespace)
    {
        if (json.Find("name") is not { Kind: SchemaJsonKind.String } name)
        {
            Add(AvroSchemaProblem.MissingAttribute, $"This {json.Find("type")!.Text} has no \"name\".", json.Position);
            return ("Unnamed" + json.Position.Offset, enclosingNamespace, json.Position);
        }
        var ns = json.Find("namespace") is { Kind: SchemaJsonKind.String } attribute ? attribute.Text : enclosingNamespace;
        var fullName = AvroNames.Qualify(name.Text, ns);
        if (!AvroNames.IsFullName(fullName))
        {
            Add(AvroSchemaProblem.InvalidName, $"\"{fullName}\" is no Avro name: letters, digits and _, no digit first, points between.",
                name.Position);
        }
        var point = fullName.LastIndexOf('.');
        return (fullName.Substring(point + 1), point < 0 ? "" : fullName.Substring(0, point), name.Position);
    }

    private void Define(AvroNamedSchema schema, SchemaJson json)
    {
        schema.Doc = json.Find("doc") is { Kind: SchemaJsonKind.String } doc ? doc.Text : null;
        schema.Aliases = ReadStrings(json, "aliases").ConvertAll(alias => AvroNames.Qualify(alias, schema.Namespace));
        if (AvroPrimitiveSchema.TryGetType(schema.FullName, out _))
        {
            Add(AvroSchemaProblem.InvalidName, $"\"{schema.FullName}\" is the name of a primitive type.", schema.Position);
        }
        else if (_names.ContainsKey(schema.FullName))
        {
            Add(AvroSchemaProblem.DuplicateName, $"\"{schema.FullName}\" is defined twice.", schema.Position);
        }
        _names[schema.FullName] = schema;
    }

    private void CheckName(SchemaJson json)
    {
        if (json.Kind == SchemaJsonKind.String && AvroNames.IsName(json.Text)) return;
        Add(AvroSchemaProblem.InvalidName, $"{json} is no Avro name: letters, digits and _, no digit first.", json.Position);
    }

    private List<string> ReadStrings(SchemaJson json, string attribute)
    {
        var strings = new List<string>();
        if (json.Find(attribute) is not { } list) return strings;
        foreach (var item in list.Items)
        {
            if (item.Kind == SchemaJsonKind.String) strings.Add(item.Text);
            else Add(AvroSchemaProblem.InvalidName, $"\"{attribute}\" holds names in quotes.", item.Position);
        }
        return strings;
    }

    /// <summary>Whether every value of <paramref name="record"/> holds another, without an end.</summary>
    private static bool IsEndless(AvroRecordSchema record, AvroSchema schema, HashSet<AvroSchema> seen) => schema switch
    {
        AvroRecordSchema inner => seen.Add(inner)
            ? inner.Fields.Any(field => ReferenceEquals(field.Schema, record) || IsEndless(record, field.Schema, seen))
            : ReferenceEquals(inner, record),
        AvroUnionSchema { Branches: { Count: 1 } branches } => ReferenceEquals(branches[0], record) || IsEndless(record, branches[0], seen),
        _ => false,
    };
}
