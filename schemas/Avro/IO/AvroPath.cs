using System.Text;

namespace StreamScoring.Schemas.Avro;

/// <summary>
/// Finds the field that stands at a position, by reading the data once more. Codecs keep no path while all is well;
/// this runs after an error only.
/// </summary>
internal ref struct AvroPath
{
    private const int MaxKeyBytes = 40;

    private readonly ReadOnlySpan<byte> _data;
    private readonly long _position;
    private readonly List<Part> _parts = [];
    private AvroReader _reader;

    private AvroPath(ReadOnlySpan<byte> data, long position, AvroLimits limits)
    {
        _data = data;
        _position = position;
        _reader = new AvroReader(data, limits);
    }

    /// <summary>The path of the value at <paramref name="position"/>, or of the one that cannot be read; null: the value itself.</summary>
    public static string? Find(AvroSchema schema, ReadOnlySpan<byte> data, long position, AvroLimits limits)
    {
        var path = new AvroPath(data, position, limits);
        try
        {
            if (!path.Walk(schema)) return null;
        }
        catch (AvroException)
        {
            // The path leads to what could not be read.
        }
        return path.Describe();
    }

    private readonly string? Describe()
    {
        if (_parts.Count == 0) return null;
        var text = new StringBuilder();
        foreach (var part in _parts)
        {
            if (part.Name is { } name)
            {
                if (text.Length > 0) text.Append('.');
                text.Append(name);
            }
            else if (part.KeyBytes < 0)
            {
                text.Append('[').Append(part.Index).Append(']');
            }
            else
            {
                var key = _data.Slice(part.Index, Math.Min(part.KeyBytes, MaxKeyBytes));
                text.Append("[\"").Append(Encoding.UTF8.GetString(key)).Append(part.KeyBytes > MaxKeyBytes ? "…\"]" : "\"]");
            }
        }
        return text.ToString();
    }

    private readonly bool IsReached => _reader.Position >= _position;

    private bool Walk(AvroSchema schema)
    {
        switch (schema)
        {
            case AvroRecordSchema record: return WalkRecord(record);
            case AvroArraySchema array: return IsReached || WalkItems(array);
            case AvroMapSchema map: return IsReached || WalkPairs(map);
            case AvroUnionSchema union:
                return IsReached || Walk(union.Branches[_reader.ReadUnion(union.Branches.Count)]);
            default:
                if (IsReached && schema.Type != AvroType.Null) return true;
                _reader.SkipLeaf(schema);
                return false;
        }
    }

    private bool WalkRecord(AvroRecordSchema record)
    {
        _reader.Enter();
        foreach (var field in record.Fields)
        {
            _parts.Add(new Part(field.Name, 0, -1));
            if (Walk(field.Schema)) return true;
            _parts.RemoveAt(_parts.Count - 1);
        }
        _reader.Exit();
        return false;
    }

    private bool WalkItems(AvroArraySchema array)
    {
        var minimum = AvroSize.MinimumOf(array.Items);
        var index = 0;
        while (_reader.ReadBlock(minimum, index) is var count and > 0)
        {
            for (; count > 0; count--, index++)
            {
                _parts.Add(new Part(null, index, -1));
                if (Walk(array.Items)) return true;
                _parts.RemoveAt(_parts.Count - 1);
            }
            if (IsReached) return true;
        }
        return false;
    }

    private bool WalkPairs(AvroMapSchema map)
    {
        var minimum = AvroSize.MinimumOfPair(map);
        var before = 0;
        while (_reader.ReadBlock(minimum, before) is var count and > 0)
        {
            for (before += count; count > 0; count--)
            {
                if (IsReached) return true;
                var key = _reader.ReadUtf8();
                _parts.Add(new Part(null, _reader.Position - key.Length, key.Length));
                if (Walk(map.Values)) return true;
                _parts.RemoveAt(_parts.Count - 1);
            }
            if (IsReached) return true;
        }
        return false;
    }

    /// <summary>A field's name, an item's index, or where a key stands.</summary>
    private readonly record struct Part(string? Name, int Index, int KeyBytes);
}
