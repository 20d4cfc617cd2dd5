namespace StreamScoring.Processors.Onnx;

/// <summary>An output that a task reads from a graph.</summary>
/// <param name="Name">Its name; where the graph has one output only, that one counts whatever its name.</param>
/// <param name="PerToken">True: [batch, sequence, width] or [batch, sequence]; false: [batch, width].</param>
internal readonly record struct OnnxOutput(string Name, bool PerToken);

/// <summary>Takes the results of a batch, row by row, in whatever order they come.</summary>
internal interface IRowReceiver
{
    /// <summary>The results of one row. The spans are gone when the call returns.</summary>
    void Receive(int row, RowOutputs outputs);
}

/// <summary>What a model said about one row: one block of floats for each output that was asked for.</summary>
internal readonly ref struct RowOutputs
{
    private readonly ReadOnlySpan<OnnxBlock> _blocks;
    private readonly int _row;
    private readonly int _length;

    internal RowOutputs(ReadOnlySpan<OnnxBlock> blocks, int row, int length)
    {
        _blocks = blocks;
        _row = row;
        _length = length;
    }

    /// <summary>
    /// Output <paramref name="output"/>: [width], or [tokens of the row, width] row by row without the padding.
    /// </summary>
    public ReadOnlySpan<float> this[int output]
    {
        get
        {
            ref readonly var block = ref _blocks[output];
            return block.Values.Slice(_row * block.RowSize, block.PerToken ? _length * block.Width : block.Width);
        }
    }
}
