using System.Text.Json.Nodes;

namespace StreamScoring.Schemas.Tests.Interop;

/// <summary>
/// Changes a schema as its owners do over the years: fields come, go, move and widen, become optional, are renamed.
/// Now and then a change that no reader survives.
/// </summary>
internal sealed class SchemaEvolution(Random random, bool aliases)
{
    private int _added;

    public string Evolve(string schema)
    {
        var root = JsonNode.Parse(schema)!.AsObject();
        EvolveRecord(root);
        return root.ToJsonString();
    }

    private void EvolveRecord(JsonObject record)
    {
        var fields = record["fields"]!.AsArray().Select(field => field!.DeepClone().AsObject()).ToList();
        foreach (var field in fields) field["type"] = EvolveType(field["type"]!.DeepClone());
        if (random.Next(3) == 0 && !DefinesNames(fields[^1])) fields.RemoveAt(fields.Count - 1);
        if (random.Next(3) == 0) fields.Insert(random.Next(fields.Count + 1), NewField());
        // Names are defined where they first appear, so that only fields without definitions may move.
        if (random.Next(3) == 0 && fields.FindIndex(f => !DefinesNames(f)) is var at and >= 0)
        {
            var moved = fields[at];
            fields.RemoveAt(at);
            fields.Insert(random.Next(fields.Count + 1), moved);
        }
        if (aliases && fields.Count > 0 && random.Next(3) == 0)
        {
            var renamed = fields[random.Next(fields.Count)];
            var old = renamed["name"]!.GetValue<string>();
            renamed["name"] = old + "renamed";
            renamed["aliases"] = new JsonArray(old);
        }
        record["fields"] = new JsonArray([.. fields]);
    }

    private JsonObject NewField() => random.Next(5) switch
    {
        0 => new() { ["name"] = "new" + _added++, ["type"] = "string", ["default"] = "déjà" },
        1 => new() { ["name"] = "new" + _added++, ["type"] = new JsonArray("null", "long"), ["default"] = null },
        2 => new() { ["name"] = "new" + _added++, ["type"] = new JsonObject { ["type"] = "array", ["items"] = "int" }, ["default"] = new JsonArray(1, -1) },
        3 => new() { ["name"] = "new" + _added++, ["type"] = new JsonObject { ["type"] = "map", ["values"] = "double" }, ["default"] = new JsonObject { ["k"] = 0.5 } },
        _ => new() { ["name"] = "new" + _added++, ["type"] = "long", ["default"] = 7 },
    };

    private JsonNode EvolveType(JsonNode type)
    {
        switch (type)
        {
            case JsonObject complex:
                switch (complex["type"]!.GetValue<string>())
                {
                    case "record": EvolveRecord(complex); break;
                    case "array": complex["items"] = EvolveType(complex["items"]!.DeepClone()); break;
                    case "map": complex["values"] = EvolveType(complex["values"]!.DeepClone()); break;
                    case "enum": complex["symbols"]!.AsArray().Insert(0, "NEW"); break;
                }
                return random.Next(6) == 0 && !DefinesNames(complex) ? new JsonArray("null", complex) : complex;
            case JsonValue primitive:
                var name = primitive.GetValue<string>();
                if (random.Next(4) == 0) name = Widen(name);
                return random.Next(6) == 0 ? new JsonArray("null", name) : name;
            default:
                return type;
        }
    }

    private static string Widen(string type) => type switch
    {
        "int" => "long",
        "float" => "double",
        _ => type,
    };

    private static bool DefinesNames(JsonNode node) => node switch
    {
        JsonObject complex => complex["type"] is JsonValue kind && kind.GetValue<string>() is "record" or "enum" or "fixed"
            || complex.Any(member => member.Value is not null && DefinesNames(member.Value)),
        JsonArray items => items.Any(item => item is not null && DefinesNames(item)),
        _ => false,
    };
}
