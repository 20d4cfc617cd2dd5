using System.Text;
using System.Text.Json;
using Confluent.Kafka;
using StreamScoring.App.Tests.DeadLetters;
using StreamScoring.Schemas;
using StreamScoring.Testing.Brokers;
using StreamScoring.Testing.Processes;
using StreamScoring.Testing.Records;

namespace StreamScoring.App.Tests.Commands;

public sealed class DlqTests(KafkaFixture kafka)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory, EachKafka]
    public async Task The_list_shows_when_node_reason_and_key_and_counts_by_reason(KafkaKind kind)
    {
        using var letters = await Letters.CreateAsync(await kafka.UseAsync(kind), Stop);
        letters.Send([
            .. Enumerable.Range(0, 8).Select(i => letters.Of(i, reason: $"no answer after {i} ms")),
            letters.Of(8, node: "first", reason: "broken\e[31m", attempts: 2),
        ]);

        var table = await letters.RunAsync("list");
        var filtered = await letters.RunAsync("list", "--node", "first", "--json");
        var newest = await letters.RunAsync("list", "--limit", "1");
        var counts = await letters.RunAsync("list", "--counts", "--json", "--reason", "NO ANSWER", "--until", "2030-01-01T00:00:00Z");

        Assert.Equal((0, 0, 0, 0), (table.ExitCode, filtered.ExitCode, newest.ExitCode, counts.ExitCode));
        Assert.Equal(9, table.Output.Count(line => line.Contains("2023-11-14T22:13:20Z", StringComparison.Ordinal)));
        Assert.Contains(table.Output, line => line.Contains("second", StringComparison.Ordinal) && line.Contains("TimeoutException: no answer after 3 ms", StringComparison.Ordinal));
        Assert.Contains(table.Output, line => line.TrimStart() == "8  second        TimeoutException: no answer after # ms");
        Assert.DoesNotContain('\e', string.Concat(table.Output));
        Assert.Contains($"9 open dead letters in {letters.DeadLetterTopic}.", table.Errors);
        var letter = JsonDocument.Parse(Assert.Single(filtered.Output)).RootElement;
        Assert.Equal(
            ("8", "first", 2, letters.Topics[0], "open"),
            (letter.GetProperty("key").GetString(), letter.GetProperty("node").GetString(), letter.GetProperty("replay_attempts").GetInt32(),
                letter.GetProperty("from").GetProperty("topic").GetString(), letter.GetProperty("state").GetString()));
        Assert.Contains("broken", newest.Output[1], StringComparison.Ordinal);
        Assert.Equal(8, JsonDocument.Parse(Assert.Single(counts.Output)).RootElement.GetProperty("count").GetInt64());
    }

    [Fact]
    public async Task One_is_shown_with_exception_headers_and_payload()
    {
        using var letters = await Letters.CreateAsync(await kafka.UseAsync(KafkaKind.Embedded), Stop);
        letters.Send([letters.Of(1)]);
        var position = JsonDocument.Parse((await letters.RunAsync("list", "--json")).Output[0]).RootElement;

        var shown = await letters.RunAsync("show", $"{position.GetProperty("partition")}:0");
        var beyond = await letters.RunAsync("show", "0:12345");
        var wrong = await letters.RunAsync("show", "first");

        Assert.Equal((0, 1, 2), (shown.ExitCode, beyond.ExitCode, wrong.ExitCode));
        var text = string.Join('\n', shown.Output);
        foreach (var part in new[] { "System.TimeoutException", "it timed out", "client: header", $"came from    {letters.Topics[1]}, partition 1, offset 1", "\"title\": \"Title 1\"" })
        {
            Assert.Contains(part, text, StringComparison.Ordinal);
        }
        Assert.Contains(beyond.Errors, line => line.Contains("12345", StringComparison.Ordinal) && line.Contains("holds the offsets", StringComparison.Ordinal));
    }

    [Theory, EachKafka]
    public async Task A_replay_sends_what_was_asked_for_once_to_the_input_of_the_failed_node(KafkaKind kind)
    {
        using var letters = await Letters.CreateAsync(await kafka.UseAsync(kind), Stop);
        letters.Send([.. Enumerable.Range(0, 6).Select(i => letters.Of(i)), letters.Of(6, node: "first"), letters.Of(7, attempts: 3)]);

        var unsure = await letters.RunAsync("replay");
        var dry = await letters.RunAsync("replay", "--all", "--dry-run");
        var nobody = await letters.RunAsync("replay", "--all");
        Assert.Equal((2, 0, 2), (unsure.ExitCode, dry.ExitCode, nobody.ExitCode));
        Assert.Contains(dry.Errors, line => line.TrimStart() == $"6  second -> {letters.Topics[1]}");
        Assert.Contains("7 dead letters would be replayed; nothing was sent.", dry.Errors);
        Assert.Contains("1 left out: replayed 3 times already (--max-attempts).", dry.Errors);
        Assert.Empty(KafkaRecords.ConsumeAll(letters.Broker, letters.Topics[..2], Limit, Stop));

        var position = JsonDocument.Parse((await letters.RunAsync("list", "--key", "3", "--json")).Output[0]).RootElement;
        var one = await letters.RunAsync("replay", $"{position.GetProperty("partition")}:{position.GetProperty("offset")}");
        var filtered = await letters.RunAsync("replay", "--node", "first");
        var rest = await letters.RunAsync("replay", "--all", "--yes");
        var again = await letters.RunAsync("replay", "--all", "--yes");

        Assert.Equal(["1", "1", "5", "0"], new[] { one, filtered, rest, again }.Select(Replayed));
        var replayed = KafkaRecords.ConsumeAll(letters.Broker, letters.Topics[..2], Limit, Stop);
        Assert.Equal(["0", "1", "2", "3", "4", "5", "6"], replayed.Select(Key).Order(StringComparer.Ordinal));
        var three = replayed.Single(record => Key(record) == "3");
        Assert.Equal((letters.Topics[1], 1, 1_700_000_000_003), (three.Topic, three.Partition.Value, three.Message.Timestamp.UnixTimestampMs));
        Assert.Equal(["client=header", "kafka_correlationId=c", "streamscoring_replay_attempts=1"], three.Message.Headers.Select(header => $"{header.Key}={Encoding.UTF8.GetString(header.GetValueBytes())}"));
        Assert.Equal(letters.Of(3).Value, three.Message.Value);
        Assert.Equal(letters.Topics[0], replayed.Single(record => Key(record) == "6").Topic);
        var left = await letters.RunAsync("list", "--json");
        Assert.Equal("7", JsonDocument.Parse(Assert.Single(left.Output)).RootElement.GetProperty("key").GetString());
        Assert.Equal(7, (await letters.RunAsync("list", "--json", "--state", "replayed")).Output.Count);
    }

    [Fact]
    public async Task What_succeeds_comes_out_as_if_nothing_had_happened_and_what_fails_again_is_marked_and_left()
    {
        ScoreTests.SkipWithoutModels();
        using var letters = await Letters.CreateAsync(await kafka.UseAsync(KafkaKind.Real), Stop, withModels: true);
        KafkaRecords.Produce(letters.Broker, letters.Topics[1], [new Message<byte[], byte[]> { Key = "poison"u8.ToArray(), Value = [0xFF, 0] }]);
        letters.Send([letters.Of(5)]);
        await using var stream = ChildProcess.StartProgram(["stream", "--config", letters.Config]);
        KafkaRecords.Consume(letters.Broker, letters.DeadLetterTopic, 2, Limit, Stop);

        for (var attempt = 1; attempt <= 2; attempt++)
        {
            Assert.Equal(0, (await letters.RunAsync("replay", "--all", "--yes", "--max-attempts", "2")).ExitCode);
            KafkaRecords.Consume(letters.Broker, letters.DeadLetterTopic, 2 + attempt, Limit, Stop);
        }
        var given = await letters.RunAsync("replay", "--all", "--yes", "--max-attempts", "2");
        stream.Signal(ProcessSignal.Terminate);
        await stream.WaitForExitAsync(Limit, Stop);

        Assert.Contains("1 left out: replayed 2 times already (--max-attempts).", given.Errors);
        var enriched = Assert.Single(KafkaRecords.ConsumeAll(letters.Broker, [letters.Topics[2]], Limit, Stop));
        Assert.Equal(["client", "kafka_correlationId"], enriched.Message.Headers.Select(header => header.Key));
        Assert.Equal(("5", 1_700_000_000_005), (Key(enriched), enriched.Message.Timestamp.UnixTimestampMs));
        var article = ArticleJson.Read(enriched.Message.Value);
        // Scored late, by the second node alone: what the first one did is there as it was.
        Assert.Equal(["first", "second"], article.Provenance.Select(entry => entry.Node));
        Assert.Equal(DateTimeOffset.UnixEpoch, article.Provenance[0].ScoredAt);
        Assert.Empty(article.Provenance[1].Warnings);
        var poison = KafkaRecords.ConsumeAll(letters.Broker, [letters.DeadLetterTopic], Limit, Stop).Where(record => Key(record) == "poison").ToList();
        Assert.Equal(
            ["", "1", "2"],
            poison.Select(record => record.Message.Headers.TryGetLastBytes("streamscoring_replay_attempts", out var count) ? Encoding.UTF8.GetString(count) : ""));
        Assert.All(poison, record => Assert.Equal([0xFF, 0], record.Message.Value));
        Assert.All(poison, record => Assert.Single(record.Message.Headers, header => header.Key == "__streams.errors.message"));
    }

    [Fact]
    public async Task A_replay_that_is_killed_sends_no_letter_twice_and_leaves_none_out()
    {
        const int count = 12_000;
        using var letters = await Letters.CreateAsync(await kafka.UseAsync(KafkaKind.Real), Stop);
        letters.Send(Enumerable.Range(0, count).Select(i => letters.Of(i)));

        for (var kill = 1; kill <= 3; kill++)
        {
            await using var victim = ChildProcess.StartProgram(["dlq", "replay", "--all", "--yes", "--config", letters.Config]);
            KafkaRecords.Consume(letters.Broker, letters.Topics[1], kill * 1_000, Limit, Stop);
            victim.Signal(ProcessSignal.Kill);
            await victim.WaitForExitAsync(Limit, Stop);
        }
        var last = await letters.RunAsync("replay", "--all", "--yes");

        Assert.Equal(0, last.ExitCode);
        var replayed = KafkaRecords.ConsumeAll(letters.Broker, [letters.Topics[1]], Limit, Stop);
        Assert.Equal(count, replayed.Count);
        Assert.Equal(count, replayed.Select(Key).Distinct().Count());
        Assert.Empty((await letters.RunAsync("list", "--json")).Output);
    }

    [Fact]
    public async Task Letters_of_nodes_that_nobody_knows_are_named_and_go_where_the_user_says()
    {
        using var letters = await Letters.CreateAsync(await kafka.UseAsync(KafkaKind.Embedded), Stop);
        letters.Send([new Message<byte[], byte[]>
        {
            Key = "k"u8.ToArray(),
            Value = "{}"u8.ToArray(),
            Headers = [new Header("__streams.errors.topic", Encoding.UTF8.GetBytes(letters.DeadLetterTopic)), new Header("streamscoring_node", "other"u8.ToArray())],
        }]);

        var homeless = await letters.RunAsync("replay", "--all", "--yes");
        var told = await letters.RunAsync("replay", "--all", "--to", letters.Topics[2]);

        Assert.Equal((1, 0), (homeless.ExitCode, told.ExitCode));
        Assert.Contains(homeless.Errors, line => line.Contains("1 cannot be replayed: no configured node reads its topic", StringComparison.Ordinal));
        Assert.Single(KafkaRecords.Consume(letters.Broker, letters.Topics[2], 1, Limit, Stop));
    }

    private static string Replayed(ProgramResult result) =>
        result.Errors.FirstOrDefault(line => line.EndsWith(" dead letters replayed.", StringComparison.Ordinal))?.Split(' ')[0] ?? string.Join('\n', result.Errors);

    private static string Key(ConsumeResult<byte[], byte[]> record) => Encoding.UTF8.GetString(record.Message.Key);
}
