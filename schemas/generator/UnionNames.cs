using System.Collections.Generic;
using StreamScoring.Schemas.Avro;

namespace StreamScoring.Schemas.Generator;

/// <summary>Names for the unions of a schema that are more than one type or null: Avro's have none.</summary>
internal sealed class UnionNames
{
    private readonly Dictionary<AvroUnionSchema, string> _names = [];
    private readonly List<UnionName> _unions = [];

    public UnionNames(IReadOnlyList<AvroNamedSchema> types, CSharpNames names)
    {
        var taken = new HashSet<string>();
        foreach (var type in types) taken.Add(names.Qualified(type));
        foreach (var type in types)
        {
            if (type is not AvroRecordSchema record) continue;
            foreach (var field in record.Fields)
            {
                Add(field.Schema, record, CSharpNames.TypeName(record) + CSharpNames.Pascal(field.Name), names, taken);
            }
        }
    }

    /// <summary>Every union that becomes a type of its own, in the order of the text.</summary>
    public IReadOnlyList<UnionName> Unions => _unions;

    public string NameOf(AvroUnionSchema union) => _names[union];

    private void Add(AvroSchema schema, AvroRecordSchema owner, string path, CSharpNames names, HashSet<string> taken)
    {
        switch (schema)
        {
            case AvroArraySchema array:
                Add(array.Items, owner, path + "Item", names, taken);
                break;
            case AvroMapSchema map:
                Add(map.Values, owner, path + "Value", names, taken);
                break;
            case AvroUnionSchema union:
                if (TypeMap.OptionalOf(union) is { } only)
                {
                    Add(only, owner, path, names, taken);
                    break;
                }
                var ns = names.Namespace(owner.Namespace);
                var name = path;
                var qualified = Qualify(ns, name);
                while (!taken.Add(qualified)) qualified = Qualify(ns, name += "Union");
                _names.Add(union, qualified);
                _unions.Add(new UnionName(union, ns, name));
                foreach (var branch in union.Branches) Add(branch, owner, path + CSharpNames.Pascal(branch.Type.ToString()), names, taken);
                break;
        }
    }

    private static string Qualify(string ns, string name) => ns.Length == 0 ? "global::" + name : "global::" + ns + "." + name;
}

/// <summary>A union and the C# type it becomes.</summary>
internal sealed class UnionName(AvroUnionSchema schema, string ns, string name)
{
    public AvroUnionSchema Schema { get; } = schema;

    public string Namespace { get; } = ns;

    public string Name { get; } = name;
}
