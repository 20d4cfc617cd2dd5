using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using StreamScoring.Schemas.Json;

namespace StreamScoring.Schemas;

public static partial class ArticleJson
{
    private const int MaxDepth = 64;

    /// <summary>
    /// Reads an article. <c>text</c> stands for <c>body</c> where that is missing, <c>date</c> for <c>published_at</c>,
    /// a number may be the id, both spellings of <see cref="FieldNaming"/> are known, and unknown fields are read over.
    /// Of a field that is there twice the last one counts; null means missing. An article needs a title or a body that
    /// is not blank. One without an id gets <see cref="DeriveId"/>.
    /// </summary>
    /// <param name="utf8">One JSON object; white space and a byte order mark around it do no harm.</param>
    /// <exception cref="ArticleFormatException">No article: which field is wrong, and how.</exception>
    public static Article Read(ReadOnlySpan<byte> utf8)
    {
        if (utf8.StartsWith("\uFEFF"u8)) utf8 = utf8[3..];
        if (!Utf8.IsValid(utf8))
        {
            throw new ArticleFormatException(ArticleError.InvalidUtf8,
                $"The JSON is not UTF-8 (byte {FirstInvalid(utf8).ToString(CultureInfo.InvariantCulture)}); convert it from its encoding first.");
        }
        var json = new JsonInput(utf8, MaxDepth);
        try
        {
            if (!json.Read() || json.Token != JsonTokenType.StartObject)
            {
                throw new ArticleFormatException(ArticleError.NotAnObject,
                    $"The JSON is no object but {Kind(json.Token)}; one article is one object.");
            }
            var article = ArticleJsonReader.Read(ref json);
            json.Read();
            return article;
        }
        catch (JsonException e)
        {
            // System.Text.Json gives no code of its own for depth, and counts from the innermost start token.
            var tooDeep = json.Depth >= MaxDepth - 1;
            throw new ArticleFormatException(tooDeep ? ArticleError.TooDeep : ArticleError.InvalidJson,
                tooDeep
                    ? $"The JSON is nested deeper than {MaxDepth} levels."
                    : string.Create(CultureInfo.InvariantCulture,
                        $"The bytes are not valid JSON: line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1} of it."),
                innerException: e);
        }
    }

    /// <summary>
    /// The id of an article whose client gave none: the same content gives the same id whenever it is read again.
    /// </summary>
    /// <returns>
    /// 32 hexadecimal digits: the first 16 bytes of SHA-256 over title and body, each as UTF-8 with its length in bytes
    /// (64 bits, little-endian) before it.
    /// </returns>
    public static string DeriveId(string title, string body)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Append(hash, title);
        Append(hash, body);
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        hash.GetHashAndReset(digest);
        return Convert.ToHexStringLower(digest[..16]);
    }

    private static void Append(IncrementalHash hash, string text)
    {
        Span<byte> length = stackalloc byte[8];
        var utf8 = Encoding.UTF8.GetBytes(text);
        BinaryPrimitives.WriteInt64LittleEndian(length, utf8.Length);
        hash.AppendData(length);
        hash.AppendData(utf8);
    }

    private static int FirstInvalid(ReadOnlySpan<byte> utf8)
    {
        var at = 0;
        while (at < utf8.Length && Rune.DecodeFromUtf8(utf8[at..], out _, out var consumed) == System.Buffers.OperationStatus.Done) at += consumed;
        return at;
    }

    private static string Kind(JsonTokenType token) => token switch
    {
        JsonTokenType.StartArray => "an array",
        JsonTokenType.String => "a string",
        JsonTokenType.Number => "a number",
        JsonTokenType.None => "empty",
        _ => "a literal",
    };
}
