using System.Numerics;
using StreamScoring.Schemas.Avro;

namespace StreamScoring.Schemas.Tests;

/// <summary>Makes up data of any schema, written value by value without a codec.</summary>
internal sealed class RandomDatum(Random random)
{
    private const int MaxDepth = 8;

    private static readonly string[] Words = ["", "a", "Zürich", "飛行機", "🛫 off", "with \"quotes\"", "nul\0", "long " + new string('x', 100)];

    /// <summary>Integers beyond 2^53 are not for JavaScript.</summary>
    public bool SafeIntegers { get; init; }

    public byte[] Next(AvroSchema schema)
    {
        var writer = new AvroWriter([]);
        try
        {
            Write(ref writer, schema, 0);
            return writer.Written.ToArray();
        }
        finally
        {
            writer.Dispose();
        }
    }

    private void Write(ref AvroWriter writer, AvroSchema schema, int depth)
    {
        if (schema.LogicalType != AvroLogicalType.None)
        {
            WriteLogical(ref writer, schema);
            return;
        }
        switch (schema)
        {
            case AvroRecordSchema record:
                foreach (var field in record.Fields) Write(ref writer, field.Schema, depth + 1);
                break;
            case AvroArraySchema array:
                var items = depth > MaxDepth ? 0 : random.Next(0, 4);
                if (items > 0) writer.WriteBlock(items);
                for (var i = 0; i < items; i++) Write(ref writer, array.Items, depth + 1);
                writer.WriteBlock(0);
                break;
            case AvroMapSchema map:
                var pairs = depth > MaxDepth ? 0 : random.Next(0, 4);
                if (pairs > 0) writer.WriteBlock(pairs);
                for (var i = 0; i < pairs; i++)
                {
                    writer.WriteString("key" + i + Words[random.Next(4)]);
                    Write(ref writer, map.Values, depth + 1);
                }
                writer.WriteBlock(0);
                break;
            case AvroUnionSchema union:
                var branch = depth > MaxDepth ? Flattest(union) : random.Next(union.Branches.Count);
                writer.WriteUnion(branch);
                Write(ref writer, union.Branches[branch], depth + 1);
                break;
            case AvroEnumSchema symbols:
                writer.WriteInt(random.Next(symbols.Symbols.Count));
                break;
            case AvroFixedSchema { SizeBytes: var size }:
                writer.WriteRaw(Bytes(size));
                break;
            default:
                WritePrimitive(ref writer, schema.Type);
                break;
        }
    }

    private void WritePrimitive(ref AvroWriter writer, AvroType type)
    {
        switch (type)
        {
            case AvroType.Boolean: writer.WriteBoolean(random.Next(2) == 1); break;
            case AvroType.Int: writer.WriteInt((int)Integer(32)); break;
            case AvroType.Long: writer.WriteLong(Integer(SafeIntegers ? 53 : 64)); break;
            case AvroType.Float: writer.WriteFloat((float)((random.NextDouble() - 0.5) * Math.Pow(10, random.Next(-20, 20)))); break;
            case AvroType.Double: writer.WriteDouble((random.NextDouble() - 0.5) * Math.Pow(10, random.Next(-200, 200))); break;
            case AvroType.Bytes: writer.WriteBytes(Bytes(random.Next(0, 70)).AsSpan()); break;
            case AvroType.String: writer.WriteString(Words[random.Next(Words.Length)]); break;
        }
    }

    private void WriteLogical(ref AvroWriter writer, AvroSchema schema)
    {
        switch (schema.LogicalType)
        {
            case AvroLogicalType.Decimal:
                var digits = random.NextInt64(0, (long)Math.Pow(10, Math.Min(schema.Precision, 17))) * (random.Next(2) == 0 ? 1 : -1);
                // The shortest form of -2^(8n-1) differs between implementations.
                if (digits < 0 && BigInteger.IsPow2(-digits)) digits++;
                var value = new AvroDecimal(digits, schema.Scale);
                if (schema is AvroFixedSchema { SizeBytes: var size }) writer.WriteBigDecimalFixed(value, size, schema.Precision, schema.Scale);
                else writer.WriteBigDecimal(value, schema.Precision, schema.Scale);
                break;
            case AvroLogicalType.Uuid when schema.Type == AvroType.String: writer.WriteUuid(new Guid(Bytes(16))); break;
            case AvroLogicalType.Uuid: writer.WriteRaw(Bytes(16)); break;
            case AvroLogicalType.Duration: writer.WriteRaw(Bytes(12)); break;
            case AvroLogicalType.Date: writer.WriteInt(random.Next(-100_000, 100_000)); break;
            case AvroLogicalType.TimeMillis: writer.WriteInt(random.Next(0, 86_400_000)); break;
            case AvroLogicalType.TimeMicros: writer.WriteLong(random.NextInt64(0, 86_400_000_000)); break;
            case AvroLogicalType.TimestampMillis or AvroLogicalType.LocalTimestampMillis:
                writer.WriteLong(random.NextInt64(-4_000_000_000_000, 4_000_000_000_000));
                break;
            default: writer.WriteLong(random.NextInt64(-4_000_000_000_000_000, 4_000_000_000_000_000)); break;
        }
    }

    private static int Flattest(AvroUnionSchema union)
    {
        for (var i = 0; i < union.Branches.Count; i++)
        {
            if (union.Branches[i].Type is not (AvroType.Record or AvroType.Array or AvroType.Map)) return i;
        }
        return 0;
    }

    /// <summary>Of any magnitude, small ones as often as large ones.</summary>
    private long Integer(int bits) => random.NextInt64(long.MinValue, long.MaxValue) >> random.Next(64 - bits, 64);

    private byte[] Bytes(int count)
    {
        var bytes = new byte[count];
        random.NextBytes(bytes);
        return bytes;
    }

}
