using System;
using System.Collections.Generic;

namespace StreamScoring.Schemas.Avro;

/// <summary>How few bytes a value of a schema can take.</summary>
internal static class AvroSize
{
    /// <summary>A lower bound, exact but for records that hold themselves.</summary>
    public static int MinimumOf(AvroSchema schema) =>
        schema.MinimumBytes >= 0 ? schema.MinimumBytes : Clamp(MinimumOf(schema, []));

    /// <summary>The same for a key and a value of a map.</summary>
    public static int MinimumOfPair(AvroMapSchema map) => Clamp(1L + MinimumOf(map.Values));

    private static int Clamp(long bytes) => (int)Math.Min(int.MaxValue, bytes);

    private static long MinimumOf(AvroSchema schema, HashSet<AvroSchema> within)
    {
        if (schema.MinimumBytes < 0) schema.MinimumBytes = Clamp(Measure(schema, within));
        return schema.MinimumBytes;
    }

    private static long Measure(AvroSchema schema, HashSet<AvroSchema> within)
    {
        switch (schema)
        {
            case AvroFixedSchema { SizeBytes: var size }: return size;
            case AvroUnionSchema union:
                var least = (long)int.MaxValue;
                foreach (var branch in union.Branches) least = Math.Min(least, MinimumOf(branch, within));
                return 1 + least;
            case AvroRecordSchema record:
                if (!within.Add(record)) return 0;
                long sum = 0;
                foreach (var field in record.Fields) sum += MinimumOf(field.Schema, within);
                within.Remove(record);
                return sum;
            default:
                return schema.Type switch
                {
                    AvroType.Null => 0,
                    AvroType.Float => 4,
                    AvroType.Double => 8,
                    _ => 1,
                };
        }
    }

    /// <summary>Whether a value of <paramref name="record"/> may hold another one, at any depth.</summary>
    public static bool IsRecursive(AvroRecordSchema record) => Reaches(record, record, []);

    private static bool Reaches(AvroSchema schema, AvroRecordSchema target, HashSet<AvroSchema> seen)
    {
        switch (schema)
        {
            case AvroArraySchema array: return IsOrReaches(array.Items, target, seen);
            case AvroMapSchema map: return IsOrReaches(map.Values, target, seen);
            case AvroUnionSchema union:
                foreach (var branch in union.Branches)
                {
                    if (IsOrReaches(branch, target, seen)) return true;
                }
                return false;
            case AvroRecordSchema record when seen.Add(record):
                foreach (var field in record.Fields)
                {
                    if (IsOrReaches(field.Schema, target, seen)) return true;
                }
                return false;
            default: return false;
        }
    }

    private static bool IsOrReaches(AvroSchema schema, AvroRecordSchema target, HashSet<AvroSchema> seen) =>
        ReferenceEquals(schema, target) || Reaches(schema, target, seen);
}
