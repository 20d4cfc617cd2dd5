namespace StreamScoring.Topology.Processing;

/// <summary>
/// A node that works on many records in one call: a model. It keeps no state between calls; calls may come from several
/// threads at once.
/// </summary>
/// <remarks>
/// What a record gets must not depend on its neighbours: a replay cuts batches elsewhere. Where a call throws, it is
/// repeated with parts of the batch until the records that cannot be processed stand alone, so a call that failed must
/// leave its records fit to be tried again.
/// </remarks>
public interface IBatchProcessor<TKeyIn, TValueIn, TKeyOut, TValueOut>
{
    /// <summary>Handles a batch of at least one record.</summary>
    /// <param name="batch">Records in input order, of one or more partitions.</param>
    /// <param name="output">Takes what comes of each.</param>
    /// <param name="cancellationToken">The stream is stopping and will not wait for the result.</param>
    /// <exception cref="Exception">Any: everything forwarded by this call is dropped and the batch is halved.</exception>
    void Process(
        ReadOnlySpan<Record<TKeyIn, TValueIn>> batch,
        BatchOutput<TKeyOut, TValueOut> output,
        CancellationToken cancellationToken);
}

/// <summary>Computes a value for every record of a batch.</summary>
/// <param name="batch">Records in input order.</param>
/// <param name="results">As long as <paramref name="batch"/>: the new values.</param>
/// <param name="cancellationToken">The stream is stopping and will not wait for the result.</param>
public delegate void BatchScorer<TKey, TValue, TResult>(
    ReadOnlySpan<Record<TKey, TValue>> batch, Span<TResult> results, CancellationToken cancellationToken);

/// <summary>Takes the results of a batch processor, each under the index of the record it comes from.</summary>
public sealed class BatchOutput<TKey, TValue>
{
    private readonly List<Entry> _entries = [];
    private readonly List<(int Index, Exception Error)> _failures = [];
    private int _batchLength;

    internal BatchOutput()
    {
    }

    /// <summary>Forwards a record, with its own copy of the headers, to every child.</summary>
    /// <param name="index">Which record of the batch it comes from.</param>
    /// <param name="record">The record.</param>
    public void Forward(int index, in Record<TKey, TValue> record)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)_batchLength, nameof(index));
        _entries.Add(new Entry(index, record.WithHeaders(record.Headers.Clone())));
    }

    /// <summary>
    /// This one record cannot be processed. It ends as its exception handler decides; what was forwarded for it is
    /// dropped.
    /// </summary>
    /// <param name="index">Which record of the batch.</param>
    /// <param name="error">Why.</param>
    public void Fail(int index, Exception error)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)_batchLength, nameof(index));
        ArgumentNullException.ThrowIfNull(error);
        _failures.Add((index, error));
    }

    internal List<Entry> Entries => _entries;

    internal List<(int Index, Exception Error)> Failures => _failures;

    internal void Reset(int batchLength)
    {
        _batchLength = batchLength;
        _entries.Clear();
        _failures.Clear();
    }

    /// <summary>Puts the results into the order of their records; a processor may have answered in any order.</summary>
    internal void SortByIndex()
    {
        for (var i = 1; i < _entries.Count; i++)
        {
            if (_entries[i].Index >= _entries[i - 1].Index) continue;
            var sorted = new List<Entry>(_entries.OrderBy(static entry => entry.Index));
            _entries.Clear();
            _entries.AddRange(sorted);
            return;
        }
    }

    internal readonly record struct Entry(int Index, Record<TKey, TValue> Record);
}
