using System.Buffers;
using System.Text;

namespace StreamScoring.Processors.Tests.Onnx;

/// <summary>
/// Writes small ONNX graphs (onnx.proto3, IR 8, opset 16), so that tests run the real runtime on models whose answers can
/// be worked out by hand.
/// </summary>
internal sealed class GraphWriter
{
    private const int Float = 1;
    private const int Int64 = 7;

    private readonly ArrayBufferWriter<byte> _graph = new();

    /// <summary>A graph that gives each token the row of <paramref name="weights"/> that its id names.</summary>
    /// <param name="weights">[vocabulary, labels].</param>
    /// <param name="typeWeights">[token types, labels], added by token type; null: the graph has no such input.</param>
    /// <param name="output">Name of the output, [batch, sequence, labels].</param>
    public static byte[] PerToken(float[,] weights, float[,]? typeWeights = null, string output = "logits")
    {
        var graph = new GraphWriter().Input("input_ids").Input("attention_mask").Weights("W", weights);
        if (typeWeights is null) return graph.Gather("W", "input_ids", output).Output(output, 3).Finish();
        return graph.Input("token_type_ids").Weights("T", typeWeights)
            .Gather("W", "input_ids", "w").Gather("T", "token_type_ids", "t").Node("Add", ["w", "t"], [output])
            .Output(output, 3).Finish();
    }

    /// <summary>A graph that sums the rows of <paramref name="weights"/> over a row's tokens: [batch, labels].</summary>
    public static byte[] PerRow(float[,] weights, string output = "logits") =>
        new GraphWriter().Input("input_ids").Input("attention_mask").Input("token_type_ids").Weights("W", weights)
            .Constant("axis", [1]).Gather("W", "input_ids", "w")
            .Node("ReduceSum", ["w", "axis"], [output], ("keepdims", 0)).Output(output, 2).Finish();

    /// <summary>A summarizer: scores [batch, sequence] and embeddings [batch, sequence, width] by token id.</summary>
    public static byte[] Summarizer(float[,] scores, float[,] embeddings) =>
        new GraphWriter().Input("input_ids").Input("attention_mask").Input("token_type_ids")
            .Weights("S", scores).Weights("E", embeddings).Constant("axis", [2])
            .Gather("S", "input_ids", "s").Node("Squeeze", ["s", "axis"], ["scores"]).Gather("E", "input_ids", "embeddings")
            .Output("scores", 2).Output("embeddings", 3).Finish();

    public GraphWriter Input(string name) => Value(11, name, Int64, 2);

    public GraphWriter Output(string name, int rank) => Value(12, name, Float, rank);

    public GraphWriter Gather(string table, string indices, string output) => Node("Gather", [table, indices], [output]);

    public GraphWriter Node(string type, string[] inputs, string[] outputs, params (string Name, long Value)[] attributes)
    {
        var node = new ArrayBufferWriter<byte>();
        foreach (var input in inputs) Text(node, 1, input);
        foreach (var output in outputs) Text(node, 2, output);
        Text(node, 4, type);
        foreach (var (name, value) in attributes)
        {
            var attribute = new ArrayBufferWriter<byte>();
            Text(attribute, 1, name);
            Number(attribute, 3, value);
            Number(attribute, 20, 2);
            Message(node, 5, attribute);
        }
        Message(_graph, 1, node);
        return this;
    }

    public GraphWriter Weights(string name, float[,] values)
    {
        var bytes = new byte[values.Length * sizeof(float)];
        Buffer.BlockCopy(values, 0, bytes, 0, bytes.Length);
        return Tensor(name, Float, [values.GetLength(0), values.GetLength(1)], bytes);
    }

    public GraphWriter Constant(string name, long[] values)
    {
        var bytes = new byte[values.Length * sizeof(long)];
        Buffer.BlockCopy(values, 0, bytes, 0, bytes.Length);
        return Tensor(name, Int64, [values.Length], bytes);
    }

    public byte[] Finish()
    {
        Text(_graph, 2, "test");
        var opset = new ArrayBufferWriter<byte>();
        Number(opset, 2, 16);
        var model = new ArrayBufferWriter<byte>();
        Number(model, 1, 8);
        Message(model, 7, _graph);
        Message(model, 8, opset);
        return model.WrittenSpan.ToArray();
    }

    private GraphWriter Tensor(string name, int type, long[] dimensions, byte[] bytes)
    {
        var tensor = new ArrayBufferWriter<byte>();
        foreach (var dimension in dimensions) Number(tensor, 1, dimension);
        Number(tensor, 2, type);
        Text(tensor, 8, name);
        Bytes(tensor, 9, bytes);
        Message(_graph, 5, tensor);
        return this;
    }

    private GraphWriter Value(int field, string name, int type, int rank)
    {
        var shape = new ArrayBufferWriter<byte>();
        string[] names = ["batch", "sequence", "width"];
        for (var i = 0; i < rank; i++)
        {
            var dimension = new ArrayBufferWriter<byte>();
            Text(dimension, 2, rank == 2 && i == 1 && type == Float ? name + "_width" : names[i]);
            Message(shape, 1, dimension);
        }
        var tensor = new ArrayBufferWriter<byte>();
        Number(tensor, 1, type);
        Message(tensor, 2, shape);
        var valueType = new ArrayBufferWriter<byte>();
        Message(valueType, 1, tensor);
        var value = new ArrayBufferWriter<byte>();
        Text(value, 1, name);
        Message(value, 2, valueType);
        Message(_graph, field, value);
        return this;
    }

    private static void Number(ArrayBufferWriter<byte> stream, int field, long value)
    {
        VarInt(stream, (ulong)field << 3);
        VarInt(stream, (ulong)value);
    }

    private static void Text(ArrayBufferWriter<byte> stream, int field, string value) => Bytes(stream, field, Encoding.UTF8.GetBytes(value));

    private static void Message(ArrayBufferWriter<byte> stream, int field, ArrayBufferWriter<byte> value) => Bytes(stream, field, value.WrittenSpan);

    private static void Bytes(ArrayBufferWriter<byte> stream, int field, ReadOnlySpan<byte> value)
    {
        VarInt(stream, ((ulong)field << 3) | 2);
        VarInt(stream, (ulong)value.Length);
        stream.Write(value);
    }

    private static void VarInt(ArrayBufferWriter<byte> stream, ulong value)
    {
        for (; value >= 0x80; value >>= 7) stream.Write([(byte)(value | 0x80)]);
        stream.Write([(byte)value]);
    }
}
