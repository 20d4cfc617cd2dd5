using System.Buffers;

namespace StreamScoring.Processors.Tokenization;

/// <summary>
/// The symbols of one stretch of text while pairs of them are merged: a linked list in pooled arrays. The pair of lowest
/// rank is merged first, of equals the leftmost.
/// </summary>
internal sealed class BpeSymbols : IDisposable
{
    private const int InitialSymbols = 128;

    private Symbol[] _symbols = ArrayPool<Symbol>.Shared.Rent(InitialSymbols);
    private PriorityQueue<(int Left, int LeftId, int RightId), (int Rank, int Left)>? _queue;

    /// <summary>Symbols that were added.</summary>
    public int Count { get; private set; }

    /// <summary>Index of the first symbol, -1 where there is none.</summary>
    public int First => Count == 0 ? -1 : 0;

    /// <summary>A pair of ids as one number.</summary>
    public static ulong Key(int left, int right) => ((ulong)(uint)left << 32) | (uint)right;

    /// <summary>Index of the symbol after <paramref name="index"/>, -1 at the end.</summary>
    public int Next(int index) => _symbols[index].Next;

    /// <summary>A symbol and its place in the text.</summary>
    public (int Id, int Start, int End) At(int index) => (_symbols[index].Id, _symbols[index].Start, _symbols[index].End);

    /// <summary>Forgets the symbols.</summary>
    public void Clear() => Count = 0;

    /// <summary>Appends a symbol.</summary>
    public void Add(int id, int start, int end)
    {
        if (Count == _symbols.Length)
        {
            var larger = ArrayPool<Symbol>.Shared.Rent(2 * Count);
            _symbols.AsSpan(0, Count).CopyTo(larger);
            ArrayPool<Symbol>.Shared.Return(_symbols);
            _symbols = larger;
        }
        if (Count > 0) _symbols[Count - 1].Next = Count;
        _symbols[Count] = new Symbol { Id = id, Start = start, End = end, Next = -1, Previous = Count - 1 };
        Count++;
    }

    /// <summary>Merges until no pair is left that <paramref name="merges"/> knows.</summary>
    public void Merge(Dictionary<ulong, (int Rank, int Id)> merges)
    {
        const int fewSymbols = 48;
        if (Count <= fewSymbols)
            MergeByScanning(merges);
        else
            MergeByQueue(merges);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_symbols.Length > 0) ArrayPool<Symbol>.Shared.Return(_symbols);
        _symbols = [];
    }

    private void MergeByScanning(Dictionary<ulong, (int Rank, int Id)> merges)
    {
        while (true)
        {
            var best = (Rank: int.MaxValue, Left: -1, Id: 0);
            for (var left = First; left >= 0 && _symbols[left].Next >= 0; left = _symbols[left].Next)
            {
                var right = _symbols[left].Next;
                if (merges.TryGetValue(Key(_symbols[left].Id, _symbols[right].Id), out var merge) && merge.Rank < best.Rank)
                    best = (merge.Rank, left, merge.Id);
            }
            if (best.Left < 0) return;
            Join(best.Left, best.Id);
        }
    }

    private void MergeByQueue(Dictionary<ulong, (int Rank, int Id)> merges)
    {
        _queue ??= new PriorityQueue<(int, int, int), (int, int)>();
        _queue.Clear();
        for (var left = 0; left + 1 < Count; left++) Propose(left, merges);
        while (_queue.TryDequeue(out var pair, out _))
        {
            var right = _symbols[pair.Left].Next;
            // The pair may have changed since it was proposed: a symbol that was merged away has no id.
            if (right < 0 || _symbols[pair.Left].Id != pair.LeftId || _symbols[right].Id != pair.RightId) continue;
            Join(pair.Left, merges[Key(pair.LeftId, pair.RightId)].Id);
            Propose(pair.Left, merges);
            if (_symbols[pair.Left].Previous >= 0) Propose(_symbols[pair.Left].Previous, merges);
        }
    }

    private void Propose(int left, Dictionary<ulong, (int Rank, int Id)> merges)
    {
        var right = _symbols[left].Next;
        if (right < 0) return;
        var (leftId, rightId) = (_symbols[left].Id, _symbols[right].Id);
        if (merges.TryGetValue(Key(leftId, rightId), out var merge))
            _queue!.Enqueue((left, leftId, rightId), (merge.Rank, left));
    }

    private void Join(int left, int id)
    {
        var right = _symbols[left].Next;
        var next = _symbols[right].Next;
        _symbols[left].Id = id;
        _symbols[left].End = _symbols[right].End;
        _symbols[left].Next = next;
        _symbols[right].Id = -1;
        _symbols[right].Next = -1;
        if (next >= 0) _symbols[next].Previous = left;
    }

    private struct Symbol
    {
        public int Id;
        public int Start;
        public int End;
        public int Next;
        public int Previous;
    }
}
