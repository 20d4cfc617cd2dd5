using System.Buffers;
using System.Globalization;
using System.Text.Unicode;

namespace StreamScoring.Schemas.Json;

/// <summary>
/// Writes compact JSON. Everything that is valid text stays readable: only quotation marks, backslashes and control
/// characters are escaped, and a lone surrogate, which UTF-8 cannot hold, becomes U+FFFD.
/// </summary>
internal ref struct JsonOutput(Span<byte> initial)
{
    private static readonly SearchValues<char> Escaped = SearchValues.Create(
        "\"\\\0\u0001\u0002\u0003\u0004\u0005\u0006\u0007\b\t\n\u000b\f\r\u000e\u000f"
        + "\u0010\u0011\u0012\u0013\u0014\u0015\u0016\u0017\u0018\u0019\u001a\u001b\u001c\u001d\u001e\u001f");

    private PooledBuffer _out = new(initial);

    public readonly ReadOnlySpan<byte> Written => _out.Written;

    public void Dispose() => _out.Dispose();

    /// <summary>Appends JSON as it is.</summary>
    public void Raw(scoped ReadOnlySpan<byte> json)
    {
        json.CopyTo(_out.Free(json.Length));
        _out.Length += json.Length;
    }

    public void Byte(byte value)
    {
        _out.Free(1)[0] = value;
        _out.Length++;
    }

    public void String(ReadOnlySpan<char> value)
    {
        Byte((byte)'"');
        while (value.IndexOfAny(Escaped) is var at && at >= 0)
        {
            Text(value[..at]);
            Escape(value[at]);
            value = value[(at + 1)..];
        }
        Text(value);
        Byte((byte)'"');
    }

    public void StringOrNull(string? value)
    {
        if (value is null) Raw("null"u8);
        else String(value);
    }

    /// <summary>The shortest digits that read back as the same float; NaN and the infinities as strings.</summary>
    public void Number(float value)
    {
        if (float.IsFinite(value)) Format(value, 32);
        else Raw(float.IsNaN(value) ? "\"NaN\""u8 : value > 0 ? "\"Infinity\""u8 : "\"-Infinity\""u8);
    }

    public void Number(long value) => Format(value, 20);

    /// <summary>ISO 8601 in UTC with milliseconds: <c>"2026-03-01T12:30:00.000Z"</c>.</summary>
    public void Timestamp(DateTimeOffset value)
    {
        Byte((byte)'"');
        value.UtcDateTime.TryFormat(_out.Free(32), out var written, "yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
        _out.Length += written;
        Byte((byte)'"');
    }

    private void Format<T>(T value, int maxBytes)
        where T : IUtf8SpanFormattable
    {
        value.TryFormat(_out.Free(maxBytes), out var written, default, CultureInfo.InvariantCulture);
        _out.Length += written;
    }

    private void Text(ReadOnlySpan<char> value)
    {
        const int slice = 16 << 10;
        while (value.Length > slice)
        {
            var length = char.IsHighSurrogate(value[slice - 1]) ? slice - 1 : slice;
            Append(value[..length]);
            value = value[length..];
        }
        Append(value);
    }

    private void Append(ReadOnlySpan<char> value)
    {
        Utf8.FromUtf16(value, _out.Free(value.Length * 3), out _, out var written);
        _out.Length += written;
    }

    private void Escape(char c)
    {
        switch (c)
        {
            case '"': Raw("\\\""u8); break;
            case '\\': Raw("\\\\"u8); break;
            case '\b': Raw("\\b"u8); break;
            case '\t': Raw("\\t"u8); break;
            case '\n': Raw("\\n"u8); break;
            case '\f': Raw("\\f"u8); break;
            case '\r': Raw("\\r"u8); break;
            default:
                Raw("\\u00"u8);
                ((byte)c).TryFormat(_out.Free(2), out var written, "x2", CultureInfo.InvariantCulture);
                _out.Length += written;
                break;
        }
    }
}
