using StreamScoring.Processors.Onnx;
using StreamScoring.Processors.Tokenization;

namespace StreamScoring.Processors;

/// <summary>What every node with a model can be told.</summary>
public sealed record ModelProcessorOptions
{
    /// <summary>
    /// Tokens read of one article, title and body together; what comes after is not scored, and a warning says so. It
    /// bounds the time and the memory that one record can take. 16 to 1,000,000, default: 16,384, some 12,000 words.
    /// </summary>
    public int MaxTokens { get; init; } = 16_384;

    /// <summary>How the graph is run.</summary>
    public OnnxModelOptions Onnx { get; init; } = new();

    /// <summary>Where the tokenizer is had from; null, the default: the processor loads one of its own.</summary>
    public TokenizerCatalog? Tokenizers { get; init; }
}
