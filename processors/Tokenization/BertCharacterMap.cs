using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace StreamScoring.Processors.Tokenization;

/// <summary>What the BERT normalizer and pre-tokenizer do with a code point.</summary>
internal enum CharacterKind
{
    /// <summary>Part of a word.</summary>
    Word = 0,

    /// <summary>Leaves no trace and splits nothing: control characters, private use, byte-order marks.</summary>
    Dropped = 1,

    /// <summary>Ends a word.</summary>
    Space = 2,

    /// <summary>A word of its own: punctuation and ideographs.</summary>
    Isolated = 3,

    /// <summary>An accent: leaves no trace, belongs to the word before it.</summary>
    Mark = 4,

    /// <summary>Part of a word, as several code points (see <see cref="BertCharacterMap.Sequence"/>).</summary>
    Sequence = 5,

    /// <summary>A Hangul syllable: two or three code points, by the rule of the Unicode Standard, section 3.12.</summary>
    Hangul = 6,
}

/// <summary>
/// Kind in the low eight bits; above them what the code point becomes, 0 where it stays itself, or the sequence's index.
/// </summary>
internal readonly record struct BertCharacter(uint Bits)
{
    public BertCharacter(CharacterKind kind, int target) : this((uint)kind | (uint)target << 8)
    {
    }

    public CharacterKind Kind
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => (CharacterKind)(Bits & 0xFF);
    }

    public int Target
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => (int)(Bits >> 8);
    }
}

/// <summary>
/// <see cref="CharacterTables"/> laid out for one set of options: two array reads a code point. The order of the steps is
/// the one of Hugging Face's <c>BertNormalizer</c>: clean, isolate ideographs, decompose and strip accents, lower-case;
/// then punctuation is looked for in what came out.
/// </summary>
internal sealed class BertCharacterMap
{
    private const int BlockBits = 7;
    private const int BlockSize = 1 << BlockBits;
    private const int CodePoints = 0x110000;

    private readonly ushort[] _blocks = new ushort[CodePoints >> BlockBits];
    private readonly BertCharacter[] _entries;
    private readonly int[] _sequences;

    private BertCharacterMap(bool lowerCase, bool stripAccents, bool isolateIdeographs)
    {
        var entries = new BertCharacter[CodePoints];
        var sequences = new List<int>();
        if (lowerCase) FillLower(entries, sequences);
        if (stripAccents) FillBases(entries, sequences, lowerCase);
        IsolatePunctuation(entries);
        if (isolateIdeographs)
        {
            foreach (var c in Expand(CharacterTables.Ideographs))
                entries[c] = new BertCharacter(CharacterKind.Isolated, entries[c].Target);
        }
        if (stripAccents) Fill(entries, CharacterTables.Marks, CharacterKind.Mark);
        Fill(entries, CharacterTables.Spaces, CharacterKind.Space);
        Fill(entries, CharacterTables.Dropped, CharacterKind.Dropped);
        entries.AsSpan(0xD800, 0x800).Fill(new BertCharacter(CharacterKind.Dropped, 0));

        _sequences = [.. sequences];
        _entries = Fold(entries);
        Ascii = entries.AsSpan(0, 128).ToArray();
    }

    /// <summary>The first 128 code points, by code point.</summary>
    public BertCharacter[] Ascii { get; }

    /// <summary>The map for these options; built once a process.</summary>
    public static BertCharacterMap For(bool lowerCase, bool stripAccents, bool isolateIdeographs)
    {
        var index = (lowerCase ? 1 : 0) | (stripAccents ? 2 : 0) | (isolateIdeographs ? 4 : 0);
        return Maps[index].Value;
    }

    /// <summary>What becomes of <paramref name="codePoint"/>; a lone surrogate is dropped.</summary>
    public BertCharacter this[int codePoint]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _entries[(_blocks[codePoint >> BlockBits] << BlockBits) | (codePoint & (BlockSize - 1))];
    }

    /// <summary>Code points of a <see cref="CharacterKind.Sequence"/>.</summary>
    public ReadOnlySpan<int> Sequence(BertCharacter character) =>
        _sequences.AsSpan(character.Target + 1, _sequences[character.Target]);

    private static readonly Lazy<BertCharacterMap>[] Maps =
    [
        .. Enumerable.Range(0, 8).Select(i =>
            new Lazy<BertCharacterMap>(() => new BertCharacterMap((i & 1) != 0, (i & 2) != 0, (i & 4) != 0))),
    ];

    private static void FillLower(BertCharacter[] entries, List<int> sequences)
    {
        foreach (var (source, target) in ExpandRuns(CharacterTables.LowerRuns))
            entries[source] = new BertCharacter(CharacterKind.Word, target);
        foreach (var (source, targets) in ExpandSequences(CharacterTables.LowerSequences))
            entries[source] = AddSequence(sequences, targets);
    }

    private static void FillBases(BertCharacter[] entries, List<int> sequences, bool lowerCase)
    {
        // On entry the map holds the lower case, if wanted: a base takes what its own entry says.
        var lower = (BertCharacter[])entries.Clone();
        foreach (var (source, target) in ExpandRuns(CharacterTables.BaseRuns))
            entries[source] = new BertCharacter(CharacterKind.Word, Become(lower, target));
        foreach (var (source, targets) in ExpandSequences(CharacterTables.BaseSequences))
        {
            if (lowerCase)
            {
                for (var i = 0; i < targets.Length; i++) targets[i] = Become(lower, targets[i]);
            }
            entries[source] = AddSequence(sequences, targets);
        }
        for (var c = 0xAC00; c <= 0xD7A3; c++) entries[c] = new BertCharacter(CharacterKind.Hangul, 0);
    }

    private static int Become(BertCharacter[] entries, int codePoint) =>
        entries[codePoint].Target is var target and not 0 ? target : codePoint;

    private static void IsolatePunctuation(BertCharacter[] entries)
    {
        var punctuation = Expand(CharacterTables.Punctuation).ToHashSet();
        foreach (var c in punctuation)
        {
            if (entries[c].Target == 0) entries[c] = new BertCharacter(CharacterKind.Isolated, 0);
        }
        for (var c = 0; c < entries.Length; c++)
        {
            if (entries[c].Target != 0 && entries[c].Kind == CharacterKind.Word && punctuation.Contains(entries[c].Target))
                entries[c] = new BertCharacter(CharacterKind.Isolated, entries[c].Target);
        }
    }

    private static BertCharacter AddSequence(List<int> sequences, ReadOnlySpan<int> targets)
    {
        var character = new BertCharacter(CharacterKind.Sequence, sequences.Count);
        sequences.Add(targets.Length);
        sequences.AddRange(targets);
        return character;
    }

    private static void Fill(BertCharacter[] entries, ReadOnlySpan<int> ranges, CharacterKind kind)
    {
        foreach (var c in Expand(ranges)) entries[c] = new BertCharacter(kind, 0);
    }

    private static List<int> Expand(ReadOnlySpan<int> ranges)
    {
        var points = new List<int>();
        for (var i = 0; i < ranges.Length; i += 2)
        {
            for (var c = ranges[i]; c <= ranges[i + 1]; c++) points.Add(c);
        }
        return points;
    }

    private static List<(int Source, int Target)> ExpandRuns(ReadOnlySpan<int> runs)
    {
        var pairs = new List<(int, int)>();
        for (var i = 0; i < runs.Length; i += 4)
        {
            for (var c = runs[i]; c <= runs[i + 1]; c += runs[i + 2]) pairs.Add((c, c + runs[i + 3]));
        }
        return pairs;
    }

    private static List<(int Source, int[] Targets)> ExpandSequences(ReadOnlySpan<int> sequences)
    {
        var list = new List<(int, int[])>();
        for (var i = 0; i < sequences.Length; i += 2 + sequences[i + 1])
            list.Add((sequences[i], sequences.Slice(i + 2, sequences[i + 1]).ToArray()));
        return list;
    }

    /// <summary>Stores equal blocks once: most code points are letters that stay themselves.</summary>
    private BertCharacter[] Fold(BertCharacter[] entries)
    {
        var stored = new Dictionary<string, ushort>();
        var folded = new List<BertCharacter>();
        for (var block = 0; block < _blocks.Length; block++)
        {
            var span = entries.AsSpan(block << BlockBits, BlockSize);
            var key = new string(MemoryMarshal.Cast<BertCharacter, char>(span));
            if (!stored.TryGetValue(key, out var index))
            {
                index = (ushort)stored.Count;
                stored.Add(key, index);
                folded.AddRange(span);
            }
            _blocks[block] = index;
        }
        return [.. folded];
    }
}
