using System.Text.Json.Nodes;

namespace StreamScoring.Schemas.Tests;

/// <summary>Makes up schemas: a record whose parts are of any type.</summary>
internal sealed class RandomSchema(Random random, bool logicalTypes = true)
{
    private static readonly string[] Primitives = ["boolean", "int", "long", "float", "double", "bytes", "string"];

    private int _names;

    /// <summary>
    /// Unions of branches that cannot be taken for each other. Python takes the first branch that a value fits, and
    /// JavaScript promotes to the first branch where we keep the writer's type.
    /// </summary>
    public bool DistinctUnions { get; init; }

    /// <summary>The schema's text.</summary>
    /// <param name="ns">Namespace of all its names.</param>
    public string Record(string ns)
    {
        var record = NewRecord(depth: 0);
        record["namespace"] = ns;
        return record.ToJsonString();
    }

    private JsonObject NewRecord(int depth)
    {
        var record = new JsonObject { ["type"] = "record", ["name"] = "R" + _names++ };
        var fields = new JsonArray();
        for (int i = 0, count = random.Next(1, 6); i < count; i++)
        {
            fields.Add(new JsonObject { ["name"] = "f" + i, ["type"] = Type(depth + 1) });
        }
        record["fields"] = fields;
        return record;
    }

    private JsonNode Type(int depth, bool allowUnion = true) => random.Next(depth < 4 ? 16 : 9) switch
    {
        < 6 => Primitive(),
        6 => new JsonObject { ["type"] = "fixed", ["name"] = "F" + _names++, ["size"] = random.Next(1, 20) },
        7 => new JsonObject { ["type"] = "enum", ["name"] = "E" + _names++, ["symbols"] = Symbols() },
        8 => logicalTypes ? Logical() : Primitive(),
        9 or 10 => new JsonObject { ["type"] = "array", ["items"] = Type(depth + 1) },
        11 => new JsonObject { ["type"] = "map", ["values"] = Type(depth + 1) },
        12 or 13 when allowUnion => Union(depth),
        _ => NewRecord(depth),
    };

    private JsonNode Primitive() => Primitives[random.Next(Primitives.Length)];

    private JsonArray Symbols()
    {
        var symbols = new JsonArray();
        for (int i = 0, count = random.Next(1, 5); i < count; i++) symbols.Add("S" + i);
        return symbols;
    }

    private JsonNode Logical() => random.Next(7) switch
    {
        0 => Logical("int", "date"),
        1 => Logical("int", "time-millis"),
        2 => Logical("long", "time-micros"),
        3 => Logical("long", "timestamp-millis"),
        4 => Logical("long", "timestamp-micros"),
        5 => new JsonObject { ["type"] = "bytes", ["logicalType"] = "decimal", ["precision"] = 12, ["scale"] = random.Next(0, 5) },
        _ => new JsonObject
        {
            ["type"] = "fixed", ["name"] = "D" + _names++, ["size"] = 9, ["logicalType"] = "decimal", ["precision"] = 18, ["scale"] = 3,
        },
    };

    private static JsonObject Logical(string type, string logicalType) => new() { ["type"] = type, ["logicalType"] = logicalType };

    private JsonArray Union(int depth)
    {
        var union = new JsonArray();
        var kinds = new HashSet<string>();
        if (random.Next(3) > 0)
        {
            union.Add("null");
            kinds.Add("null");
        }
        for (int i = 0, count = random.Next(1, 4); i < count; i++)
        {
            var branch = Type(depth + 1, allowUnion: false);
            if (kinds.Add(KindOf(branch))) union.Add(branch);
        }
        return union;
    }

    /// <summary>What may appear once in a union: unnamed types at least.</summary>
    private string KindOf(JsonNode type)
    {
        var name = type is JsonObject complex ? complex["type"]!.GetValue<string>() : type.GetValue<string>();
        if (DistinctUnions)
        {
            return name switch
            {
                "record" or "map" => "dict",
                "boolean" or "int" or "long" or "float" or "double" => "number",
                "string" or "enum" or "bytes" or "fixed" => "text",
                _ => name,
            };
        }
        return (type as JsonObject)?["name"]?.GetValue<string>() ?? name;
    }
}
