using System.Collections;
using System.Text;

namespace StreamScoring.Topology;

/// <summary>One Kafka record header. A value may be null; keys may repeat.</summary>
public readonly record struct RecordHeader(string Key, byte[]? Value);

/// <summary>
/// Headers of a record, in order. Branches of a topology share nothing: whoever forwards a record to several children
/// gives each its own <see cref="Clone"/>, which copies only when one of the two is changed.
/// </summary>
public sealed class RecordHeaders : IReadOnlyList<RecordHeader>
{
    private RecordHeader[] _items;
    private int _count;
    private bool _isShared;

    /// <summary>No headers.</summary>
    public RecordHeaders() => _items = [];

    /// <summary>Room for <paramref name="capacity"/> headers.</summary>
    public RecordHeaders(int capacity) => _items = capacity == 0 ? [] : new RecordHeader[capacity];

    private RecordHeaders(RecordHeader[] items, int count)
    {
        _items = items;
        _count = count;
        _isShared = true;
    }

    /// <inheritdoc/>
    public int Count => _count;

    /// <inheritdoc/>
    public RecordHeader this[int index]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)_count, nameof(index));
            return _items[index];
        }
    }

    /// <summary>Appends a header; an earlier one of the same key stays.</summary>
    public RecordHeaders Add(string key, byte[]? value)
    {
        ArgumentNullException.ThrowIfNull(key);
        if (_count == _items.Length)
        {
            var larger = new RecordHeader[Math.Max(4, _count * 2)];
            Array.Copy(_items, larger, _count);
            _items = larger;
            _isShared = false;
        }
        else
        {
            OwnItems();
        }
        _items[_count++] = new RecordHeader(key, value);
        return this;
    }

    /// <summary>Appends a header with UTF-8 text.</summary>
    public RecordHeaders Add(string key, string value) => Add(key, Encoding.UTF8.GetBytes(value));

    /// <summary>Removes every header of this key and appends one.</summary>
    public RecordHeaders Set(string key, byte[]? value) => Remove(key).Add(key, value);

    /// <summary>Removes every header of this key and appends one with UTF-8 text.</summary>
    public RecordHeaders Set(string key, string value) => Remove(key).Add(key, value);

    /// <summary>Removes every header of this key.</summary>
    public RecordHeaders Remove(string key)
    {
        if (!Contains(key)) return this;
        OwnItems();
        var kept = 0;
        for (var i = 0; i < _count; i++)
        {
            if (_items[i].Key != key) _items[kept++] = _items[i];
        }
        Array.Clear(_items, kept, _count - kept);
        _count = kept;
        return this;
    }

    /// <summary>Whether there is a header of this key.</summary>
    public bool Contains(string key) => TryGetLast(key, out _);

    /// <summary>The last header of this key, as Kafka clients read it.</summary>
    /// <returns>False where there is none; true with a null value where its value is null.</returns>
    public bool TryGetLast(string key, out byte[]? value)
    {
        for (var i = _count - 1; i >= 0; i--)
        {
            if (_items[i].Key == key)
            {
                value = _items[i].Value;
                return true;
            }
        }
        value = null;
        return false;
    }

    /// <summary>The last header of this key as UTF-8 text, or null.</summary>
    public string? GetText(string key) =>
        TryGetLast(key, out var value) && value is not null ? Encoding.UTF8.GetString(value) : null;

    /// <summary>
    /// A copy that can be changed without touching this one. Values are shared: treat them as read-only. Cheap: the
    /// entries are copied when this or the copy is first changed. May be called from several threads.
    /// </summary>
    public RecordHeaders Clone()
    {
        if (_count == 0) return new RecordHeaders();
        _isShared = true;
        return new RecordHeaders(_items, _count);
    }

    /// <inheritdoc/>
    public IEnumerator<RecordHeader> GetEnumerator()
    {
        for (var i = 0; i < _count; i++) yield return _items[i];
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private void OwnItems()
    {
        if (!_isShared) return;
        _items = _items.AsSpan().ToArray();
        _isShared = false;
    }
}
