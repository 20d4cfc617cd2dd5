using System.Buffers;

namespace StreamScoring.Schemas;

/// <summary>
/// Articles to and from the wire with nothing configured: no Schema Registry, the writers' schemas that this release
/// knows. <see cref="ArticleSerde"/> is the same with settings. Safe for any number of threads.
/// </summary>
public static class ArticleCodec
{
    /// <summary>Reads an article in whichever wire form its first bytes announce.</summary>
    /// <exception cref="CodecException">The bytes are no article: a typed error with a code, the place and the field.</exception>
    public static Article Decode(ReadOnlySpan<byte> value) => ArticleSerde.Default.Decode(value);

    /// <summary>An article in a wire form.</summary>
    /// <exception cref="CodecException">The article holds what the schema does not allow.</exception>
    public static byte[] Encode(Article article, ArticleFormat format) => ArticleSerde.Default.Encode(article, format);

    /// <summary>Writes an article in a wire form.</summary>
    /// <exception cref="CodecException">The article holds what the schema does not allow; nothing was written.</exception>
    public static void Encode(Article article, ArticleFormat format, IBufferWriter<byte> output) =>
        ArticleSerde.Default.Encode(article, format, output);
}
