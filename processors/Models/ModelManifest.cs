using System.Text.Json;

namespace StreamScoring.Processors.Models;

/// <summary>What <c>model.json</c> says, checked.</summary>
public sealed record ModelManifest
{
    /// <summary>Longest row that a manifest may ask for, in tokens.</summary>
    public const int LargestMaxTokens = 8192;

    /// <summary>Most windows that a manifest may ask for.</summary>
    public const int LargestMaxWindows = 1_000_000;

    /// <summary>Name for the provenance, e.g. <c>topic</c>.</summary>
    public required string Name { get; init; }

    /// <summary>Version for the provenance, e.g. <c>1.0.0</c>.</summary>
    public required string Version { get; init; }

    /// <summary>One of <see cref="ModelTask"/>.</summary>
    public required string Task { get; init; }

    /// <summary>Labels in the order of the graph's last output dimension; empty for summarization.</summary>
    public IReadOnlyList<string> Labels { get; init; } = [];

    /// <summary>Tokens in a row, special tokens included. 8 to 8,192, default: 256.</summary>
    public int MaxTokens { get; init; } = 256;

    /// <summary>Tokens that a window shares with the one before it. 0 to less than half of <see cref="MaxTokens"/>, default: 64.</summary>
    public int Stride { get; init; } = 64;

    /// <summary>
    /// Text classification: windows that are read, from the beginning of the text; what comes after them is not looked at.
    /// 1 to 1,000,000, default: 1,000,000.
    /// </summary>
    public int MaxWindows { get; init; } = LargestMaxWindows;

    /// <summary>
    /// Text classification: of a long text the next window is read only while the best label's score is below this. Above 0;
    /// default: every window is read.
    /// </summary>
    public float? EarlyExit { get; init; }

    /// <summary>What the graph reads through <c>token_type_ids</c>. Default: none.</summary>
    public TokenTypeUse TokenTypes { get; init; }

    /// <summary>
    /// Token classification: an <c>I-</c> label may only follow a label of its type. False where the labels were made
    /// with another scheme (IOB1, IO), as in some Hugging Face models: there an <c>I-</c> may open a span. Default: true.
    /// </summary>
    public bool StrictLabels { get; init; } = true;

    /// <summary>Logits are divided by it before the softmax, so that scores are probabilities. Above 0, default: 1.</summary>
    public float Temperature { get; init; } = 1;

    /// <summary>SHA-256 of every file, lower-case hexadecimal, by file name; empty where nobody said.</summary>
    public IReadOnlyDictionary<string, string> Files { get; init; } = new Dictionary<string, string>();

    /// <summary>SPDX licence expression, where one is given.</summary>
    public string? License { get; init; }

    /// <summary>One sentence on what the model is, where there is one.</summary>
    public string? Description { get; init; }

    /// <summary>What it was trained on.</summary>
    public IReadOnlyList<ModelData> Data { get; init; } = [];

    /// <summary>Measured quality, as <c>model.json</c> has it: an object of metrics.</summary>
    public JsonElement? Quality { get; init; }

    /// <summary>How sentences are chosen; summarization only.</summary>
    public SentenceSelection Selection { get; init; } = new();

    /// <summary>An article and what the model says about it, where the manifest has one.</summary>
    public ModelSelfTest? SelfTest { get; init; }
}

/// <summary>A source of training data.</summary>
/// <param name="Name">Its name.</param>
/// <param name="License">Its licence.</param>
public sealed record ModelData(string Name, string? License);

/// <summary>How a summary is put together.</summary>
public sealed record SentenceSelection
{
    /// <summary>Sentences in a summary, at most. 1 to 4, default: 3.</summary>
    public int Sentences { get; init; } = 3;

    /// <summary>Score taken off for each unit of cosine to a sentence already chosen. 0 or more, default: 0.</summary>
    public float RedundancyPenalty { get; init; }

    /// <summary>Score taken off for each sentence of the text before it. Default: 0.</summary>
    public float PositionBias { get; init; }

    /// <summary>
    /// Score taken off a sentence that leans on the one before it ("But he said…") where that one is not chosen. 0 or more,
    /// default: 0.
    /// </summary>
    public float DanglingPenalty { get; init; }
}

/// <summary>An article with the answer that the model gives to it.</summary>
/// <param name="Title">The article's title.</param>
/// <param name="Body">The article's body.</param>
/// <param name="Expected">The answer, in the form of its task (see ModelVerifier).</param>
public sealed record ModelSelfTest(string Title, string Body, JsonElement Expected);
