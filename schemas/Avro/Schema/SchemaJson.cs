using System.Collections.Generic;
using System.Globalization;
using System.Text;

namespace StreamScoring.Schemas.Avro;

internal enum SchemaJsonKind
{
    Null,
    True,
    False,
    Number,
    String,
    Array,
    Object,
}

/// <summary>
/// A JSON value of a schema that remembers where it stood, so that every complaint about it can name line and column.
/// The generator compiles this file too; that is why it uses neither System.Text.Json nor spans.
/// </summary>
internal sealed class SchemaJson
{
    private static readonly IReadOnlyList<SchemaJson> NoItems = new List<SchemaJson>(0);
    private static readonly IReadOnlyList<SchemaJsonMember> NoMembers = new List<SchemaJsonMember>(0);

    public SchemaJson(SchemaJsonKind kind, SchemaPosition position, string text = "")
    {
        Kind = kind;
        Position = position;
        Text = text;
    }

    public SchemaJsonKind Kind { get; }

    public SchemaPosition Position { get; }

    /// <summary>Unescaped text of a string, literal of a number.</summary>
    public string Text { get; }

    public IReadOnlyList<SchemaJson> Items { get; set; } = NoItems;

    /// <summary>Members of an object, in order.</summary>
    public IReadOnlyList<SchemaJsonMember> Members { get; set; } = NoMembers;

    /// <summary>The member of this name, or null; the last one where a name repeats.</summary>
    public SchemaJson? Find(string name)
    {
        for (var i = Members.Count - 1; i >= 0; i--)
        {
            if (Members[i].Name == name) return Members[i].Value;
        }
        return null;
    }

    public bool TryGetInteger(out long value)
    {
        value = 0;
        return Kind == SchemaJsonKind.Number
            && long.TryParse(Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value);
    }

    public bool TryGetDouble(out double value)
    {
        value = 0;
        return Kind == SchemaJsonKind.Number
            && double.TryParse(Text, NumberStyles.Float, CultureInfo.InvariantCulture, out value);
    }

    /// <summary>The value as JSON without white space; everything outside ASCII escaped.</summary>
    public override string ToString()
    {
        var json = new StringBuilder();
        WriteTo(json);
        return json.ToString();
    }

    private void WriteTo(StringBuilder json)
    {
        switch (Kind)
        {
            case SchemaJsonKind.Null: json.Append("null"); break;
            case SchemaJsonKind.True: json.Append("true"); break;
            case SchemaJsonKind.False: json.Append("false"); break;
            case SchemaJsonKind.Number: json.Append(Text); break;
            case SchemaJsonKind.String: WriteString(json, Text); break;
            case SchemaJsonKind.Array:
                json.Append('[');
                for (var i = 0; i < Items.Count; i++)
                {
                    if (i > 0) json.Append(',');
                    Items[i].WriteTo(json);
                }
                json.Append(']');
                break;
            default:
                json.Append('{');
                for (var i = 0; i < Members.Count; i++)
                {
                    if (i > 0) json.Append(',');
                    WriteString(json, Members[i].Name);
                    json.Append(':');
                    Members[i].Value.WriteTo(json);
                }
                json.Append('}');
                break;
        }
    }

    private static void WriteString(StringBuilder json, string text)
    {
        json.Append('"');
        foreach (var c in text)
        {
            if (c is '"' or '\\') json.Append('\\').Append(c);
            else if (c is >= ' ' and < '\x7f') json.Append(c);
            else json.Append("\\u").Append(((int)c).ToString("x4", CultureInfo.InvariantCulture));
        }
        json.Append('"');
    }
}

/// <summary>A name and its value in an object of a schema.</summary>
internal readonly struct SchemaJsonMember(string name, SchemaPosition position, SchemaJson value)
{
    public string Name { get; } = name;

    /// <summary>Where the name stands.</summary>
    public SchemaPosition Position { get; } = position;

    public SchemaJson Value { get; } = value;
}

/// <summary>A place in the text of a schema.</summary>
internal readonly struct SchemaPosition(int offset, int line, int column)
{
    /// <summary>UTF-16 code units from the start.</summary>
    public int Offset { get; } = offset;

    /// <summary>From 1.</summary>
    public int Line { get; } = line;

    /// <summary>From 1, in UTF-16 code units.</summary>
    public int Column { get; } = column;
}
