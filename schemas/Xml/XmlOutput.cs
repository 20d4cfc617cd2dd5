using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Unicode;

namespace StreamScoring.Schemas.Xml;

/// <summary>
/// Writes XML 1.0 on one line: markup and line ends in text are escaped; what XML cannot hold (control characters, lone
/// surrogates, U+FFFE, U+FFFF) becomes U+FFFD.
/// </summary>
internal ref struct XmlOutput(Span<byte> initial)
{
    private static readonly SearchValues<char> Special = SearchValues.Create(
        "&<>\"\0\u0001\u0002\u0003\u0004\u0005\u0006\u0007\b\t\n\u000b\f\r\u000e\u000f"
        + "\u0010\u0011\u0012\u0013\u0014\u0015\u0016\u0017\u0018\u0019\u001a\u001b\u001c\u001d\u001e\u001f\ufffe\uffff");

    private PooledBuffer _out = new(initial);

    public readonly ReadOnlySpan<byte> Written => _out.Written;

    public void Dispose() => _out.Dispose();

    /// <summary>Appends XML as it is.</summary>
    public void Raw(scoped ReadOnlySpan<byte> xml)
    {
        xml.CopyTo(_out.Free(xml.Length));
        _out.Length += xml.Length;
    }

    public void Open(scoped ReadOnlySpan<byte> name)
    {
        Raw("<"u8);
        Raw(name);
        Raw(">"u8);
    }

    /// <summary>Opens an element with one attribute.</summary>
    public void Open(scoped ReadOnlySpan<byte> name, scoped ReadOnlySpan<byte> attribute, string value)
    {
        Raw("<"u8);
        Raw(name);
        Raw(" "u8);
        Raw(attribute);
        Raw("=\""u8);
        Text(value);
        Raw("\">"u8);
    }

    public void Close(scoped ReadOnlySpan<byte> name)
    {
        Raw("</"u8);
        Raw(name);
        Raw(">"u8);
    }

    /// <summary>An element with text; none where there is no text.</summary>
    public void Element(scoped ReadOnlySpan<byte> name, string? text)
    {
        if (text is null) return;
        Open(name);
        Text(text);
        Close(name);
    }

    public void Element(scoped ReadOnlySpan<byte> name, long value)
    {
        Open(name);
        Format(value);
        Close(name);
    }

    public void Element(scoped ReadOnlySpan<byte> name, float value)
    {
        Open(name);
        Number(value);
        Close(name);
    }

    public void Element(scoped ReadOnlySpan<byte> name, DateTimeOffset value)
    {
        Open(name);
        value.UtcDateTime.TryFormat(_out.Free(32), out var written, "yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
        _out.Length += written;
        Close(name);
    }

    /// <summary>A float as xs:float spells it.</summary>
    public void Number(float value)
    {
        if (float.IsFinite(value)) Format(value);
        else Raw(float.IsNaN(value) ? "NaN"u8 : value > 0 ? "INF"u8 : "-INF"u8);
    }

    private void Format<T>(T value)
        where T : IUtf8SpanFormattable
    {
        value.TryFormat(_out.Free(32), out var written, default, CultureInfo.InvariantCulture);
        _out.Length += written;
    }

    /// <summary>Text between elements or in an attribute.</summary>
    public void Text(ReadOnlySpan<char> value)
    {
        while (value.IndexOfAny(Special) is var at && at >= 0)
        {
            Append(value[..at]);
            Raw(value[at] switch
            {
                '&' => "&amp;"u8,
                '<' => "&lt;"u8,
                '>' => "&gt;"u8,
                '"' => "&quot;"u8,
                '\t' => "&#9;"u8,
                '\n' => "&#10;"u8,
                '\r' => "&#13;"u8,
                _ => "\uFFFD"u8,
            });
            value = value[(at + 1)..];
        }
        Append(value);
    }

    private void Append(ReadOnlySpan<char> value)
    {
        var bytes = Encoding.UTF8.GetByteCount(value);
        Utf8.FromUtf16(value, _out.Free(bytes), out _, out var written);
        _out.Length += written;
    }
}
