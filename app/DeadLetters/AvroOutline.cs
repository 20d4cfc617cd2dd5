using System.Globalization;
using System.Text;
using StreamScoring.App.View;
using StreamScoring.Schemas.Avro;

namespace StreamScoring.App.DeadLetters;

/// <summary>Avro data as indented text, field by field, up to the first byte that cannot be read.</summary>
internal sealed class AvroOutline
{
    private const int MaxTextLength = 2_000;
    private const int MaxItemsShown = 50;
    private const int MaxShownBytes = 32;

    private readonly StringBuilder _text = new();

    private AvroOutline()
    {
    }

    /// <summary>Reads what can be read.</summary>
    /// <param name="datum">The data without their header.</param>
    /// <param name="schema">Schema they were written with.</param>
    /// <returns>The fields, and what stopped the reading; null where nothing did.</returns>
    internal static (string Text, string? Error) Read(ReadOnlySpan<byte> datum, AvroSchema schema)
    {
        var outline = new AvroOutline();
        var reader = new AvroReader(datum);
        try
        {
            outline.Write(schema, ref reader, 0, "");
            reader.ExpectEnd();
            return (outline._text.ToString(), null);
        }
        catch (AvroException exception)
        {
            return (outline._text.ToString(), exception.Message);
        }
    }

    private void Write(AvroSchema schema, ref AvroReader reader, int depth, string name)
    {
        switch (schema)
        {
            case AvroRecordSchema record:
                if (name.Length > 0) Line(depth, name, record.Name);
                reader.Enter();
                foreach (var field in record.Fields) Write(field.Schema, ref reader, name.Length > 0 ? depth + 1 : depth, field.Name);
                reader.Exit();
                break;
            case AvroUnionSchema union:
                Write(union.Branches[reader.ReadUnion(union.Branches.Count)], ref reader, depth, name);
                break;
            case AvroArraySchema array:
                WriteItems(array, ref reader, depth, name);
                break;
            case AvroMapSchema map:
                WritePairs(map, ref reader, depth, name);
                break;
            default:
                Line(depth, name, Leaf(schema, ref reader));
                break;
        }
    }

    private void WriteItems(AvroArraySchema array, ref AvroReader reader, int depth, string name)
    {
        Line(depth, name, "[");
        var index = 0;
        while (reader.ReadBlock(0, index) is var count and > 0)
        {
            for (; count > 0; count--, index++)
            {
                if (index < MaxItemsShown) Write(array.Items, ref reader, depth + 1, string.Create(CultureInfo.InvariantCulture, $"[{index}]"));
                else reader.Skip(array.Items);
            }
        }
        if (index > MaxItemsShown) Line(depth + 1, "…", string.Create(CultureInfo.InvariantCulture, $"{index - MaxItemsShown} more"));
        Line(depth, "]", null);
    }

    private void WritePairs(AvroMapSchema map, ref AvroReader reader, int depth, string name)
    {
        Line(depth, name, "{");
        var index = 0;
        while (reader.ReadBlock(0, index) is var count and > 0)
        {
            for (; count > 0; count--, index++)
            {
                var key = Shown(Encoding.UTF8.GetString(reader.ReadUtf8()));
                if (index < MaxItemsShown) Write(map.Values, ref reader, depth + 1, key);
                else reader.Skip(map.Values);
            }
        }
        if (index > MaxItemsShown) Line(depth + 1, "…", string.Create(CultureInfo.InvariantCulture, $"{index - MaxItemsShown} more"));
        Line(depth, "}", null);
    }

    private static string Leaf(AvroSchema schema, ref AvroReader reader) => schema.Type switch
    {
        AvroType.Null => "null",
        AvroType.Boolean => reader.ReadBoolean() ? "true" : "false",
        AvroType.Int => reader.ReadInt().ToString(CultureInfo.InvariantCulture),
        AvroType.Long => Long(reader.ReadLong(), schema.LogicalType),
        AvroType.Float => reader.ReadFloat().ToString(CultureInfo.InvariantCulture),
        AvroType.Double => reader.ReadDouble().ToString(CultureInfo.InvariantCulture),
        AvroType.String => '"' + Shown(reader.ReadString()) + '"',
        AvroType.Bytes => Hex(reader.ReadBytes()),
        AvroType.Fixed => Hex(reader.ReadFixed(((AvroFixedSchema)schema).SizeBytes)),
        AvroType.Enum => Symbol((AvroEnumSchema)schema, ref reader),
        _ => "?",
    };

    private static string Symbol(AvroEnumSchema schema, ref AvroReader reader) => schema.Symbols[reader.ReadEnum(schema.Symbols.Count)];

    private static string Long(long value, AvroLogicalType logical)
    {
        const long latestMs = 253_402_300_799_999;
        return logical == AvroLogicalType.TimestampMillis && value is >= 0 and <= latestMs
            ? DateTimeOffset.FromUnixTimeMilliseconds(value).ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture)
            : value.ToString(CultureInfo.InvariantCulture);
    }

    private static string Hex(ReadOnlySpan<byte> bytes) =>
        "0x" + Convert.ToHexString(bytes[..Math.Min(bytes.Length, MaxShownBytes)]) + (bytes.Length > MaxShownBytes ? $"… ({bytes.Length} bytes)" : "");

    private static string Shown(string text)
    {
        var line = TextCleaner.SameLength(text);
        return line.Length <= MaxTextLength ? line : $"{line[..MaxTextLength]}… ({text.Length} characters)";
    }

    private void Line(int depth, string name, string? value)
    {
        _text.Append(' ', depth * 2).Append(name);
        if (value is not null) _text.Append(": ").Append(value);
        _text.Append('\n');
    }
}
