using System.Text.Json;
using StreamScoring.Testing.Brokers;
using StreamScoring.Testing.Records;

namespace StreamScoring.App.Tests.Commands;

public sealed class ProduceConsumeTests(KafkaFixture kafka)
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory, EachKafka]
    public async Task What_is_produced_is_consumed_and_bad_lines_are_named(KafkaKind kind)
    {
        var broker = await kafka.UseAsync(kind);
        foreach (var format in new[] { "avro", "json" })
        {
            var topic = await broker.NewTopicAsync("app.articles", 3, Stop);
            var lines = Enumerable.Range(0, 50).Select(i => $$"""{"id":"id-{{i}}","title":"T{{i}}","text":"Body {{i}}","unknown":1}""").ToList();
            lines.Insert(10, "{\"id\": ");
            lines.Insert(20, "[1]");
            lines.Insert(30, "");

            var produced = await Program.RunAsync(
                ["produce", "-", "--bootstrap", broker.BootstrapServers, "--topic", topic, "--format", format], input: string.Join('\n', lines));
            var consumed = await Program.RunAsync(["consume", "--bootstrap", broker.BootstrapServers, "--topic", topic, "--count", "50"]);

            Assert.Equal(1, produced.ExitCode);
            Assert.Equal(["line 11", "line 21"], produced.Errors.Where(line => line.StartsWith("line ", StringComparison.Ordinal)).Select(line => line.Split(':')[0]));
            Assert.Contains("50 delivered, 2 lines rejected, 0 not delivered.", produced.Errors);
            Assert.Equal(0, consumed.ExitCode);
            var articles = consumed.Output.Select(line => JsonDocument.Parse(line).RootElement).ToArray();
            Assert.Equal(
                Enumerable.Range(0, 50).Select(i => $"id-{i}|T{i}|Body {i}").Order(StringComparer.Ordinal),
                articles.Select(article => $"{article.GetProperty("id")}|{article.GetProperty("title")}|{article.GetProperty("body")}").Order(StringComparer.Ordinal));
        }
    }

    [Theory, EachKafka]
    public async Task Records_are_keyed_by_id_and_ask_for_a_reply_where_told_to(KafkaKind kind)
    {
        var broker = await kafka.UseAsync(kind);
        var topic = await broker.NewTopicAsync("app.articles", 1, Stop);
        var replies = await broker.NewTopicAsync("app.replies", 1, Stop);

        var produced = await Program.RunAsync(
            ["produce", "-", "--bootstrap", broker.BootstrapServers, "--topic", topic, "--reply-topic", replies], input: """{"id":"a","title":"T","body":"B"}""");
        var consumed = await Program.RunAsync(["consume", "--bootstrap", broker.BootstrapServers, "--topic", topic, "--count", "1", "--headers"]);

        Assert.Equal((0, 0), (produced.ExitCode, consumed.ExitCode));
        var record = JsonDocument.Parse(Assert.Single(consumed.Output)).RootElement;
        Assert.Equal("a", record.GetProperty("key").GetString());
        var headers = record.GetProperty("headers").EnumerateArray().ToDictionary(header => header.GetProperty("key").GetString()!);
        Assert.Equal(replies, headers["kafka_replyTopic"].GetProperty("value").GetString());
        Assert.Contains("kafka_correlationId", headers.Keys);
        Assert.Equal("B", record.GetProperty("value").GetProperty("body").GetString());
    }

    [Theory, EachKafka]
    public async Task A_topic_that_does_not_exist_is_an_error_that_says_how_to_create_it(KafkaKind kind)
    {
        var broker = await kafka.UseAsync(kind);
        var missing = KafkaBrokerExtensions.NewName("app.missing");

        foreach (var command in new string[][] { ["consume"], ["produce", "-"] })
        {
            var result = await Program.RunAsync([.. command, "--bootstrap", broker.BootstrapServers, "--topic", missing]);

            Assert.Equal(1, result.ExitCode);
            Assert.Contains(result.Errors, line => line.StartsWith($"streamscoring: There is no topic {missing}", StringComparison.Ordinal)
                && line.Contains("--create --topic " + missing, StringComparison.Ordinal));
        }
    }

    [Theory, EachKafka]
    public async Task Consume_ends_when_nothing_comes_and_says_how_much_is_missing(KafkaKind kind)
    {
        var broker = await kafka.UseAsync(kind);
        var topic = await broker.NewTopicAsync("app.articles", 1, Stop);
        KafkaRecords.Produce(broker, topic, [new() { Key = "k"u8.ToArray(), Value = """{"id":"a","title":"T","body":"B"}"""u8.ToArray() }, new() { Value = [1, 2, 3] }]);

        var counted = await Program.RunAsync(["consume", "--bootstrap", broker.BootstrapServers, "--topic", topic, "--count", "5", "--timeout", "1"]);
        var latest = await Program.RunAsync(["consume", "--bootstrap", broker.BootstrapServers, "--topic", topic, "--from", "latest", "--timeout", "0.5"]);

        Assert.Equal((1, 0), (counted.ExitCode, latest.ExitCode));
        Assert.Single(counted.Output);
        Assert.Contains(counted.Errors, line => line.StartsWith($"{topic}-0@1: ", StringComparison.Ordinal));
        Assert.Contains(counted.Errors, line => line.EndsWith("2 of 5 records came within the timeout.", StringComparison.Ordinal));
        Assert.Empty(latest.Output);
    }
}
