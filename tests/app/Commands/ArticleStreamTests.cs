using System.Text;
using System.Text.Json.Nodes;
using Confluent.Kafka;
using StreamScoring.Testing.Brokers;
using StreamScoring.Testing.Processes;
using StreamScoring.Testing.Records;

namespace StreamScoring.App.Tests.Commands;

/// <summary>Real articles through the three models and three topics, with poison among them and a process killed.</summary>
public sealed class ArticleStreamTests(KafkaFixture kafka) : IDisposable
{
    private const int Articles = 24;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(120);
    private static readonly string Samples = Path.Combine(AppContext.BaseDirectory, "samples", "articles.jsonl");
    private static readonly byte[][] Poison =
    [
        [0xC3, 0x01, 1, 2, 3, 4, 5, 6, 7, 8, 9],
        [0xFF, 0x00, 0x80],
        "[{\"title\":\"in an array\"}]"u8.ToArray(),
        "{\"id\":\"nothing\",\"title\":\"\",\"body\":\" \"}"u8.ToArray(),
    ];

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("streamscoring-articles-");

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory, EachKafka]
    public async Task The_stream_says_what_score_says_and_poison_goes_to_the_dead_letters(KafkaKind kind)
    {
        ScoreTests.SkipWithoutModels();
        var broker = await kafka.UseAsync(kind);
        var (topics, config) = await SetUpAsync(broker);
        var lines = File.ReadLines(Samples).Take(Articles).ToList();
        var scored = await Program.RunAsync(["score", "-"], input: string.Join('\n', lines));
        var values = lines.ConvertAll(Encoding.UTF8.GetBytes);
        for (var i = 0; i < Poison.Length; i++) values.Insert(i * 5, Poison[i]);
        KafkaRecords.Produce(broker, topics[0], values.Select(value => new Message<byte[], byte[]> { Value = value }));

        // On a real Kafka two share the work, and one is killed: nobody sees that afterwards.
        await using var stream = Start(broker, config);
        await using var victim = kind == KafkaKind.Real ? Start(broker, config) : null;
        KafkaRecords.Consume(broker, topics[3], Articles / 4, Limit, Stop);
        victim?.Signal(ProcessSignal.Kill);
        var enriched = KafkaRecords.Consume(broker, topics[3], Articles, Limit, Stop);
        var deadLetters = KafkaRecords.Consume(broker, topics[4], Poison.Length, Limit, Stop);
        stream.Signal(ProcessSignal.Terminate);

        Assert.Equal(0, await stream.WaitForExitAsync(Limit, Stop));
        if (kind == KafkaKind.Real) enriched = KafkaRecords.ConsumeAll(broker, [topics[3]], Limit, Stop);
        Assert.Equal(
            scored.Output.Select(WithoutTimes).Order(StringComparer.Ordinal),
            enriched.Select(record => WithoutTimes(Encoding.UTF8.GetString(record.Message.Value))).Order(StringComparer.Ordinal));
        Assert.Equal(
            Poison.Select(Convert.ToHexString).Order(StringComparer.Ordinal),
            deadLetters.Select(record => Convert.ToHexString(record.Message.Value)).Order(StringComparer.Ordinal));
        Assert.All(deadLetters, record => Assert.Equal("topic", Header(record, "streamscoring_node")));
        Assert.All(deadLetters, record => Assert.NotEmpty(Header(record, "__streams.errors.message")));
    }

    private static ChildProcess Start(IKafkaBroker broker, string config) =>
        ChildProcess.StartProgram(["stream", "--bootstrap", broker.BootstrapServers, "--config", config]);

    private async Task<(string[] Topics, string Config)> SetUpAsync(IKafkaBroker broker)
    {
        var topics = new string[5];
        for (var i = 0; i < topics.Length; i++) topics[i] = await broker.NewTopicAsync("app.articles", 4, Stop);
        var path = Path.Combine(_folder.FullName, "articles.json");
        await File.WriteAllTextAsync(path, $$"""
            {
              "Kafka": { "GroupId": "{{KafkaBrokerExtensions.NewName("app.group")}}", "Guarantee": "exactly-once" },
              "Nodes": [
                { "Name": "topic", "Kind": "text-classification", "Model": "topic", "Input": "{{topics[0]}}", "Output": "{{topics[1]}}" },
                { "Name": "entities", "Kind": "token-classification", "Model": "entities", "Input": "{{topics[1]}}", "Output": "{{topics[2]}}" },
                { "Name": "summary", "Kind": "extractive-summarization", "Model": "summary", "Input": "{{topics[2]}}", "Output": "{{topics[3]}}", "Format": "json" }
              ],
              "DeadLetterTopic": "{{topics[4]}}"
            }
            """, Stop);
        return (topics, path);
    }

    private static string WithoutTimes(string line)
    {
        var article = JsonNode.Parse(line)!;
        foreach (var entry in article["provenance"]!.AsArray())
        {
            entry!.AsObject().Remove("scored_at");
            entry.AsObject().Remove("duration_us");
        }
        return article.ToJsonString();
    }

    private static string Header(ConsumeResult<byte[], byte[]> record, string key) =>
        record.Message.Headers.TryGetLastBytes(key, out var value) ? Encoding.UTF8.GetString(value) : "";
}
