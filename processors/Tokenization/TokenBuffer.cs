using System.Buffers;

namespace StreamScoring.Processors.Tokenization;

/// <summary>
/// Where a <see cref="Tokenizer"/> writes: tokens and words of one text, in pooled arrays that are kept from text to
/// text. Not thread-safe; one for each thread, disposed to give the arrays back.
/// </summary>
public sealed class TokenBuffer : IDisposable
{
    private const int InitialTokens = 512;

    private int[] _ids;
    private int[] _starts;
    private int[] _ends;
    private int[] _words;
    private int[] _wordStarts;
    private int[] _wordEnds;
    private int[] _wordFirstTokens;
    private bool _disposed;

    /// <summary>An empty buffer that grows with its text.</summary>
    public TokenBuffer()
        : this(InitialTokens)
    {
    }

    /// <summary>An empty buffer with room for so many tokens.</summary>
    internal TokenBuffer(int tokens)
    {
        var size = Math.Max(tokens, 16);
        _ids = ArrayPool<int>.Shared.Rent(size);
        _starts = ArrayPool<int>.Shared.Rent(size);
        _ends = ArrayPool<int>.Shared.Rent(size);
        _words = ArrayPool<int>.Shared.Rent(size);
        _wordStarts = ArrayPool<int>.Shared.Rent(size);
        _wordEnds = ArrayPool<int>.Shared.Rent(size);
        _wordFirstTokens = ArrayPool<int>.Shared.Rent(size);
    }

    /// <summary>Number of tokens; special tokens around the text are not among them.</summary>
    public int Count { get; private set; }

    /// <summary>Number of words: runs of letters and digits, and every punctuation mark or ideograph by itself.</summary>
    public int WordCount { get; private set; }

    /// <summary>True where the text went on after the last token that fitted.</summary>
    public bool Truncated { get; internal set; }

    /// <summary>Vocabulary ids, [<see cref="Count"/>].</summary>
    public ReadOnlySpan<int> Ids => _ids.AsSpan(0, Count);

    /// <summary>Where each token starts in the text, in UTF-16 code units, [<see cref="Count"/>].</summary>
    public ReadOnlySpan<int> Starts => _starts.AsSpan(0, Count);

    /// <summary>Where each token ends in the text (exclusive), in UTF-16 code units, [<see cref="Count"/>].</summary>
    public ReadOnlySpan<int> Ends => _ends.AsSpan(0, Count);

    /// <summary>Which word each token is a piece of, [<see cref="Count"/>], ascending from 0 without gaps.</summary>
    public ReadOnlySpan<int> Words => _words.AsSpan(0, Count);

    /// <summary>Where each word starts in the text, in UTF-16 code units, [<see cref="WordCount"/>].</summary>
    public ReadOnlySpan<int> WordStarts => _wordStarts.AsSpan(0, WordCount);

    /// <summary>
    /// Where each word ends (exclusive), in UTF-16 code units, [<see cref="WordCount"/>]. Accents that follow the last
    /// letter are part of the word even where the tokens leave them out.
    /// </summary>
    public ReadOnlySpan<int> WordEnds => _wordEnds.AsSpan(0, WordCount);

    /// <summary>Index of each word's first token, [<see cref="WordCount"/>].</summary>
    public ReadOnlySpan<int> WordFirstTokens => _wordFirstTokens.AsSpan(0, WordCount);

    /// <summary>Index after the last token of word <paramref name="word"/>.</summary>
    public int WordTokensEnd(int word) => word + 1 < WordCount ? _wordFirstTokens[word + 1] : Count;

    /// <summary>Forgets the text, keeps the arrays.</summary>
    public void Clear()
    {
        Count = 0;
        WordCount = 0;
        Truncated = false;
    }

    /// <summary>Gives the arrays back to the pool.</summary>
    public void Dispose()
    {
        if (_disposed) return;
        _disposed = true;
        Clear();
        Return(ref _ids);
        Return(ref _starts);
        Return(ref _ends);
        Return(ref _words);
        Return(ref _wordStarts);
        Return(ref _wordEnds);
        Return(ref _wordFirstTokens);
    }

    /// <summary>Replaces what is in <paramref name="target"/> with what is in this one.</summary>
    internal void CopyTo(TokenBuffer target)
    {
        Copy(_ids, ref target._ids, Count);
        Copy(_starts, ref target._starts, Count);
        Copy(_ends, ref target._ends, Count);
        Copy(_words, ref target._words, Count);
        Copy(_wordStarts, ref target._wordStarts, WordCount);
        Copy(_wordEnds, ref target._wordEnds, WordCount);
        Copy(_wordFirstTokens, ref target._wordFirstTokens, WordCount);
        target.Count = Count;
        target.WordCount = WordCount;
        target.Truncated = Truncated;
    }

    internal void AddToken(int id, int start, int end)
    {
        var count = Count;
        if (count == _ids.Length) GrowTokens();
        _ids[count] = id;
        _starts[count] = start;
        _ends[count] = end;
        _words[count] = WordCount - 1;
        Count = count + 1;
    }

    /// <summary>Opens a word; the tokens added next are its pieces.</summary>
    internal void AddWord(int start, int end)
    {
        var count = WordCount;
        if (count == _wordStarts.Length) GrowWords();
        _wordStarts[count] = start;
        _wordEnds[count] = end;
        _wordFirstTokens[count] = Count;
        WordCount = count + 1;
    }

    /// <summary>Takes the last word back, with its pieces.</summary>
    internal void RemoveLastWord()
    {
        WordCount--;
        Count = _wordFirstTokens[WordCount];
    }

    /// <summary>Takes everything back that was added since there were so many tokens and words.</summary>
    internal void RemoveBack(int tokens, int words)
    {
        Count = tokens;
        WordCount = words;
    }

    /// <summary>Takes the last word's pieces back and leaves the word open.</summary>
    internal void RemoveLastWordTokens() => Count = _wordFirstTokens[WordCount - 1];

    private void GrowTokens()
    {
        // The pool rounds up: four arrays rented at the same size are not promised to be of one length.
        var size = checked(Count * 2);
        Grow(ref _ids, Count, size);
        Grow(ref _starts, Count, size);
        Grow(ref _ends, Count, size);
        Grow(ref _words, Count, size);
    }

    private void GrowWords()
    {
        var size = checked(WordCount * 2);
        Grow(ref _wordStarts, WordCount, size);
        Grow(ref _wordEnds, WordCount, size);
        Grow(ref _wordFirstTokens, WordCount, size);
    }

    private static void Copy(int[] source, ref int[] target, int used)
    {
        if (target.Length < used) Grow(ref target, 0, used);
        source.AsSpan(0, used).CopyTo(target);
    }

    private static void Grow(ref int[] array, int used, int size)
    {
        var larger = ArrayPool<int>.Shared.Rent(size);
        array.AsSpan(0, used).CopyTo(larger);
        Return(ref array);
        array = larger;
    }

    private static void Return(ref int[] array)
    {
        if (array.Length > 0) ArrayPool<int>.Shared.Return(array);
        array = [];
    }
}
