using System.Collections;
using System.Text;

namespace StreamScoring.Topology;

/// <summary>One Kafka record header. A value may be null; keys may repeat.</summary>
public readonly record struct RecordHeader(string Key, byte[]? Value);

/// <summary>
/// Headers of a record, in order. Branches of a topology share nothing: whoever forwards a record to several children
/// gives each its own <see cref="Clone"/>.
/// </summary>
public sealed class RecordHeaders : IReadOnlyList<RecordHeader>
{
    private readonly List<RecordHeader> _headers;

    /// <summary>No headers.</summary>
    public RecordHeaders() => _headers = [];

    /// <summary>Room for <paramref name="capacity"/> headers.</summary>
    public RecordHeaders(int capacity) => _headers = new List<RecordHeader>(capacity);

    private RecordHeaders(List<RecordHeader> headers) => _headers = headers;

    /// <inheritdoc/>
    public int Count => _headers.Count;

    /// <inheritdoc/>
    public RecordHeader this[int index] => _headers[index];

    /// <summary>Appends a header; an earlier one of the same key stays.</summary>
    public RecordHeaders Add(string key, byte[]? value)
    {
        ArgumentNullException.ThrowIfNull(key);
        _headers.Add(new RecordHeader(key, value));
        return this;
    }

    /// <summary>Appends a header with UTF-8 text.</summary>
    public RecordHeaders Add(string key, string value) => Add(key, Encoding.UTF8.GetBytes(value));

    /// <summary>Removes every header of this key and appends one.</summary>
    public RecordHeaders Set(string key, string value) => Remove(key).Add(key, value);

    /// <summary>Removes every header of this key.</summary>
    public RecordHeaders Remove(string key)
    {
        for (var i = _headers.Count - 1; i >= 0; i--)
        {
            if (_headers[i].Key == key) _headers.RemoveAt(i);
        }
        return this;
    }

    /// <summary>The last header of this key, as Kafka clients read it.</summary>
    /// <returns>False where there is none; true with a null value where its value is null.</returns>
    public bool TryGetLast(string key, out byte[]? value)
    {
        for (var i = _headers.Count - 1; i >= 0; i--)
        {
            if (_headers[i].Key == key)
            {
                value = _headers[i].Value;
                return true;
            }
        }
        value = null;
        return false;
    }

    /// <summary>The last header of this key as UTF-8 text, or null.</summary>
    public string? GetText(string key) =>
        TryGetLast(key, out var value) && value is not null ? Encoding.UTF8.GetString(value) : null;

    /// <summary>A copy that can be changed without touching this one. Values are shared: treat them as read-only.</summary>
    public RecordHeaders Clone() => new([.. _headers]);

    /// <inheritdoc/>
    public IEnumerator<RecordHeader> GetEnumerator() => _headers.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
