using System.Globalization;
using System.Text;
using Confluent.Kafka;
using StreamScoring.Schemas;
using StreamScoring.Schemas.Avro;
using StreamScoring.Testing.Brokers;
using StreamScoring.Testing.Records;
using StreamScoring.Topology;
using StreamScoring.Topology.DeadLetters;
using StreamScoring.Topology.Execution;
using StreamScoring.Topology.Processing;

namespace StreamScoring.App.Tests.DeadLetters;

/// <summary>Topics of a test's own, with the dead letters that the engine's own writer makes.</summary>
internal sealed class Letters : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("streamscoring-dlq-");

    private Letters(IKafkaBroker broker, string[] topics)
    {
        Broker = broker;
        Topics = topics;
        DeadLetterTopic = topics[^1];
        Config = Path.Combine(_folder.FullName, "user.json");
    }

    internal IKafkaBroker Broker { get; }

    /// <summary>Where articles come in, what the first node writes, what the second writes, dead letters.</summary>
    internal string[] Topics { get; }

    internal string DeadLetterTopic { get; }

    /// <summary>A configuration of two nodes between the first three topics.</summary>
    internal string Config { get; }

    internal static async Task<Letters> CreateAsync(IKafkaBroker broker, CancellationToken stop, bool withModels = false)
    {
        var topics = new string[4];
        foreach (var (i, name) in new[] { "in", "first", "second", "dlq" }.Index()) topics[i] = await broker.NewTopicAsync("app.dlq." + name, 2, stop);
        var letters = new Letters(broker, topics);
        var (first, second) = withModels
            ? ("\"Kind\": \"text-classification\", \"Model\": \"topic\"", "\"Kind\": \"text-classification\", \"Model\": \"topic\"")
            : ("\"Kind\": \"identity\"", "\"Kind\": \"identity\"");
        await File.WriteAllTextAsync(letters.Config, $$"""
            {
              "Kafka": { "GroupId": "{{KafkaBrokerExtensions.NewName("app.group")}}", "BootstrapServers": "{{broker.BootstrapServers}}" },
              "Nodes": [
                { "Name": "first",  {{first}}, "Input": "{{topics[0]}}", "Output": "{{topics[1]}}" },
                { "Name": "second", {{second}}, "Input": "{{topics[1]}}", "Output": "{{topics[2]}}", "Format": "json" }
              ],
              "DeadLetterTopic": "{{topics[3]}}"
            }
            """, stop);
        return letters;
    }

    /// <summary>A letter of a node, about an article that the first node has enriched.</summary>
    internal Message<byte[], byte[]> Of(int number, string node = "second", string reason = "it timed out", int attempts = 0)
    {
        var id = number.ToString(CultureInfo.InvariantCulture);
        var article = new Article { Id = id, Title = $"Title {id}", Body = "Rain in Oslo.", Attributes = { ["mine"] = "kept" } };
        article.Provenance.Add(new Provenance { Node = "first", Model = "m", Version = "1", Sha256 = "", ScoredAt = DateTimeOffset.UnixEpoch });
        var headers = new RecordHeaders().Add("client", "header").Add("kafka_replyTopic", "replies").Add("kafka_correlationId", "c").Add("streamscoring_deadline", "1");
        if (attempts > 0) headers.Add(DeadLetterHeaders.Attempts, attempts.ToString(CultureInfo.InvariantCulture));
        var record = new ConsumedRecord(
            node == "first" ? Topics[0] : Topics[1], number % 2, number, 1_700_000_000_000 + number, Encoding.UTF8.GetBytes(id),
            AvroCodec.EncodeSingleObject(article), headers);
        var letter = new DeadLetterWriter(DeadLetterTopic).Write(
            new DeadLetter(record, node, new TaskId(0, 0), ProcessingStage.Processing, new TimeoutException(reason)));
        var message = new Message<byte[], byte[]> { Key = letter.Key!, Value = letter.Value!, Timestamp = new Timestamp(letter.TimestampMs, TimestampType.CreateTime), Headers = [] };
        foreach (var header in letter.Headers) message.Headers.Add(header.Key, header.Value);
        return message;
    }

    internal void Send(IEnumerable<Message<byte[], byte[]>> messages) => KafkaRecords.Produce(Broker, DeadLetterTopic, messages);

    internal Task<ProgramResult> RunAsync(params string[] arguments) => Program.RunAsync(["dlq", .. arguments, "--config", Config], input: "");

    public void Dispose() => _folder.Delete(recursive: true);
}
