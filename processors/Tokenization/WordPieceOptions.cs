namespace StreamScoring.Processors.Tokenization;

/// <summary>
/// How a WordPiece vocabulary wants its text: the settings of Hugging Face's <c>BertTokenizer</c>
/// (<c>tokenizer_config.json</c>), with its names and defaults.
/// </summary>
public sealed record WordPieceOptions
{
    /// <summary>Lower-case the text first (<c>do_lower_case</c>). Default: true.</summary>
    public bool LowerCase { get; init; } = true;

    /// <summary>Decompose and strip accents (<c>strip_accents</c>). Default: null, which means as <see cref="LowerCase"/>.</summary>
    public bool? StripAccents { get; init; }

    /// <summary>Make every CJK ideograph a word (<c>tokenize_chinese_chars</c>). Default: true.</summary>
    public bool IsolateIdeographs { get; init; } = true;

    /// <summary>Opens a sequence (<c>cls_token</c>). Default: <c>[CLS]</c>.</summary>
    public string ClassifierToken { get; init; } = "[CLS]";

    /// <summary>Closes a sequence (<c>sep_token</c>). Default: <c>[SEP]</c>.</summary>
    public string SeparatorToken { get; init; } = "[SEP]";

    /// <summary>Fills up rows (<c>pad_token</c>). Default: <c>[PAD]</c>.</summary>
    public string PaddingToken { get; init; } = "[PAD]";

    /// <summary>Stands for a word the vocabulary cannot spell (<c>unk_token</c>). Default: <c>[UNK]</c>.</summary>
    public string UnknownToken { get; init; } = "[UNK]";

    /// <summary>Marks a piece that continues a word (<c>continuing_subword_prefix</c>). Default: <c>##</c>.</summary>
    public string ContinuationPrefix { get; init; } = "##";

    /// <summary>
    /// A word of more code points is unknown as a whole (<c>max_input_chars_per_word</c>). 1 to 1,000, default: 100.
    /// </summary>
    public int MaxWordLength { get; init; } = 100;

    /// <summary>
    /// Literal texts that become their token wherever they stand, as Hugging Face does with <c>[MASK]</c> and the like.
    /// Default: none, so that what strangers write cannot pass for a separator.
    /// </summary>
    public IReadOnlyList<string> LiteralTokens { get; init; } = [];
}
