using System.Runtime.Serialization;
using System.Text;
using StreamScoring.Schemas;
using StreamScoring.Schemas.Avro;
using StreamScoring.Topology.DeadLetters;
using StreamScoring.Topology.Execution;
using StreamScoring.Topology.Graph;
using StreamScoring.Topology.Processing;

namespace StreamScoring.Topology.Articles;

/// <summary>
/// Bytes to articles. Not the source's own serde, so that several nodes can read one topic, each with articles of its
/// own. A record without a key gets the article's id as key.
/// </summary>
internal sealed class ArticleDecodeNode(string name, ArticleSerde serde)
    : OperatorNode<byte[], byte[], byte[], Article>(name)
{
    public override void Process(in Record<byte[], byte[]> record, Pass pass)
    {
        pass.Doing = ProcessingStage.Deserialization;
        if (record.Value is null)
            throw new SerializationException("The record has no value (a tombstone), and an article is needed.");
        var article = ArticleValueSerde.Decode(serde, record.Value, record.Headers, pass.CancellationToken);
        // It tells how the bytes that came in are read, not those that go out.
        record.Headers.Remove(ConfluentFraming.ValueSchemaIdHeader);
        var key = record.Key ?? Encoding.UTF8.GetBytes(article.Id);
        pass.Doing = ProcessingStage.Processing;
        Out.Emit(new Record<byte[], Article>(key, article, record.TimestampMs, record.Headers), pass);
    }
}
