using System.Buffers;

namespace StreamScoring.Processors.Onnx;

/// <summary>
/// Rows of token ids and token types on their way into a model, of any lengths, in pooled arrays that are kept from batch
/// to batch. Not thread-safe.
/// </summary>
public sealed class TokenRows : IDisposable
{
    private int[] _ids = ArrayPool<int>.Shared.Rent(1024);
    private byte[] _types = ArrayPool<byte>.Shared.Rent(1024);
    private readonly List<int> _ends = [];
    private int _count;

    /// <summary>Finished rows.</summary>
    public int Count => _ends.Count;

    /// <summary>Tokens of all finished rows.</summary>
    public int TokenCount => _ends.Count == 0 ? 0 : _ends[^1];

    /// <summary>Tokens of row <paramref name="row"/>.</summary>
    public int Length(int row) => _ends[row] - StartOf(row);

    /// <summary>Ids of row <paramref name="row"/>.</summary>
    public ReadOnlySpan<int> Ids(int row) => _ids.AsSpan(StartOf(row), Length(row));

    /// <summary>Token types of row <paramref name="row"/>.</summary>
    public ReadOnlySpan<byte> Types(int row) => _types.AsSpan(StartOf(row), Length(row));

    /// <summary>Appends one token to the row in progress.</summary>
    public void Append(int id, byte type)
    {
        if (_count == Math.Min(_ids.Length, _types.Length)) Grow(_count + 1);
        _ids[_count] = id;
        _types[_count++] = type;
    }

    /// <summary>Appends tokens of one type to the row in progress.</summary>
    public void Append(ReadOnlySpan<int> ids, byte type)
    {
        Grow(_count + ids.Length);
        ids.CopyTo(_ids.AsSpan(_count));
        _types.AsSpan(_count, ids.Length).Fill(type);
        _count += ids.Length;
    }

    /// <summary>Finishes the row in progress and gives its index.</summary>
    /// <exception cref="InvalidOperationException">The row has no token.</exception>
    public int EndRow()
    {
        if (_count == TokenCount) throw new InvalidOperationException("A row needs a token.");
        _ends.Add(_count);
        return _ends.Count - 1;
    }

    /// <summary>Forgets the rows, keeps the arrays.</summary>
    public void Clear()
    {
        _ends.Clear();
        _count = 0;
    }

    /// <summary>Gives the arrays back to the pool.</summary>
    public void Dispose()
    {
        Clear();
        if (_ids.Length > 0) ArrayPool<int>.Shared.Return(_ids);
        if (_types.Length > 0) ArrayPool<byte>.Shared.Return(_types);
        _ids = [];
        _types = [];
    }

    private int StartOf(int row) => row == 0 ? 0 : _ends[row - 1];

    private void Grow(int needed)
    {
        if (needed > _ids.Length) Grow(ref _ids, needed);
        if (needed > _types.Length) Grow(ref _types, needed);
    }

    private void Grow<T>(ref T[] array, int needed)
    {
        var larger = ArrayPool<T>.Shared.Rent(Math.Max(needed, array.Length * 2));
        array.AsSpan(0, _count).CopyTo(larger);
        if (array.Length > 0) ArrayPool<T>.Shared.Return(array);
        array = larger;
    }
}
