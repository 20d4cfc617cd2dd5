using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using StreamScoring.Processors.Models;
using StreamScoring.Processors.Tests.Onnx;

namespace StreamScoring.Processors.Tests.Models;

/// <summary>A model's folder made for one test, deleted after it.</summary>
internal sealed class TemporaryModel : IDisposable
{
    /// <summary>Words of the small vocabulary; the first four are the special tokens.</summary>
    public static readonly string[] Vocabulary =
    [
        "[PAD]", "[UNK]", "[CLS]", "[SEP]", ".", ",", "'", "\"", "-",
        "the", "a", "in", "of", "met", "won", "said", "rain", "goal", "match", "bank", "price", "news",
        "john", "smith", "london", "acme", "paris", "ann", "he", "it", "yes", "no",
        "u", "s", "un", "##believ", "##able", "##s", "##ed", "z", "##z",
    ];

    public static readonly string[] EntityLabels = ["O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC"];

    public TemporaryModel() => Directory.CreateDirectory(Path);

    public string Path { get; } =
        System.IO.Path.Combine(System.IO.Path.GetTempPath(), $"streamscoring-model-{Guid.NewGuid():N}");

    /// <summary>Entities by word: john, ann → PER (smith goes on), acme → ORG, london, paris → LOC.</summary>
    public static TemporaryModel Entities(Action<JsonObject>? change = null, int maxTokens = 32, int stride = 8)
    {
        var weights = Table(EntityLabels.Length, label => label == 0 ? 2 : 0);
        Set(weights, "john", 1);
        Set(weights, "ann", 1);
        Set(weights, "smith", 2);
        Set(weights, "acme", 3);
        Set(weights, "london", 5);
        Set(weights, "paris", 5);
        Set(weights, "u", 5);
        Set(weights, "s", 6);
        weights[Id("."), 6] = 1;
        return Create(GraphWriter.PerToken(weights), Manifest(ModelTask.TokenClassification, EntityLabels, maxTokens, stride), change);
    }

    /// <summary>Two topics by word: goal and match say Sports, bank and price say Business.</summary>
    public static TemporaryModel Topics(Action<JsonObject>? change = null, int maxTokens = 32, int stride = 8)
    {
        var weights = Table(2, _ => 0);
        foreach (var word in (string[])["goal", "match"]) weights[Id(word), 0] = 1;
        foreach (var word in (string[])["bank", "price"]) weights[Id(word), 1] = 1;
        return Create(
            GraphWriter.PerRow(weights), Manifest(ModelTask.TextClassification, ["Sports", "Business"], maxTokens, stride), change);
    }

    /// <summary>Sentences with goal or won score high; goal and match mean the same, rain and bank something else.</summary>
    public static TemporaryModel Summaries(Action<JsonObject>? change = null, int maxTokens = 32, int stride = 8)
    {
        var scores = Table(1, _ => 0);
        scores[Id("goal"), 0] = 4;
        scores[Id("match"), 0] = 3.5f;
        scores[Id("won"), 0] = 2;
        scores[Id("bank"), 0] = 1.5f;
        var embeddings = Table(2, _ => 0.01f);
        embeddings[Id("goal"), 0] = embeddings[Id("match"), 0] = 1;
        embeddings[Id("rain"), 1] = embeddings[Id("bank"), 1] = 1;
        var manifest = Manifest(ModelTask.ExtractiveSummarization, [], maxTokens, stride);
        manifest["selection"] = new JsonObject { ["sentences"] = 2, ["redundancy_penalty"] = 0, ["position_bias"] = 0 };
        return Create(GraphWriter.Summarizer(scores, embeddings), manifest, change);
    }

    public static TemporaryModel Create(byte[] graph, JsonObject manifest, Action<JsonObject>? change = null)
    {
        var model = new TemporaryModel();
        model.Write("model.onnx", graph);
        model.Write("vocab.txt", string.Join('\n', Vocabulary) + "\n");
        manifest["files"] = new JsonObject
        {
            ["model.onnx"] = model.Sha256("model.onnx"),
            ["vocab.txt"] = model.Sha256("vocab.txt"),
        };
        change?.Invoke(manifest);
        model.Write("model.json", manifest.ToJsonString());
        return model;
    }

    public static JsonObject Manifest(string task, string[] labels, int maxTokens = 32, int stride = 8) => new()
    {
        ["name"] = "small",
        ["version"] = "1.2.3",
        ["task"] = task,
        ["labels"] = JsonSerializer.SerializeToNode(labels),
        ["max_tokens"] = maxTokens,
        ["stride"] = stride,
    };

    public static int Id(string word) => Array.IndexOf(Vocabulary, word);

    public static float[,] Table(int width, Func<int, float> value)
    {
        var table = new float[Vocabulary.Length, width];
        for (var row = 0; row < Vocabulary.Length; row++)
        {
            for (var column = 0; column < width; column++) table[row, column] = value(column);
        }
        return table;
    }

    public ModelFolder Load() => ModelFolder.Load(Path);

    public void Write(string file, string text) => File.WriteAllText(System.IO.Path.Combine(Path, file), text);

    public void Write(string file, byte[] bytes) => File.WriteAllBytes(System.IO.Path.Combine(Path, file), bytes);

    public byte[] Read(string file) => File.ReadAllBytes(System.IO.Path.Combine(Path, file));

    public void Delete(string file) => File.Delete(System.IO.Path.Combine(Path, file));

    public string Sha256(string file) => Convert.ToHexStringLower(SHA256.HashData(Read(file)));

    public void Dispose()
    {
        if (Directory.Exists(Path)) Directory.Delete(Path, recursive: true);
    }

    private static void Set(float[,] weights, string word, int label) => weights[Id(word), label] = 6;
}
