namespace StreamScoring.Schemas.Avro;

public ref partial struct AvroReader
{
    /// <summary>Reads over one value, checking it as if it were wanted.</summary>
    /// <param name="schema">Schema of the value.</param>
    public void Skip(AvroSchema schema)
    {
        ArgumentNullException.ThrowIfNull(schema);
        switch (schema)
        {
            case AvroRecordSchema record:
                Enter();
                foreach (var field in record.Fields) Skip(field.Schema);
                Exit();
                break;
            case AvroArraySchema array:
                var minimum = AvroSize.MinimumOf(array.Items);
                for (int before = 0, count; (count = ReadBlock(minimum, before)) > 0; before += count)
                {
                    for (var i = 0; i < count; i++) Skip(array.Items);
                }
                break;
            case AvroMapSchema map:
                var pairMinimum = AvroSize.MinimumOfPair(map);
                for (int before = 0, count; (count = ReadBlock(pairMinimum, before)) > 0; before += count)
                {
                    for (var i = 0; i < count; i++)
                    {
                        ReadUtf8();
                        Skip(map.Values);
                    }
                }
                break;
            case AvroUnionSchema union:
                Skip(union.Branches[ReadUnion(union.Branches.Count)]);
                break;
            default:
                SkipLeaf(schema);
                break;
        }
    }

    /// <summary>Reads a string as its UTF-8, checked; no copy.</summary>
    public ReadOnlySpan<byte> ReadUtf8()
    {
        var start = _at;
        var utf8 = ReadBytes();
        if (!System.Text.Unicode.Utf8.IsValid(utf8)) ThrowAt(start, AvroError.InvalidUtf8, "a string is not UTF-8");
        return utf8;
    }

    internal void SkipLeaf(AvroSchema schema)
    {
        switch (schema.Type)
        {
            case AvroType.Null: break;
            case AvroType.Boolean: ReadBoolean(); break;
            case AvroType.Int: ReadInt(); break;
            case AvroType.Long: ReadLong(); break;
            case AvroType.Float: ReadFixed(sizeof(float)); break;
            case AvroType.Double: ReadFixed(sizeof(double)); break;
            case AvroType.Bytes: ReadBytes(); break;
            case AvroType.String: ReadUtf8(); break;
            case AvroType.Fixed: ReadFixed(((AvroFixedSchema)schema).SizeBytes); break;
            case AvroType.Enum: ReadEnum(((AvroEnumSchema)schema).Symbols.Count); break;
        }
    }
}
