namespace StreamScoring.Schemas.Avro.Resolution;

/// <summary>Fields that both have in the same order, with skips and defaults between.</summary>
internal sealed class RecordStep : ResolveStep
{
    public ResolveStep[] Steps { get; set; } = [];

    public override void Run(ref AvroReader reader, scoped ref AvroWriter writer)
    {
        reader.Enter();
        foreach (var step in Steps) step.Run(ref reader, ref writer);
        reader.Exit();
    }
}

/// <summary>Fields that the reader has in another order: the writer's are found first, then read in the reader's order.</summary>
internal sealed class ReorderStep : ResolveStep
{
    private const int MaxStackFields = 64;

    public AvroSchema[] WriterFields { get; set; } = [];

    /// <summary>For each field of the reader its step, and the index of the writer's field or -1.</summary>
    public (int WriterField, ResolveStep Step)[] ReaderFields { get; set; } = [];

    public override void Run(ref AvroReader reader, scoped ref AvroWriter writer)
    {
        reader.Enter();
        var starts = WriterFields.Length <= MaxStackFields ? stackalloc int[MaxStackFields] : new int[WriterFields.Length];
        for (var i = 0; i < WriterFields.Length; i++)
        {
            starts[i] = reader.Position;
            reader.Skip(WriterFields[i]);
        }
        var end = reader.Position;
        foreach (var (field, step) in ReaderFields)
        {
            if (field >= 0) reader.Seek(starts[field]);
            step.Run(ref reader, ref writer);
        }
        reader.Seek(end);
        reader.Exit();
    }
}
