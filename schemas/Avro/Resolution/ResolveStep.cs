namespace StreamScoring.Schemas.Avro.Resolution;

/// <summary>Reads one value of the writer's schema and writes it as one of the reader's.</summary>
internal abstract class ResolveStep
{
    public abstract void Run(ref AvroReader reader, scoped ref AvroWriter writer);
}

/// <summary>Both schemas encode alike.</summary>
internal sealed class CopyStep(AvroSchema schema) : ResolveStep
{
    public override void Run(ref AvroReader reader, scoped ref AvroWriter writer)
    {
        var start = reader.Position;
        reader.Skip(schema);
        writer.WriteRaw(reader.Slice(start, reader.Position));
    }
}

/// <summary>The reader does not want the value.</summary>
internal sealed class SkipStep(AvroSchema schema) : ResolveStep
{
    public override void Run(ref AvroReader reader, scoped ref AvroWriter writer) => reader.Skip(schema);
}

/// <summary>The writer has no such value.</summary>
internal sealed class DefaultStep(byte[] value) : ResolveStep
{
    public override void Run(ref AvroReader reader, scoped ref AvroWriter writer)
    {
        writer.WriteRaw(value);
        var limit = reader.Limits.MaxResolvedBytes;
        if (writer.Position <= limit) return;
        throw new AvroException(AvroError.LimitExceeded,
            $"with the reader's defaults the value is larger than the limit of {limit} bytes", reader.Position);
    }
}

/// <summary>There is no way from the writer's value to the reader's.</summary>
internal sealed class FailStep(string path, string reason) : ResolveStep
{
    public override void Run(ref AvroReader reader, scoped ref AvroWriter writer) =>
        throw new AvroException(AvroError.Incompatible, reason, reader.Position, path.Length == 0 ? null : path);
}

/// <summary>A number that becomes a wider one, or text that becomes bytes and back.</summary>
internal sealed class PromoteStep(AvroType from, AvroType to) : ResolveStep
{
    /// <summary>"Schema Resolution" of the specification: what may be promoted to what.</summary>
    public static bool Exists(AvroType from, AvroType to) => (from, to) switch
    {
        (AvroType.Int, AvroType.Long or AvroType.Float or AvroType.Double) => true,
        (AvroType.Long, AvroType.Float or AvroType.Double) => true,
        (AvroType.Float, AvroType.Double) => true,
        (AvroType.String, AvroType.Bytes) => true,
        (AvroType.Bytes, AvroType.String) => true,
        _ => false,
    };

    public override void Run(ref AvroReader reader, scoped ref AvroWriter writer)
    {
        switch (from, to)
        {
            case (AvroType.Int, AvroType.Long): writer.WriteLong(reader.ReadInt()); break;
            case (AvroType.Int, AvroType.Float): writer.WriteFloat(reader.ReadInt()); break;
            case (AvroType.Int, AvroType.Double): writer.WriteDouble(reader.ReadInt()); break;
            case (AvroType.Long, AvroType.Float): writer.WriteFloat(reader.ReadLong()); break;
            case (AvroType.Long, AvroType.Double): writer.WriteDouble(reader.ReadLong()); break;
            case (AvroType.Float, AvroType.Double): writer.WriteDouble(reader.ReadFloat()); break;
            default: writer.WriteBytes(reader.ReadUtf8()); break;
        }
    }
}

/// <summary>Symbols that have other indexes, or that the reader lacks.</summary>
internal sealed class EnumStep(AvroEnumSchema writerSchema, int[] readerIndexes) : ResolveStep
{
    public override void Run(ref AvroReader reader, scoped ref AvroWriter writer)
    {
        var start = reader.Position;
        var symbol = reader.ReadEnum(readerIndexes.Length);
        var index = readerIndexes[symbol];
        if (index < 0)
        {
            throw new AvroException(AvroError.Incompatible,
                $"the reader's {writerSchema.Name} has no symbol \"{writerSchema.Symbols[symbol]}\" and no default", start);
        }
        writer.WriteInt(index);
    }
}

/// <summary>Items one by one.</summary>
internal sealed class ArrayStep(int minItemBytes) : ResolveStep
{
    public ResolveStep Item { get; set; } = null!;

    public override void Run(ref AvroReader reader, scoped ref AvroWriter writer)
    {
        for (int before = 0, count; (count = reader.ReadBlock(minItemBytes, before)) > 0; before += count)
        {
            writer.WriteBlock(count);
            for (var i = 0; i < count; i++) Item.Run(ref reader, ref writer);
        }
        writer.WriteBlock(0);
    }
}

/// <summary>Keys as they are, values one by one.</summary>
internal sealed class MapStep(int minPairBytes) : ResolveStep
{
    public ResolveStep Value { get; set; } = null!;

    public override void Run(ref AvroReader reader, scoped ref AvroWriter writer)
    {
        for (int before = 0, count; (count = reader.ReadBlock(minPairBytes, before)) > 0; before += count)
        {
            writer.WriteBlock(count);
            for (var i = 0; i < count; i++)
            {
                writer.WriteBytes(reader.ReadUtf8());
                Value.Run(ref reader, ref writer);
            }
        }
        writer.WriteBlock(0);
    }
}

/// <summary>The writer's branch decides.</summary>
internal sealed class BranchStep(ResolveStep[] branches) : ResolveStep
{
    public override void Run(ref AvroReader reader, scoped ref AvroWriter writer) =>
        branches[reader.ReadUnion(branches.Length)].Run(ref reader, ref writer);
}

/// <summary>The value goes to a branch of the reader's union.</summary>
internal sealed class ToBranchStep(int branch, ResolveStep value) : ResolveStep
{
    public override void Run(ref AvroReader reader, scoped ref AvroWriter writer)
    {
        writer.WriteUnion(branch);
        value.Run(ref reader, ref writer);
    }
}
