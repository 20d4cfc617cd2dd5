namespace StreamScoring.Processors.Tokenization;

/// <summary>How a byte-level vocabulary wants its text, with the names of Hugging Face's <c>RobertaTokenizer</c>.</summary>
public sealed record ByteLevelBpeOptions
{
    /// <summary>Put a space before a text that starts without one (<c>add_prefix_space</c>). Default: false.</summary>
    public bool AddPrefixSpace { get; init; }

    /// <summary>Separators between the texts of a pair. Default: 2, as in RoBERTa.</summary>
    public int PairSeparators { get; init; } = 2;

    /// <summary>Opens a sequence (<c>cls_token</c>). Default: <c>&lt;s&gt;</c>.</summary>
    public string ClassifierToken { get; init; } = "<s>";

    /// <summary>Closes a sequence (<c>sep_token</c>). Default: <c>&lt;/s&gt;</c>.</summary>
    public string SeparatorToken { get; init; } = "</s>";

    /// <summary>Fills up rows (<c>pad_token</c>). Default: <c>&lt;pad&gt;</c>.</summary>
    public string PaddingToken { get; init; } = "<pad>";

    /// <summary>Stands for a byte the vocabulary lacks (<c>unk_token</c>). Default: <c>&lt;unk&gt;</c>.</summary>
    public string UnknownToken { get; init; } = "<unk>";
}
