using System.Buffers;
using System.Runtime.CompilerServices;

namespace StreamScoring.Processors.Tokenization;

/// <summary>
/// WordPiece as Hugging Face's <c>BertTokenizer</c> does it (Devlin et al. 2019; greedy longest match, Wu et al. 2016),
/// with the same ids and offsets. Allocates nothing for a token.
/// </summary>
/// <remarks>
/// One deliberate difference: accents that Unicode 8 did not know as such (they are kept, the word then is unknown to every
/// vocabulary seen so far) are not brought into canonical order.
/// </remarks>
public sealed class WordPieceTokenizer : Tokenizer
{
    private readonly BertCharacterMap _characters;
    private readonly BertCharacter[] _ascii;
    private readonly VocabularyTrie _trie;
    private readonly (string Text, int Id)[] _literals;
    private readonly SearchValues<string>? _anyLiteral;
    private readonly int _unknownId;
    private readonly int _maxWordLength;

    /// <summary>Builds a tokenizer; takes some tens of milliseconds.</summary>
    /// <param name="vocabulary">The pieces; a piece's id is its index. Of equal pieces the last one counts.</param>
    /// <param name="options">How the vocabulary wants its text.</param>
    /// <exception cref="InvalidDataException">A special token is not in the vocabulary.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><see cref="WordPieceOptions.MaxWordLength"/> is out of range.</exception>
    public WordPieceTokenizer(IReadOnlyList<string> vocabulary, WordPieceOptions? options = null)
    {
        options ??= new WordPieceOptions();
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaxWordLength, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.MaxWordLength, 1000);

        var ids = new Dictionary<string, int>(vocabulary.Count, StringComparer.Ordinal);
        var initial = new List<(string, int)>(vocabulary.Count);
        var continuation = new List<(string, int)>();
        for (var id = 0; id < vocabulary.Count; id++)
        {
            var piece = vocabulary[id];
            ids[piece] = id;
            if (piece.StartsWith(options.ContinuationPrefix, StringComparison.Ordinal))
                continuation.Add((piece[options.ContinuationPrefix.Length..], id));
            else
                initial.Add((piece, id));
        }
        VocabularySize = vocabulary.Count;
        ClassifierId = Required(ids, options.ClassifierToken, "cls_token");
        SeparatorId = Required(ids, options.SeparatorToken, "sep_token");
        PaddingId = Required(ids, options.PaddingToken, "pad_token");
        _unknownId = Required(ids, options.UnknownToken, "unk_token");
        _literals =
        [
            .. options.LiteralTokens.OrderByDescending(literal => literal.Length)
                .Select(literal => (literal, Required(ids, literal, "literal token"))),
        ];
        if (_literals.Length > 0)
            _anyLiteral = SearchValues.Create([.. options.LiteralTokens], StringComparison.Ordinal);
        _maxWordLength = options.MaxWordLength;
        _trie = new VocabularyTrie(initial, continuation);
        _characters = BertCharacterMap.For(
            options.LowerCase, options.StripAccents ?? options.LowerCase, options.IsolateIdeographs);
        _ascii = _characters.Ascii;
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
    public override void Encode(ReadOnlySpan<char> text, TokenBuffer buffer, int maxTokens = int.MaxValue)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(maxTokens);
        buffer.Clear();
        // A code point takes up to two units; the word may run over by one decomposed code point before it is cut.
        var capacity = 2 * _maxWordLength + 16;
        var letters = (stackalloc char[capacity]);
        var starts = (stackalloc int[capacity]);
        var ends = (stackalloc int[capacity]);
        var word = new WordInProgress(letters, starts, ends, buffer, maxTokens);
        var from = 0;
        for (var at = NextLiteral(text, from); at >= 0; at = NextLiteral(text, from))
        {
            var (literal, id) = LiteralAt(text, at);
            if (!Split(text, from, at, ref word)) return;
            from = at + literal.Length;
            buffer.AddWord(at, from);
            buffer.AddToken(id, at, from);
            if (!Fits(ref word)) return;
        }
        Split(text, from, text.Length, ref word);
    }

    private static int Required(Dictionary<string, int> ids, string token, string name) =>
        ids.TryGetValue(token, out var id)
            ? id
            : throw new InvalidDataException($"The vocabulary has no {name} '{token}'; is it the one of this model?");

    private int NextLiteral(ReadOnlySpan<char> text, int from)
    {
        if (_anyLiteral is null) return -1;
        var at = text[from..].IndexOfAny(_anyLiteral);
        return at < 0 ? -1 : from + at;
    }

    private (string Text, int Id) LiteralAt(ReadOnlySpan<char> text, int at)
    {
        foreach (var literal in _literals)
        {
            if (text[at..].StartsWith(literal.Text, StringComparison.Ordinal)) return literal;
        }
        throw new InvalidOperationException("A literal token was found and is not there.");
    }

    /// <summary>Cuts text[from..to] into words and these into pieces. False: the buffer is full.</summary>
    private bool Split(ReadOnlySpan<char> text, int from, int to, ref WordInProgress word)
    {
        var ascii = _ascii;
        var i = from;
        while (i < to)
        {
            var start = i;
            int c = text[i++];
            BertCharacter character;
            if (c < ascii.Length)
            {
                character = ascii[c];
            }
            else
            {
                if (char.IsHighSurrogate((char)c) && i < to && char.IsLowSurrogate(text[i]))
                    c = char.ConvertToUtf32((char)c, text[i++]);
                character = _characters[c];
            }
            switch (character.Kind)
            {
                case CharacterKind.Word:
                    word.Add(character.Target != 0 ? character.Target : c, start, i, _maxWordLength);
                    break;
                case CharacterKind.Space:
                    if (!EndWord(ref word)) return false;
                    break;
                case CharacterKind.Isolated:
                    if (!EndWord(ref word)) return false;
                    word.Add(character.Target != 0 ? character.Target : c, start, i, _maxWordLength);
                    if (!EndWord(ref word)) return false;
                    break;
                case CharacterKind.Mark:
                    word.Extend(start, i);
                    break;
                case CharacterKind.Sequence:
                    foreach (var part in _characters.Sequence(character)) word.Add(part, start, i, _maxWordLength);
                    break;
                case CharacterKind.Hangul:
                    AddHangul(c, start, i, ref word);
                    break;
                case CharacterKind.Dropped:
                default:
                    break;
            }
        }
        return EndWord(ref word);
    }

    /// <summary>The Unicode Standard, section 3.12: leading consonant, vowel, trailing consonant if there is one.</summary>
    private void AddHangul(int syllable, int start, int end, ref WordInProgress word)
    {
        var index = syllable - 0xAC00;
        word.Add(0x1100 + index / 588, start, end, _maxWordLength);
        word.Add(0x1161 + index % 588 / 28, start, end, _maxWordLength);
        if (index % 28 != 0) word.Add(0x11A7 + index % 28, start, end, _maxWordLength);
    }

    /// <summary>Cuts the collected word into pieces. False: the buffer is full.</summary>
    private bool EndWord(ref WordInProgress word)
    {
        if (word.CodePoints == 0) return true;
        var buffer = word.Buffer;
        var letters = word.Letters[..word.Length];
        buffer.AddWord(word.Start, word.End);
        if (word.CodePoints > _maxWordLength)
        {
            buffer.AddToken(_unknownId, word.Start, word.LastLetterEnd);
        }
        else
        {
            var root = VocabularyTrie.InitialRoot;
            var at = 0;
            while (at < letters.Length)
            {
                var length = _trie.LongestPrefix(letters[at..], root, out var id);
                if (length == 0)
                {
                    buffer.RemoveLastWordTokens();
                    buffer.AddToken(_unknownId, word.Start, word.LastLetterEnd);
                    break;
                }
                buffer.AddToken(id, word.Starts[at], word.Ends[at + length - 1]);
                at += length;
                root = VocabularyTrie.ContinuationRoot;
            }
        }
        word.Reset();
        return Fits(ref word);
    }

    private static bool Fits(ref WordInProgress word)
    {
        if (word.Buffer.Count <= word.MaxTokens) return true;
        word.Buffer.RemoveLastWord();
        word.Buffer.Truncated = true;
        return false;
    }

    /// <summary>The normalized letters of one word and where each came from.</summary>
    private ref struct WordInProgress(
        Span<char> letters, Span<int> starts, Span<int> ends, TokenBuffer buffer, int maxTokens)
    {
        public readonly Span<char> Letters = letters;
        public readonly Span<int> Starts = starts;
        public readonly Span<int> Ends = ends;
        public readonly TokenBuffer Buffer = buffer;
        public readonly int MaxTokens = maxTokens;
        public int Length;
        public int CodePoints;
        public int Start;
        public int End;
        public int LastLetterEnd;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Add(int codePoint, int start, int end, int maxCodePoints)
        {
            if (CodePoints == 0) Start = start;
            End = end;
            LastLetterEnd = end;
            // What no longer fits is only counted: the word is unknown as a whole.
            if (++CodePoints > maxCodePoints) return;
            var at = Length;
            Starts[at] = start;
            Ends[at] = end;
            if (codePoint <= char.MaxValue)
            {
                Letters[at] = (char)codePoint;
                Length = at + 1;
                return;
            }
            AddPair(codePoint, start, end);
        }

        /// <summary>An accent right after the word belongs to it; a stray one belongs to nothing.</summary>
        public void Extend(int start, int end)
        {
            if (CodePoints > 0 && End == start) End = end;
        }

        public void Reset()
        {
            Length = 0;
            CodePoints = 0;
        }

        private void AddPair(int codePoint, int start, int end)
        {
            var at = Length;
            Letters[at] = (char)(0xD800 + ((codePoint - 0x10000) >> 10));
            Letters[at + 1] = (char)(0xDC00 + ((codePoint - 0x10000) & 0x3FF));
            Starts[at + 1] = start;
            Ends[at + 1] = end;
            Length = at + 2;
        }
    }
}
