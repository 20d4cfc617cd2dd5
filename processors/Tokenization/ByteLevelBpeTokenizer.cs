using System.Text;

namespace StreamScoring.Processors.Tokenization;

/// <summary>
/// Byte-level byte-pair encoding as Hugging Face's <c>RobertaTokenizer</c> does it (Sennrich et al. 2016, Radford et al.
/// 2019), with the same ids and offsets. Every text can be spelt: what has no piece is spelt byte by byte.
/// </summary>
/// <remarks>
/// A word, in the sense of <see cref="TokenBuffer"/>, is a piece of the pre-tokenizer without the space before it; pieces
/// of white space belong to the word before them. A run of one class of more than 4,096 bytes is merged in parts of that
/// length, so that the work stays linear; lone surrogates are read as U+FFFD.
/// </remarks>
public sealed class ByteLevelBpeTokenizer : Tokenizer
{
    /// <summary>Longest stretch that is merged as one, in bytes.</summary>
    private const int MaxPieceBytes = 4096;

    private readonly Dictionary<ulong, (int Rank, int Id)> _merges;
    private readonly int[] _byteIds = new int[256];
    private readonly int[] _leadingSpaces;
    private readonly int[] _trailingSpaces;
    private readonly bool _addPrefixSpace;

    /// <summary>Builds a tokenizer.</summary>
    /// <param name="vocabulary">Pieces with their ids, in the byte-level alphabet (<c>Ġ</c> for a space).</param>
    /// <param name="merges">Pairs of pieces that become one, the most important first.</param>
    /// <param name="options">How the vocabulary wants its text.</param>
    /// <exception cref="InvalidDataException">A special token, or a piece that a merge names, is not in the vocabulary.</exception>
    public ByteLevelBpeTokenizer(
        IReadOnlyDictionary<string, int> vocabulary, IReadOnlyList<(string Left, string Right)> merges,
        ByteLevelBpeOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(vocabulary);
        ArgumentNullException.ThrowIfNull(merges);
        options ??= new ByteLevelBpeOptions();
        VocabularySize = vocabulary.Count == 0 ? 0 : vocabulary.Values.Max() + 1;
        ClassifierId = Required(vocabulary, options.ClassifierToken, "cls_token");
        SeparatorId = Required(vocabulary, options.SeparatorToken, "sep_token");
        PaddingId = Required(vocabulary, options.PaddingToken, "pad_token");
        PairSeparators = options.PairSeparators;
        _addPrefixSpace = options.AddPrefixSpace;
        var alphabet = Alphabet();
        for (var b = 0; b < 256; b++)
            _byteIds[b] = vocabulary.TryGetValue(alphabet[b].ToString(), out var id) ? id : Required(vocabulary, options.UnknownToken, "unk_token");
        _merges = new Dictionary<ulong, (int, int)>(merges.Count);
        for (var rank = 0; rank < merges.Count; rank++)
        {
            var (left, right) = merges[rank];
            var merged = Required(vocabulary, left + right, "merged piece");
            _merges.TryAdd(Key(Required(vocabulary, left, "merge's piece"), Required(vocabulary, right, "merge's piece")), (rank, merged));
        }
        _leadingSpaces = new int[VocabularySize];
        _trailingSpaces = new int[VocabularySize];
        foreach (var (piece, id) in vocabulary)
        {
            _leadingSpaces[id] = piece.Length - piece.AsSpan().TrimStart(alphabet[' ']).Length;
            _trailingSpaces[id] = piece.Length - piece.AsSpan().TrimEnd(alphabet[' ']).Length;
        }
    }

    /// <inheritdoc/>
    public override int VocabularySize { get; }

    /// <inheritdoc/>
    public override int ClassifierId { get; }

    /// <inheritdoc/>
    public override int SeparatorId { get; }

    /// <inheritdoc/>
    public override int PaddingId { get; }

    /// <inheritdoc/>
    public override int PairSeparators { get; }

    /// <inheritdoc/>
    public override void Encode(ReadOnlySpan<char> text, TokenBuffer buffer, int maxTokens = int.MaxValue)
    {
        ArgumentNullException.ThrowIfNull(buffer);
        ArgumentOutOfRangeException.ThrowIfNegative(maxTokens);
        buffer.Clear();
        if (text.IsEmpty) return;
        using var symbols = new BpeSymbols();
        var at = 0;
        if (_addPrefixSpace && text[0] != ' ')
        {
            ByteLevelSplitter.RuneAt(text, 0, out var firstEnd);
            symbols.Add(_byteIds[' '], 0, firstEnd);
            at = ByteLevelSplitter.FirstPieceEnd(text);
            if (!EncodePiece(text, 0, at, buffer, maxTokens, symbols)) return;
        }
        while (at < text.Length)
        {
            var end = ByteLevelSplitter.PieceEnd(text, at);
            if (!EncodePiece(text, at, end, buffer, maxTokens, symbols)) return;
            at = end;
        }
    }

    /// <summary>The characters that stand for bytes: printable Latin-1 for itself, the others from U+0100 on.</summary>
    internal static char[] Alphabet()
    {
        var alphabet = new char[256];
        var next = 0x100;
        for (var b = 0; b < 256; b++)
            alphabet[b] = b is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or (>= 0xAE and <= 0xFF) ? (char)b : (char)next++;
        return alphabet;
    }

    /// <summary>
    /// Merges one piece of the pre-tokenizer, behind the symbols that are there already, in parts where it is too long.
    /// False: the buffer is full.
    /// </summary>
    private bool EncodePiece(ReadOnlySpan<char> text, int start, int end, TokenBuffer buffer, int maxTokens, BpeSymbols symbols)
    {
        var before = buffer.Count;
        var wordsBefore = buffer.WordCount;
        var prefixed = symbols.Count > 0;
        OpenWord(text, start, end, buffer);
        for (var at = start; at < end;)
        {
            AddBytes(ByteLevelSplitter.RuneAt(text, at, out var next), at, next, symbols);
            at = next;
            if (symbols.Count < MaxPieceBytes) continue;
            Flush(symbols, buffer, prefixed);
            if (buffer.Count > maxTokens) break;
        }
        Flush(symbols, buffer, prefixed);
        if (buffer.Count <= maxTokens) return true;
        buffer.RemoveBack(before, wordsBefore);
        buffer.Truncated = true;
        return false;
    }

    /// <summary>A piece of white space opens no word, unless there is none yet to which it could belong.</summary>
    private static void OpenWord(ReadOnlySpan<char> text, int start, int end, TokenBuffer buffer)
    {
        var piece = text[start..end];
        var isSpace = true;
        for (var at = 0; isSpace && at < piece.Length;)
            isSpace = ByteLevelSplitter.ClassOf(ByteLevelSplitter.RuneAt(piece, at, out at).Value) == ByteLevelClass.Space;
        if (isSpace)
        {
            if (buffer.WordCount == 0) buffer.AddWord(end, end);
            return;
        }
        buffer.AddWord(piece[0] == ' ' ? start + 1 : start, end);
    }

    private void AddBytes(Rune rune, int start, int end, BpeSymbols symbols)
    {
        Span<byte> bytes = stackalloc byte[4];
        var count = rune.EncodeToUtf8(bytes);
        for (var i = 0; i < count; i++) symbols.Add(_byteIds[bytes[i]], start, end);
    }

    private void Flush(BpeSymbols symbols, TokenBuffer buffer, bool prefixed)
    {
        symbols.Merge(_merges);
        for (var i = symbols.First; i >= 0; i = symbols.Next(i))
        {
            var (id, start, end) = symbols.At(i);
            // As Hugging Face trims offsets; a single space at the start is taken for that of add_prefix_space, which is not
            // in the text and takes nothing away.
            var leading = _leadingSpaces[id];
            if (leading == 1 && _addPrefixSpace && (start == 0 || buffer.Count == 0)) leading = 0;
            var trailing = _trailingSpaces[id];
            start = Math.Min(start + leading, end);
            if (trailing > 0 && prefixed && buffer.Count == 0)
                end = start;
            else if (trailing > 0 && end >= trailing)
                end = Math.Max(end - trailing, start);
            buffer.AddToken(id, start, end);
        }
        symbols.Clear();
    }

    private static int Required(IReadOnlyDictionary<string, int> vocabulary, string piece, string what) =>
        vocabulary.TryGetValue(piece, out var id)
            ? id
            : throw new InvalidDataException($"The vocabulary has no {what} '{piece}'; is it the one of this model?");

    private static ulong Key(int left, int right) => BpeSymbols.Key(left, right);
}
