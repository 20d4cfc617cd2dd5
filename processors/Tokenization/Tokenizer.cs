namespace StreamScoring.Processors.Tokenization;

/// <summary>
/// Cuts text into the tokens of a model's vocabulary and says where each one lies in the text. Immutable; any number of
/// threads may use one, each with a <see cref="TokenBuffer"/> of its own.
/// </summary>
public abstract class Tokenizer
{
    /// <summary>Number of ids: each is at least 0 and below it.</summary>
    public abstract int VocabularySize { get; }

    /// <summary>Id that opens a sequence: <c>[CLS]</c> or <c>&lt;s&gt;</c>.</summary>
    public abstract int ClassifierId { get; }

    /// <summary>Id that closes a sequence: <c>[SEP]</c> or <c>&lt;/s&gt;</c>.</summary>
    public abstract int SeparatorId { get; }

    /// <summary>Id that fills a row up to the length of its batch: <c>[PAD]</c> or <c>&lt;pad&gt;</c>.</summary>
    public abstract int PaddingId { get; }

    /// <summary>Separators between the two texts of a pair: 1 in BERT's family, 2 in RoBERTa's.</summary>
    public virtual int PairSeparators => 1;

    /// <summary>
    /// Replaces what is in <paramref name="buffer"/> with the tokens of <paramref name="text"/>, without special tokens
    /// around it. Whole words only: the first word that does not fit into <paramref name="maxTokens"/> ends the work and
    /// sets <see cref="TokenBuffer.Truncated"/>.
    /// </summary>
    /// <param name="text">Any UTF-16; a lone surrogate is read as U+FFFD.</param>
    /// <param name="buffer">Where the tokens go.</param>
    /// <param name="maxTokens">Tokens to give, at most.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="maxTokens"/> is negative.</exception>
    public abstract void Encode(ReadOnlySpan<char> text, TokenBuffer buffer, int maxTokens = int.MaxValue);
}
