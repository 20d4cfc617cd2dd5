using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace StreamScoring.Processors.Tokenization;

/// <summary>
/// Longest-prefix search over a vocabulary: a double-array trie (Aoe 1989) over UTF-16 code units, with one root for pieces
/// that open a word and one for pieces that continue it. Looking up costs one array read for each code unit.
/// </summary>
internal sealed class VocabularyTrie
{
    /// <summary>Root of the pieces that open a word.</summary>
    public const int InitialRoot = 1;

    /// <summary>Root of the pieces that continue a word.</summary>
    public const int ContinuationRoot = 2;

    private readonly ushort[] _alphabet = new ushort[char.MaxValue + 1];
    private readonly Node[] _nodes;

    /// <summary>Builds the trie. Of equal pieces under one root the last one counts.</summary>
    public VocabularyTrie(IEnumerable<(string Piece, int Id)> initial, IEnumerable<(string Piece, int Id)> continuation)
    {
        var builder = new Builder(_alphabet);
        _nodes = builder.Build(Entries(initial), Entries(continuation));
    }

    /// <summary>Finds the longest piece that <paramref name="text"/> starts with.</summary>
    /// <returns>Its length in code units, 0 where there is none.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int LongestPrefix(ReadOnlySpan<char> text, int root, out int id)
    {
        ref var nodes = ref MemoryMarshal.GetArrayDataReference(_nodes);
        ref var alphabet = ref MemoryMarshal.GetArrayDataReference(_alphabet);
        id = -1;
        var length = 0;
        var node = root;
        for (var i = 0; i < text.Length; i++)
        {
            var next = Unsafe.Add(ref nodes, node).Base + Unsafe.Add(ref alphabet, (int)text[i]);
            ref var candidate = ref Unsafe.Add(ref nodes, next);
            if (candidate.Parent != node) break;
            node = next;
            if (candidate.Id < 0) continue;
            id = candidate.Id;
            length = i + 1;
        }
        return length;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static List<(string Piece, int Id)> Entries(IEnumerable<(string Piece, int Id)> pieces)
    {
        var last = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var (piece, id) in pieces)
        {
            if (piece.Length > 0) last[piece] = id;
        }
        var entries = new List<(string Piece, int Id)>(last.Count);
        foreach (var (piece, id) in last) entries.Add((piece, id));
        entries.Sort(static (a, b) => string.CompareOrdinal(a.Piece, b.Piece));
        return entries;
    }

    private struct Node
    {
        public int Base;
        public int Parent;
        public int Id;
    }

    /// <summary>
    /// Lays nodes out first-fit, breadth first, so that the widest parents come while there is most room. Runs once, at
    /// start, and is compiled for speed at once for that reason.
    /// </summary>
    private sealed class Builder(ushort[] alphabet)
    {
        private Node[] _nodes = [];
        private int _firstFree = 3;
        private int _used = 3;
        private int _letters;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public Node[] Build(List<(string Piece, int Id)> initial, List<(string Piece, int Id)> continuation)
        {
            Reserve(1 << 16);
            _letters = NumberLetters(initial, continuation);
            var work = new Queue<(int Node, int From, int To, int Depth, bool Initial)>();
            work.Enqueue((InitialRoot, 0, initial.Count, 0, true));
            work.Enqueue((ContinuationRoot, 0, continuation.Count, 0, false));
            var codes = new List<(ushort Code, int From)>();
            while (work.TryDequeue(out var item))
            {
                var entries = item.Initial ? initial : continuation;
                var from = item.From;
                if (from < item.To && entries[from].Piece.Length == item.Depth)
                {
                    _nodes[item.Node].Id = entries[from].Id;
                    from++;
                }
                codes.Clear();
                for (var i = from; i < item.To; i++)
                {
                    var code = alphabet[entries[i].Piece[item.Depth]];
                    if (codes.Count == 0 || codes[^1].Code != code) codes.Add((code, i));
                }
                if (codes.Count == 0) continue;
                var start = Place(item.Node, codes);
                for (var i = 0; i < codes.Count; i++)
                {
                    var to = i + 1 < codes.Count ? codes[i + 1].From : item.To;
                    work.Enqueue((start + codes[i].Code, codes[i].From, to, item.Depth + 1, item.Initial));
                }
            }
            // Every base plus every letter must stay inside the array, so that a lookup needs no bounds check.
            return _nodes.AsSpan(0, _used + _letters + 1).ToArray();
        }

        /// <summary>Frequent letters get small numbers, which keeps the array dense. 0 is for letters of no piece.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private int NumberLetters(List<(string Piece, int Id)> initial, List<(string Piece, int Id)> continuation)
        {
            var counts = new int[char.MaxValue + 1];
            Count(initial, counts);
            Count(continuation, counts);
            var letters = Enumerable.Range(0, counts.Length).Where(c => counts[c] > 0).OrderByDescending(c => counts[c]).ToList();
            for (var i = 0; i < letters.Count; i++) alphabet[letters[i]] = (ushort)(i + 1);
            return letters.Count;
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private static void Count(List<(string Piece, int Id)> entries, int[] counts)
        {
            foreach (var (piece, _) in entries)
            {
                foreach (var c in piece) counts[c]++;
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private int Place(int node, List<(ushort Code, int From)> codes)
        {
            var (lowest, highest) = (int.MaxValue, 0);
            foreach (var (code, _) in codes)
            {
                lowest = Math.Min(lowest, code);
                highest = Math.Max(highest, code);
            }
            while (_nodes[_firstFree].Parent != 0) _firstFree++;
            var start = Math.Max(1, _firstFree - lowest);
            while (!Fits(start, codes)) start++;
            Reserve(start + highest + _letters + 2);
            _nodes[node].Base = start;
            foreach (var (code, _) in codes)
            {
                _nodes[start + code].Parent = node;
                _used = Math.Max(_used, start + code + 1);
            }
            return start;
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private bool Fits(int start, List<(ushort Code, int From)> codes)
        {
            foreach (var (code, _) in codes)
            {
                var at = start + code;
                if (at <= ContinuationRoot || (at < _nodes.Length && _nodes[at].Parent != 0)) return false;
            }
            return true;
        }

        private void Reserve(int size)
        {
            if (size <= _nodes.Length) return;
            var old = _nodes.Length;
            Array.Resize(ref _nodes, Math.Max(size, old * 2));
            _nodes.AsSpan(old).Fill(new Node { Base = 0, Parent = 0, Id = -1 });
        }
    }
}
