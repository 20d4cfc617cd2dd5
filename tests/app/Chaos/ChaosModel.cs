using StreamScoring.Processors.Tests.Onnx;

namespace StreamScoring.App.Tests.Chaos;

/// <summary>
/// A text classifier of two words, run by ONNX Runtime like any other. For one of them its graph looks up a row that is not
/// there, so that the runtime refuses every batch with that word in it.
/// </summary>
internal static class ChaosModel
{
    internal const string Name = "small";

    /// <summary>A text that the model scores.</summary>
    internal const string Harmless = "good";

    /// <summary>A text that the model fails on.</summary>
    internal const string Deadly = "deadly";

    private static readonly string[] Vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", Deadly, Harmless];

    /// <summary>Writes the model's folder below a folder of models.</summary>
    internal static void Write(string root)
    {
        var folder = Directory.CreateDirectory(Path.Combine(root, Name)).FullName;
        File.WriteAllBytes(Path.Combine(folder, "model.onnx"), Graph());
        File.WriteAllLines(Path.Combine(folder, "vocab.txt"), Vocabulary);
        File.WriteAllText(Path.Combine(folder, "model.json"), """
            { "name": "small", "version": "1.0.0", "task": "text-classification", "labels": ["good", "bad"], "max_tokens": 32 }
            """);
    }

    private static byte[] Graph()
    {
        var rows = Enumerable.Range(0, Vocabulary.Length).Select(static id => (long)id).ToArray();
        rows[Array.IndexOf(Vocabulary, Deadly)] = Vocabulary.Length;
        var weights = new float[Vocabulary.Length, 2];
        weights[Array.IndexOf(Vocabulary, Harmless), 0] = 3;
        return new GraphWriter()
            .Input("input_ids").Input("attention_mask").Input("token_type_ids")
            .Constant("rows", rows).Weights("W", weights).Constant("axis", [1])
            .Gather("rows", "input_ids", "row").Gather("W", "row", "w")
            .Node("ReduceSum", ["w", "axis"], ["logits"], ("keepdims", 0)).Output("logits", 2).Finish();
    }
}
