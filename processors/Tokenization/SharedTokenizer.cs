using System.Buffers;
using System.Runtime.CompilerServices;

namespace StreamScoring.Processors.Tokenization;

/// <summary>
/// Remembers the texts that each thread has lately cut, so that the next model with the same tokenizer gets their tokens
/// by copying them. It keeps at most 128 texts and 262,144 characters for each thread.
/// </summary>
internal sealed class SharedTokenizer(Tokenizer inner) : Tokenizer
{
    // Goes with its thread.
    private readonly ConditionalWeakTable<Thread, RecentTexts> _recent = [];
    private volatile bool _isShared;

    /// <summary>Whether a second model asks; as long as none does nothing is remembered.</summary>
    public bool IsShared
    {
        get => _isShared;
        set => _isShared = value;
    }

    public override int VocabularySize => inner.VocabularySize;

    public override int ClassifierId => inner.ClassifierId;

    public override int SeparatorId => inner.SeparatorId;

    public override int PaddingId => inner.PaddingId;

    public override int PairSeparators => inner.PairSeparators;

    public override void Encode(ReadOnlySpan<char> text, TokenBuffer buffer, int maxTokens = int.MaxValue)
    {
        if (!_isShared || text.IsEmpty || text.Length > RecentTexts.MostCharacters)
        {
            inner.Encode(text, buffer, maxTokens);
            return;
        }
        var recent = _recent.GetOrCreateValue(Thread.CurrentThread);
        if (recent.TryCopy(text, maxTokens, buffer)) return;
        inner.Encode(text, buffer, maxTokens);
        recent.Add(text, maxTokens, buffer);
    }

    /// <summary>A ring of texts with their tokens.</summary>
    private sealed class RecentTexts
    {
        public const int MostCharacters = 1 << 18;
        private const int MostTexts = 128;

        private readonly Entry[] _entries = new Entry[MostTexts];
        private int _oldest;
        private int _count;
        private int _characters;

        public bool TryCopy(ReadOnlySpan<char> text, int maxTokens, TokenBuffer target)
        {
            for (var i = 0; i < _count; i++)
            {
                ref var entry = ref _entries[(_oldest + i) % MostTexts];
                if (entry.Length != text.Length || !entry.Fits(maxTokens) || !text.SequenceEqual(entry.Text.AsSpan(0, entry.Length))) continue;
                entry.Tokens.CopyTo(target);
                return true;
            }
            return false;
        }

        public void Add(ReadOnlySpan<char> text, int maxTokens, TokenBuffer tokens)
        {
            while (_count == MostTexts || _characters + text.Length > MostCharacters) RemoveOldest();
            ref var entry = ref _entries[(_oldest + _count++) % MostTexts];
            entry.Text = ArrayPool<char>.Shared.Rent(text.Length);
            text.CopyTo(entry.Text);
            entry.Length = text.Length;
            entry.MaxTokens = maxTokens;
            entry.Tokens = new TokenBuffer(tokens.Count);
            tokens.CopyTo(entry.Tokens);
            _characters += text.Length;
        }

        private void RemoveOldest()
        {
            ref var entry = ref _entries[_oldest];
            ArrayPool<char>.Shared.Return(entry.Text);
            entry.Tokens.Dispose();
            _characters -= entry.Length;
            entry = default;
            _oldest = (_oldest + 1) % MostTexts;
            _count--;
        }
    }

    private struct Entry
    {
        public char[] Text;
        public int Length;
        public int MaxTokens;
        public TokenBuffer Tokens;

        /// <summary>What was cut short is the answer to the same limit only; what was not, to any that it keeps.</summary>
        public readonly bool Fits(int maxTokens) => Tokens.Truncated ? maxTokens == MaxTokens : Tokens.Count <= maxTokens;
    }
}
