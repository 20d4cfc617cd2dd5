using StreamScoring.Schemas;
using StreamScoring.Topology.Execution;

namespace StreamScoring.Topology.Articles;

/// <summary>Articles as answers to clients.</summary>
public static class ArticleAnswers
{
    /// <summary>The article of an output record as JSON, for clients that know no Avro.</summary>
    /// <param name="record">What a node wrote.</param>
    /// <param name="serde">What it was written with.</param>
    /// <returns>UTF-8; the same bytes where they are JSON already.</returns>
    /// <exception cref="CodecException">The value is no article.</exception>
    public static byte[]? ToJson(ProducedRecord record, ArticleSerde serde)
    {
        ArgumentNullException.ThrowIfNull(record);
        ArgumentNullException.ThrowIfNull(serde);
        return record.Value is null or [(byte)'{', ..]
            ? record.Value
            : serde.Encode(ArticleValueSerde.Decode(serde, record.Value, record.Headers), ArticleFormat.Json);
    }
}
