using System.Runtime.CompilerServices;
using StreamScoring.Topology.Processing;

namespace StreamScoring.Topology.Execution;

/// <summary>What a node keeps in a pass between its records' arrival and its turn.</summary>
internal interface IStageState
{
    void Clear();
}

/// <summary>Records that wait for the whole batch to arrive, each with the slot of its input record.</summary>
internal sealed class StageBuffer<TKey, TValue> : IStageState
{
    private Record<TKey, TValue>[] _records = [];
    private int[] _slots = [];

    public int Count { get; private set; }

    public int SlotOf(int index) => _slots[index];

    public ref readonly Record<TKey, TValue> this[int index] => ref _records[index];

    public ReadOnlySpan<Record<TKey, TValue>> Slice(int start, int length) => _records.AsSpan(start, length);

    public void Add(int slot, in Record<TKey, TValue> record)
    {
        if (Count == _records.Length)
        {
            var capacity = Math.Max(16, Count * 2);
            Array.Resize(ref _records, capacity);
            Array.Resize(ref _slots, capacity);
        }
        _records[Count] = record;
        _slots[Count++] = slot;
    }

    /// <summary>Drops what belongs to failed slots and puts the rest into input order, arrival order within one input.</summary>
    public void Prepare(Pass pass)
    {
        var kept = 0;
        var isSorted = true;
        for (var i = 0; i < Count; i++)
        {
            if (pass.IsFailed(_slots[i])) continue;
            if (kept != i)
            {
                _records[kept] = _records[i];
                _slots[kept] = _slots[i];
            }
            if (kept > 0 && pass.RankOf(_slots[kept]) < pass.RankOf(_slots[kept - 1])) isSorted = false;
            kept++;
        }
        Array.Clear(_records, kept, Count - kept);
        Count = kept;
        if (!isSorted) Sort(pass);
    }

    public void Clear()
    {
        if (RuntimeHelpers.IsReferenceOrContainsReferences<Record<TKey, TValue>>()) Array.Clear(_records, 0, Count);
        Count = 0;
    }

    /// <summary>Only where two paths of different lengths lead to the same node.</summary>
    private void Sort(Pass pass)
    {
        var order = new (long Rank, int Index)[Count];
        for (var i = 0; i < Count; i++) order[i] = (pass.RankOf(_slots[i]), i);
        Array.Sort(order);
        var records = new Record<TKey, TValue>[_records.Length];
        var slots = new int[_slots.Length];
        for (var i = 0; i < order.Length; i++)
        {
            records[i] = _records[order[i].Index];
            slots[i] = _slots[order[i].Index];
        }
        _records = records;
        _slots = slots;
    }
}
