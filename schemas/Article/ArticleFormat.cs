namespace StreamScoring.Schemas;

/// <summary>How an article is written to the wire.</summary>
public enum ArticleFormat
{
    /// <summary>Avro: single-object encoding, or Confluent framing where a Schema Registry is configured.</summary>
    Avro,

    /// <summary>One line of JSON, see <see cref="ArticleJson"/>.</summary>
    Json,
}
