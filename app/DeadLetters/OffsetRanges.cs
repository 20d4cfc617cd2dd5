namespace StreamScoring.App.DeadLetters;

/// <summary>A set of offsets as ranges: as large as the number of its gaps, not of its offsets.</summary>
internal sealed class OffsetRanges
{
    // First offset of each range to the offset behind its last, in order, neither touching nor overlapping.
    private readonly List<(long From, long Until)> _ranges = [];

    /// <summary>The ranges, in order: first offset, and the offset behind the last.</summary>
    internal IReadOnlyList<(long From, long Until)> Ranges => _ranges;

    /// <summary>Adds the offsets from <paramref name="from"/> up to, not including, <paramref name="until"/>.</summary>
    internal void Add(long from, long until)
    {
        if (until <= from) return;
        var first = FirstEndingAtOrAfter(from);
        var last = first;
        while (last < _ranges.Count && _ranges[last].From <= until)
        {
            from = Math.Min(from, _ranges[last].From);
            until = Math.Max(until, _ranges[last].Until);
            last++;
        }
        _ranges.RemoveRange(first, last - first);
        _ranges.Insert(first, (from, until));
    }

    /// <summary>Whether an offset is in the set.</summary>
    internal bool Contains(long offset)
    {
        var index = FirstEndingAtOrAfter(offset + 1);
        return index < _ranges.Count && _ranges[index].From <= offset;
    }

    /// <summary>The first offset from <paramref name="offset"/> on that is not in the set.</summary>
    internal long FirstMissing(long offset)
    {
        var index = FirstEndingAtOrAfter(offset + 1);
        return index < _ranges.Count && _ranges[index].From <= offset ? _ranges[index].Until : offset;
    }

    private int FirstEndingAtOrAfter(long until)
    {
        int low = 0, high = _ranges.Count;
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (_ranges[middle].Until < until) low = middle + 1;
            else high = middle;
        }
        return low;
    }
}
