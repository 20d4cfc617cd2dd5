using System.Buffers;
using StreamScoring.Schemas;
using StreamScoring.Schemas.Avro;
using StreamScoring.Topology.Serialization;

namespace StreamScoring.Topology.Articles;

/// <summary>Articles as values of records: read in any wire form, written in one.</summary>
/// <param name="serde">From and to bytes.</param>
/// <param name="format">What is written.</param>
public sealed class ArticleValueSerde(ArticleSerde serde, ArticleFormat format = ArticleFormat.Avro) : ISerde<Article>
{
    /// <inheritdoc/>
    public void Serialize(Article value, IBufferWriter<byte> destination, in SerdeContext context)
    {
        serde.Encode(value, format, destination);
        if (serde.SchemaIdHeader(format) is { } schemaId) context.Headers.Set(ConfluentFraming.ValueSchemaIdHeader, schemaId);
    }

    /// <inheritdoc/>
    public Article Deserialize(ReadOnlySpan<byte> data, in SerdeContext context) => Decode(serde, data, context.Headers);

    /// <summary>Reads an article whose schema a header may name.</summary>
    internal static Article Decode(
        ArticleSerde serde, ReadOnlySpan<byte> value, RecordHeaders headers, CancellationToken cancellationToken = default)
    {
        byte[]? schemaId = null;
        if (headers.Count > 0) headers.TryGetLast(ConfluentFraming.ValueSchemaIdHeader, out schemaId);
        return serde.Decode(value, schemaId, cancellationToken);
    }
}
