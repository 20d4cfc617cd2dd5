using System.Collections;
using System.Reflection;
using StreamScoring.Schemas.Avro;

namespace StreamScoring.Schemas.Benchmarks;

/// <summary>
/// The straightforward way to read Avro into classes, to compare with: walk the schema, box every value, set properties
/// by reflection.
/// </summary>
internal sealed class ReflectionAvroReader(AvroSchema schema)
{
    private readonly Dictionary<AvroField, PropertyInfo> _properties = [];

    public T Read<T>(byte[] datum)
    {
        var reader = new AvroReader(datum);
        return (T)Read(ref reader, schema, typeof(T))!;
    }

    private object? Read(ref AvroReader reader, AvroSchema schema, Type type)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        switch (schema)
        {
            case AvroRecordSchema record:
                var instance = Activator.CreateInstance(type)!;
                foreach (var field in record.Fields)
                {
                    if (!_properties.TryGetValue(field, out var property))
                    {
                        property = type.GetProperty(field.Name.Replace("_", "", StringComparison.Ordinal),
                            BindingFlags.IgnoreCase | BindingFlags.Public | BindingFlags.Instance)!;
                        _properties.Add(field, property);
                    }
                    property.SetValue(instance, Read(ref reader, field.Schema, property.PropertyType));
                }
                return instance;
            case AvroArraySchema array:
                var list = (IList)Activator.CreateInstance(type)!;
                for (var before = 0; reader.ReadBlock(1, before) is var count and > 0; before += count)
                {
                    for (var i = 0; i < count; i++) list.Add(Read(ref reader, array.Items, type.GenericTypeArguments[0]));
                }
                return list;
            case AvroMapSchema map:
                var dictionary = (IDictionary)Activator.CreateInstance(type)!;
                for (var before = 0; reader.ReadBlock(1, before) is var count and > 0; before += count)
                {
                    for (var i = 0; i < count; i++) dictionary.Add(reader.ReadString(), Read(ref reader, map.Values, type.GenericTypeArguments[1]));
                }
                return dictionary;
            case AvroUnionSchema union:
                return Read(ref reader, union.Branches[reader.ReadUnion(union.Branches.Count)], type);
            case AvroEnumSchema symbols:
                return Enum.ToObject(type, reader.ReadEnum(symbols.Symbols.Count));
        }
        if (schema.LogicalType == AvroLogicalType.TimestampMillis) return reader.ReadTimestampMillis();
        return schema.Type switch
        {
            AvroType.Null => null,
            AvroType.Int => reader.ReadInt(),
            AvroType.Long => reader.ReadLong(),
            AvroType.Float => reader.ReadFloat(),
            AvroType.String => reader.ReadString(),
            _ => throw new NotSupportedException(schema.Type.ToString()),
        };
    }
}
