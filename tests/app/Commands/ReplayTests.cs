using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Confluent.Kafka;
using StreamScoring.Schemas;
using StreamScoring.Schemas.Avro;
using StreamScoring.Testing;
using StreamScoring.Testing.Brokers;
using StreamScoring.Testing.Processes;
using StreamScoring.Testing.Records;

namespace StreamScoring.App.Tests.Commands;

public sealed class ReplayTests(KafkaFixture kafka) : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);
    private static readonly string Golden = RepositoryFiles.Find("tests", "app", "Replay", "golden");

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("streamscoring-replay-");

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task The_golden_capture_gives_the_same_on_the_embedded_broker_and_on_a_real_Kafka()
    {
        ScoreTests.SkipWithoutModels();
        var broker = await kafka.UseAsync(KafkaKind.Real);
        var batches = Write("batches.json", """{ "Kafka": { "CommitIntervalMs": 10, "ScorerThreads": 4, "MaxInFlightRecords": 64 } }""");

        var embedded = await RunAsync("run", Golden, "--out", PathOf("embedded"));
        var real = await RunAsync("run", Golden, "--out", PathOf("real"), "--against", broker.BootstrapServers, "--config", batches);
        var diff = await RunAsync("diff", PathOf("embedded"), PathOf("real"), "--html", PathOf("report.html"),
            "--tolerance", "topic.score=0", "entities.score=0", "summary.score=0");

        Assert.Equal((0, 0, 0), (embedded.ExitCode, real.ExitCode, diff.ExitCode));
        Assert.Equal(PathOf("embedded"), embedded.Output[^1]);
        Assert.Contains("15 records of articles in both runs, 0 in one only, 0 answered differently.", diff.Output);
        Assert.Equal("Within tolerance.", diff.Output[^1]);
        Assert.Contains("within tolerance", await File.ReadAllTextAsync(PathOf("report.html"), Stop), StringComparison.Ordinal);
        // Of each record what became of it: 12 articles, 3 that are none.
        var results = Directory.EnumerateFiles(PathOf("real"), "results-*.jsonl").SelectMany(File.ReadLines).Select(line => JsonNode.Parse(line)!).ToList();
        Assert.Equal((12, 3), (results.Count(result => result["outputs"]!.AsObject().Count == 1), results.Count(result => result["dead_letters"]!.AsArray().Count == 1)));
        Assert.All(results.Where(result => result["outputs"]!.AsObject().Count == 1), result => Assert.NotNull(result["outputs"]!["articles.summary"]!["article"]!["summary"]));
        var manifest = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(PathOf("real"), "manifest.json"), Stop))!;
        Assert.All(manifest["nodes"]!.AsArray(), node => Assert.Equal(64, node!["sha256"]!.GetValue<string>().Length));
    }

    [Fact]
    public async Task Another_model_breaks_the_tolerance_and_the_exit_code_says_so()
    {
        ScoreTests.SkipWithoutModels();
        // As a model that reads less would.
        var other = Write("other.json", """
            { "Nodes": [ { "Name": "topic", "Kind": "text-classification", "Model": "topic", "Input": "articles", "Output": "articles.topic", "MaxTokens": 16 } ] }
            """);
        var same = Write("same.json", """{ "Nodes": [ { "Name": "topic", "Kind": "text-classification", "Model": "topic", "Input": "articles", "Output": "articles.topic" } ] }""");

        await RunAsync("run", Golden, "--out", PathOf("a"), "--config", same);
        await RunAsync("run", Golden, "--out", PathOf("b"), "--config", other);
        var diff = await RunAsync("diff", PathOf("a"), PathOf("b"));
        var json = await RunAsync("diff", PathOf("a"), PathOf("b"), "--format", "json");
        var gated = await RunAsync("diff", PathOf("a"), PathOf("b"), "--tolerance", "topic.flips=1", "topic.score=1", "other.changed=none");

        Assert.Equal((1, 1, 0), (diff.ExitCode, json.ExitCode, gated.ExitCode));
        Assert.Contains(diff.Output, line => line.StartsWith("BROKEN  topic.score", StringComparison.Ordinal));
        Assert.False(JsonNode.Parse(json.Output[0])!["within_tolerance"]!.GetValue<bool>());
    }

    [Theory, EachKafka]
    public async Task A_part_of_a_topic_is_captured_and_run_again(KafkaKind kind)
    {
        var broker = await kafka.UseAsync(kind);
        var topic = await broker.NewTopicAsync("app.replay", 3, Stop);
        var config = Write("nodes.json", $$"""
            { "Kafka": { "BootstrapServers": "{{broker.BootstrapServers}}" }, "DeadLetterTopic": "dlq",
              "Nodes": [ { "Name": "a", "Kind": "identity", "Input": "{{topic}}", "Output": "middle" }, { "Name": "b", "Kind": "identity", "Input": "middle", "Output": "end" },
                         { "Name": "c", "Kind": "identity", "Input": "middle", "Output": "other" } ] }
            """);
        KafkaRecords.Produce(broker, topic, Enumerable.Range(0, 60).Select(i => new Message<byte[], byte[]>
        {
            Key = BitConverter.GetBytes(i),
            Value = Encoding.UTF8.GetBytes($$"""{"id":"{{i}}","title":"T","body":"B"}"""),
            Timestamp = new Timestamp(1_700_000_000_000 + (i * 20), TimestampType.CreateTime),
            Headers = [new Header("h", [1, 0xFF]), new Header("streamscoring_deadline", "1"u8.ToArray())],
        }));

        var all = await RunAsync("capture", PathOf("all"), "--config", config);
        var recent = await RunAsync("capture", PathOf("recent"), "--config", config, "--since", "2023-11-14T22:13:20.600Z", "--until", "2023-11-14T22:13:21Z");
        var few = await RunAsync("capture", PathOf("few"), "--config", config, "--offsets", "0:2-4,2:-0");
        var again = await RunAsync("capture", PathOf("few"), "--config", config);
        var run = await RunAsync("run", PathOf("all"), "--config", config, "--out", PathOf("run"), "--against", kind == KafkaKind.Embedded ? "embedded" : broker.BootstrapServers, "--speed", "4x");

        Assert.Equal((0, 0, 0, 1, 0), (all.ExitCode, recent.ExitCode, few.ExitCode, again.ExitCode, run.ExitCode));
        Assert.Equal([$"60 records of {topic} are in {PathOf("all")}."], all.Errors);
        Assert.Contains("20 records", recent.Errors[^1], StringComparison.Ordinal);
        Assert.Contains("4 records", few.Errors[^1], StringComparison.Ordinal);
        Assert.StartsWith("60 of 60 records answered in ", run.Errors[^1], StringComparison.Ordinal);
        var elapsed = double.Parse(run.Errors[^1].Split(" in ")[1].Split(' ')[0], CultureInfo.InvariantCulture);
        Assert.True(elapsed > 0.28, $"1.18 s at four times the speed took {elapsed} s");
        var results = Directory.EnumerateFiles(PathOf("run"), "results-*.jsonl").SelectMany(File.ReadLines).Select(line => JsonNode.Parse(line)!).ToList();
        Assert.Equal(60, results.Count);
        Assert.All(results, result => Assert.Equal(["end", "other"], result["outputs"]!.AsObject().Select(output => output.Key)));
        // The run's own topics are gone.
        if (kind == KafkaKind.Real) Assert.DoesNotContain(Topics(broker), name => name.StartsWith("streamscoring-run-", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_record_of_a_newer_schema_is_read_by_its_writers_schema_or_refused_by_name()
    {
        ScoreTests.SkipWithoutModels();
        var broker = await kafka.UseAsync(KafkaKind.Embedded);
        var topic = await broker.NewTopicAsync("app.newer", 1, Stop);
        var config = Write("topic.json", $$"""
            { "Kafka": { "BootstrapServers": "{{broker.BootstrapServers}}" },
              "Nodes": [ { "Name": "topic", "Kind": "text-classification", "Model": "topic", "Input": "{{topic}}", "Output": "out" } ] }
            """);
        var newer = JsonNode.Parse(ArticleSchemas.Current.Json)!;
        newer["fields"]!.AsArray().Add(JsonNode.Parse("""{ "name": "mood", "type": "string" }"""));
        var schema = AvroSchema.Parse(newer.ToJsonString());
        var datum = AvroCodec.EncodeDatum(new Article { Id = "a", Title = "The cup final", Body = "Oslo won the match." });
        KafkaRecords.Produce(broker, topic, [new Message<byte[], byte[]> { Value = [0xC3, 0x01, .. BitConverter.GetBytes(schema.Fingerprint), .. datum, 6, .. "joy"u8] }]);

        var unknown = await RunAsync("capture", PathOf("unknown"), "--config", config);
        var refused = await RunAsync("run", PathOf("unknown"), "--config", config, "--out", PathOf("refused"));
        var avsc = Write("newer.avsc", schema.Json);
        var known = await RunAsync("capture", PathOf("known"), "--config", config, "--schema", avsc);
        var run = await RunAsync("run", PathOf("known"), "--config", config, "--out", PathOf("run"));

        Assert.Equal((0, 1, 0, 0), (unknown.ExitCode, refused.ExitCode, known.ExitCode, run.ExitCode));
        Assert.Contains(unknown.Errors, line => line.Contains($"fingerprint {schema.Fingerprint:x16}, which nobody here knows", StringComparison.Ordinal));
        Assert.Contains(refused.Errors, line => line.Contains($"{topic}-0@0 was written with the schema of fingerprint {schema.Fingerprint:x16}", StringComparison.Ordinal)
            && line.Contains("newer than this program", StringComparison.Ordinal));
        Assert.False(File.Exists(Path.Combine(PathOf("refused"), "manifest.json")));
        var result = JsonNode.Parse(Assert.Single(File.ReadLines(Path.Combine(PathOf("run"), "results-0000.jsonl"))))!;
        Assert.NotNull(result["outputs"]!["out"]!["article"]!["topic"]);
    }

    [Fact]
    public async Task Ctrl_C_ends_a_run_with_what_is_there_and_marks_it()
    {
        var broker = await kafka.UseAsync(KafkaKind.Embedded);
        var topic = await broker.NewTopicAsync("app.replay", 1, Stop);
        var config = Write("nodes.json", $$"""
            { "Kafka": { "BootstrapServers": "{{broker.BootstrapServers}}" }, "Nodes": [ { "Name": "a", "Kind": "identity", "Input": "{{topic}}", "Output": "end" } ] }
            """);
        // The second one is due in an hour.
        KafkaRecords.Produce(broker, topic, new[] { 0, 3_600_000 }.Select(ms => new Message<byte[], byte[]> { Value = [1], Timestamp = new Timestamp(1_700_000_000_000 + ms, TimestampType.CreateTime) }));
        await RunAsync("capture", PathOf("two"), "--config", config);

        await using var run = ChildProcess.StartProgram(["replay", "run", PathOf("two"), "--config", config, "--out", PathOf("run"), "--speed", "1x", "--log-level", "information"]);
        var results = Path.Combine(PathOf("run"), "results-0000.jsonl");
        while (!File.Exists(results) && !run.HasExited) await Task.Delay(20, Stop);
        run.Signal(ProcessSignal.Interrupt);

        Assert.Equal(130, await run.WaitForExitAsync(Limit, Stop));
        Assert.Contains(run.Errors, line => line.StartsWith("1 of 2 records answered", StringComparison.Ordinal) && line.EndsWith("interrupted.", StringComparison.Ordinal));
        var diff = await RunAsync("diff", PathOf("run"), PathOf("run"));
        Assert.Contains($"{PathOf("run")} was interrupted: it is not the whole run.", diff.Errors);
        Assert.Equal(0, diff.ExitCode);
    }

    private static IEnumerable<string> Topics(IKafkaBroker broker)
    {
        using var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = broker.BootstrapServers }).Build();
        return [.. admin.GetMetadata(TimeSpan.FromSeconds(20)).Topics.Select(topic => topic.Topic)];
    }

    private static async Task<ProgramResult> RunAsync(params string[] arguments)
    {
        await using var program = ChildProcess.StartProgram(["replay", .. arguments]);
        program.Input.Close();
        return new ProgramResult(await program.WaitForExitAsync(Limit, Stop), program.Output, program.Errors);
    }

    private string PathOf(string name) => Path.Combine(_folder.FullName, name);

    private string Write(string name, string text)
    {
        File.WriteAllText(PathOf(name), text);
        return PathOf(name);
    }
}
