using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace StreamScoring.Schemas.Json;

/// <summary>
/// Reads JSON with the fault's field and place in every error. The bytes are known to be UTF-8 before reading begins.
/// </summary>
internal ref struct JsonInput(ReadOnlySpan<byte> utf8, int maxDepth)
{
    private Utf8JsonReader _reader = new(utf8, new JsonReaderOptions { MaxDepth = maxDepth });

    public readonly JsonTokenType Token => _reader.TokenType;

    /// <summary>Objects and arrays that are open.</summary>
    public readonly int Depth => _reader.CurrentDepth;

    public readonly bool IsNull => _reader.TokenType == JsonTokenType.Null;

    /// <summary>Reads the next token; false at the end of the text.</summary>
    public bool Read() => _reader.Read();

    /// <summary>Reads over the value of the property that was just read.</summary>
    public void Skip() => _reader.Skip();

    /// <summary>Whether the property just read has this name.</summary>
    public readonly bool Is(ReadOnlySpan<byte> name) => _reader.ValueTextEquals(name);

    public readonly bool Is(ReadOnlySpan<byte> name, ReadOnlySpan<byte> otherName) =>
        _reader.ValueTextEquals(name) || _reader.ValueTextEquals(otherName);

    /// <summary>Steps onto the value of a property, which must be of a kind.</summary>
    public void Expect(JsonTokenType kind, string field)
    {
        if (_reader.TokenType != kind) throw WrongType(field, kind == JsonTokenType.StartObject ? "an object" : "an array");
    }

    public readonly string GetString(string field) =>
        _reader.TokenType == JsonTokenType.String ? Text() : throw WrongType(field, "a string");

    public readonly string? GetStringOrNull(string field) => IsNull ? null : GetString(field);

    /// <summary>A string, or the text of a number or a boolean.</summary>
    public readonly string GetScalar(string field) => _reader.TokenType switch
    {
        JsonTokenType.String => Text(),
        JsonTokenType.Number or JsonTokenType.True or JsonTokenType.False => Encoding.UTF8.GetString(_reader.ValueSpan),
        _ => throw WrongType(field, "a string"),
    };

    public readonly int GetInt(string field) =>
        _reader.TokenType == JsonTokenType.Number && _reader.TryGetInt32(out var value) ? value : throw WrongType(field, "a 32-bit integer");

    public readonly long GetLong(string field) =>
        _reader.TokenType == JsonTokenType.Number && _reader.TryGetInt64(out var value) ? value : throw WrongType(field, "a 64-bit integer");

    public readonly float GetFloat(string field)
    {
        if (_reader.TokenType == JsonTokenType.Number && _reader.TryGetSingle(out var value)) return value;
        if (_reader.TokenType == JsonTokenType.String)
        {
            if (Is("NaN"u8)) return float.NaN;
            if (Is("Infinity"u8)) return float.PositiveInfinity;
            if (Is("-Infinity"u8)) return float.NegativeInfinity;
        }
        throw WrongType(field, "a number");
    }

    /// <summary>A date in ISO 8601 or RFC 1123 (UTC where it names no zone), or Unix milliseconds.</summary>
    public readonly bool TryGetTimestamp(out DateTimeOffset value)
    {
        value = default;
        switch (_reader.TokenType)
        {
            case JsonTokenType.Number:
                if (!_reader.TryGetInt64(out var ms) || ms is < -62_135_596_800_000 or > 253_402_300_799_999) return false;
                value = DateTimeOffset.FromUnixTimeMilliseconds(ms);
                return true;
            case JsonTokenType.String:
                return _reader.ValueSpan.Length <= 64 && DateTimeOffset.TryParse(Text(), CultureInfo.InvariantCulture,
                    DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out value);
            default:
                return false;
        }
    }

    public readonly ArticleFormatException WrongType(string field, string expected)
    {
        var found = _reader.TokenType switch
        {
            JsonTokenType.StartObject => "an object",
            JsonTokenType.StartArray => "an array",
            JsonTokenType.String => "a string",
            JsonTokenType.Number => "a number",
            JsonTokenType.Null => "null",
            _ => "a boolean",
        };
        return new ArticleFormatException(ArticleError.WrongType,
            $"Field \"{field}\" (byte {_reader.TokenStartIndex.ToString(CultureInfo.InvariantCulture)}) is {found}; {expected} is expected.", field);
    }

    /// <summary>Text of a string or a name, unescaped; a lone surrogate in an escape becomes U+FFFD.</summary>
    public readonly string Text()
    {
        var utf8 = _reader.ValueSpan;
        if (!_reader.ValueIsEscaped) return Encoding.UTF8.GetString(utf8);
        var rented = ArrayPool<char>.Shared.Rent(utf8.Length);
        try
        {
            return new string(rented, 0, Unescape(utf8, rented));
        }
        finally
        {
            ArrayPool<char>.Shared.Return(rented);
        }
    }

    /// <summary>The reader has checked the escapes already, so that only their meaning is left.</summary>
    private static int Unescape(ReadOnlySpan<byte> utf8, Span<char> text)
    {
        var length = 0;
        while (utf8.IndexOf((byte)'\\') is var at && at >= 0)
        {
            length += Encoding.UTF8.GetChars(utf8[..at], text[length..]);
            var escape = utf8[at + 1];
            utf8 = utf8[(at + 2)..];
            if (escape == 'u')
            {
                text[length++] = (char)ushort.Parse(utf8[..4], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
                utf8 = utf8[4..];
            }
            else
            {
                text[length++] = escape switch
                {
                    (byte)'b' => '\b',
                    (byte)'f' => '\f',
                    (byte)'n' => '\n',
                    (byte)'r' => '\r',
                    (byte)'t' => '\t',
                    _ => (char)escape,
                };
            }
        }
        length += Encoding.UTF8.GetChars(utf8, text[length..]);
        ReplaceLoneSurrogates(text[..length]);
        return length;
    }

    private static void ReplaceLoneSurrogates(Span<char> text)
    {
        for (var i = text.IndexOfAnyInRange('\ud800', '\udfff'); i >= 0 && i < text.Length; i++)
        {
            if (!char.IsSurrogate(text[i])) continue;
            if (i + 1 < text.Length && char.IsSurrogatePair(text[i], text[i + 1])) i++;
            else text[i] = '\ufffd';
        }
    }
}
