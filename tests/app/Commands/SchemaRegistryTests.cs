using System.Net;
using System.Text;
using System.Text.Json;
using Confluent.Kafka;
using StreamScoring.Schemas.Tests.Registry;
using StreamScoring.Testing.Brokers;
using StreamScoring.Testing.Processes;
using StreamScoring.Testing.Records;

namespace StreamScoring.App.Tests.Commands;

/// <summary>The program with a Schema Registry over HTTP.</summary>
public sealed class SchemaRegistryTests(KafkaFixture kafka)
{
    private const string Password = "hunter2";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory, EachKafka]
    public async Task Articles_go_through_the_stream_under_schema_ids(KafkaKind kind)
    {
        ScoreTests.SkipWithoutModels();
        await using var registry = await TestRegistry.StartAsync();
        registry.Authorization = "Basic " + Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes("reader:" + Password));
        var broker = await kafka.UseAsync(kind);
        var (input, output) = (await broker.NewTopicAsync("app.in", 1, Stop), await broker.NewTopicAsync("app.out", 1, Stop));
        var config = Config(registry, broker, input, output, await broker.NewTopicAsync("app.dlq", 1, Stop));

        var produced = await Program.RunAsync(["produce", "-", "--topic", input, "--config", config], input: """{"id":"a","title":"Rain","body":"It rained in Oslo."}""");
        await using var stream = ChildProcess.StartProgram(["stream", "--config", config]);
        var consumed = await Program.RunAsync(["consume", "--topic", output, "--count", "1", "--timeout", "60", "--config", config]);
        stream.Signal(ProcessSignal.Interrupt);

        Assert.Equal((0, 0, 0), (produced.ExitCode, consumed.ExitCode, await stream.WaitForExitAsync(Limit, Stop)));
        var article = JsonDocument.Parse(Assert.Single(consumed.Output)).RootElement;
        Assert.Equal("a", article.GetProperty("id").GetString());
        Assert.Equal("topic", article.GetProperty("provenance")[0].GetProperty("node").GetString());
        // One schema under two subjects has one id.
        foreach (var record in KafkaRecords.ConsumeAll(broker, [input, output], Limit, Stop)) Assert.Equal([0, 0, 0, 0, 1], record.Message.Value[..5]);
        Assert.DoesNotContain(stream.Errors.Concat(produced.Errors).Concat(consumed.Errors), line => line.Contains(Password, StringComparison.Ordinal));
    }

    [Theory, EachKafka]
    public async Task A_registry_that_is_down_is_waited_for_and_no_record_is_lost(KafkaKind kind)
    {
        await using var registry = await TestRegistry.StartAsync();
        registry.Failing = HttpStatusCode.ServiceUnavailable;
        var broker = await kafka.UseAsync(kind);
        var topic = await broker.NewTopicAsync("app.in", 1, Stop);
        var config = Config(registry, broker, topic, topic + ".out", topic + ".dlq");

        await using var producer = ChildProcess.StartProgram(["produce", "-", "--topic", topic, "--config", config]);
        await producer.Input.WriteAsync("""{"id":"a","title":"Rain","body":"It rained in Oslo."}""");
        producer.Input.Close();
        await producer.WaitForErrorAsync(line => line.Contains("Waiting for the Schema Registry", StringComparison.Ordinal), Limit, Stop);
        registry.Failing = null;
        Assert.Equal(0, await producer.WaitForExitAsync(Limit, Stop));

        registry.Failing = HttpStatusCode.ServiceUnavailable;
        await using var consumer = ChildProcess.StartProgram(["consume", "--topic", topic, "--count", "1", "--config", config]);
        await consumer.WaitForErrorAsync(line => line.StartsWith($"{topic}-0@0 waits: The schema registry cannot be reached", StringComparison.Ordinal), Limit, Stop);
        registry.Failing = null;

        Assert.Equal(0, await consumer.WaitForExitAsync(Limit, Stop));
        Assert.Equal("a", JsonDocument.Parse(Assert.Single(consumer.Output)).RootElement.GetProperty("id").GetString());
    }

    [Theory]
    [InlineData(KafkaKind.Embedded, HttpStatusCode.Unauthorized)]
    [InlineData(KafkaKind.Real, HttpStatusCode.ServiceUnavailable)]
    public async Task A_registry_that_goes_down_in_mid_run_delays_unknown_schemas_alone(KafkaKind kind, HttpStatusCode failing)
    {
        ScoreTests.SkipWithoutModels();
        await using var registry = await TestRegistry.StartAsync();
        var broker = await kafka.UseAsync(kind);
        var (input, output) = (await broker.NewTopicAsync("app.in", 2, Stop), await broker.NewTopicAsync("app.out", 1, Stop));
        var deadLetters = await broker.NewTopicAsync("app.dlq", 1, Stop);
        var known = registry.Add("elsewhere", OthersSchema("Known"));
        var unknown = registry.Add("elsewhere", OthersSchema("Unknown"));
        await using var stream = ChildProcess.StartProgram(["stream", "--config", Config(registry, broker, input, output, deadLetters)]);
        Send(broker, input, ("a0", 0, known), ("b0", 1, known));
        KafkaRecords.Consume(broker, output, 2, Limit, Stop);

        registry.Failing = failing;
        Send(broker, input, ("a1", 0, known), ("a2", 0, unknown), ("b1", 1, known));
        await stream.WaitForErrorAsync(line => line.Contains($"{input}-0@2 waits at node 'topic', nothing is lost", StringComparison.Ordinal), Limit, Stop);
        Send(broker, input, ("a3", 0, known), ("b2", 1, known), ("b3", 1, known));
        var meanwhile = KafkaRecords.Consume(broker, output, 6, Limit, Stop);
        registry.Failing = null;
        KafkaRecords.Consume(broker, output, 8, Limit, Stop);
        stream.Signal(ProcessSignal.Interrupt);

        Assert.Equal(0, await stream.WaitForExitAsync(Limit, Stop));
        Assert.Equal(["a0", "a1", "b0", "b1", "b2", "b3"], Keys(meanwhile).Order(StringComparer.Ordinal));
        var all = KafkaRecords.ConsumeAll(broker, [output, deadLetters], Limit, Stop);
        Assert.All(all, record => Assert.Equal(output, record.Topic));
        Assert.Equal(["a0", "a1", "a2", "a3"], Keys(all).Where(key => key[0] == 'a'));
        Assert.Equal(["b0", "b1", "b2", "b3"], Keys(all).Where(key => key[0] == 'b'));
    }

    [Fact]
    public async Task Everything_goes_over_TLS_with_a_certificate_authority_and_a_token_of_ones_own()
    {
        ScoreTests.SkipWithoutModels();
        using var certificate = TestRegistry.NewCertificate();
        await using var registry = await TestRegistry.StartAsync(certificate);
        registry.Authorization = "Bearer " + Password;
        var authority = Program.Write(certificate.ExportCertificatePem());
        var broker = await kafka.UseAsync(KafkaKind.Embedded);
        var (input, output) = (await broker.NewTopicAsync("app.in", 1, Stop), await broker.NewTopicAsync("app.out", 1, Stop));
        var security = $"\"CaCertificatePath\": \"{authority}\", \"BearerToken\": \"{Password}\"";
        var config = Config(registry, broker, input, output, await broker.NewTopicAsync("app.dlq", 1, Stop), security: security);

        var produced = await Program.RunAsync(["produce", "-", "--topic", input, "--config", config], input: """{"id":"a","title":"Rain","body":"It rained in Oslo."}""");
        await using var stream = ChildProcess.StartProgram(["stream", "--config", config]);
        var consumed = await Program.RunAsync(["consume", "--topic", output, "--count", "1", "--timeout", "60", "--config", config]);
        stream.Signal(ProcessSignal.Interrupt);
        var stranger = await Program.RunAsync(["produce", "-", "--topic", input, "--config", Config(registry, broker, input, output, "dlq", security: "\"BearerToken\": \"wrong\", " + $"\"CaCertificatePath\": \"{authority}\"")]);

        Assert.Equal((0, 0, 0), (produced.ExitCode, consumed.ExitCode, await stream.WaitForExitAsync(Limit, Stop)));
        Assert.Equal("a", JsonDocument.Parse(Assert.Single(consumed.Output)).RootElement.GetProperty("id").GetString());
        Assert.Equal(1, stranger.ExitCode);
        Assert.Contains(stranger.Errors, line => line.Contains("status 401", StringComparison.Ordinal) && line.Contains("Check user and password, or the token", StringComparison.Ordinal));
        Assert.DoesNotContain(stream.Errors.Concat(produced.Errors).Concat(consumed.Errors), line => line.Contains(Password, StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_main_jobs_feed_writes_under_schema_ids_too()
    {
        await using var registry = await TestRegistry.StartAsync();
        await using var job = ChildProcess.StartProgram(["--config", Program.IdentityNodes], new ChildProcessOptions
        {
            WorkingDirectory = Path.GetDirectoryName(Program.Write(""))!,
            Environment = new Dictionary<string, string?> { ["STREAMSCORING__SchemaRegistry__Url"] = registry.Url.AbsoluteUri },
        });
        await job.WaitForOutputAsync(line => line.StartsWith('{'), Limit, Stop);
        var bootstrap = (await job.WaitForErrorAsync(line => line.StartsWith("Kafka: ", StringComparison.Ordinal), Limit, Stop))["Kafka: ".Length..];

        var raw = await Program.RunAsync(["consume", "--topic", "articles", "--headers", "--count", "1", "--timeout", "60", "--bootstrap", bootstrap]);
        job.Signal(ProcessSignal.Interrupt);

        Assert.Equal(0, await job.WaitForExitAsync(Limit, Stop));
        // Read without a registry: the bytes as they are.
        var value = JsonDocument.Parse(Assert.Single(raw.Output)).RootElement.GetProperty("value_base64").GetBytesFromBase64();
        Assert.Equal([0, 0, 0, 0, 1], value[..5]);
    }

    [Fact]
    public async Task A_sink_pauses_while_the_registry_is_down_and_rejects_nothing()
    {
        await using var registry = await TestRegistry.StartAsync();
        var broker = await kafka.UseAsync(KafkaKind.Embedded);
        var (input, output) = (await broker.NewTopicAsync("app.in", 1, Stop), await broker.NewTopicAsync("app.out", 1, Stop));
        var config = Config(registry, broker, input, output, await broker.NewTopicAsync("app.dlq", 1, Stop), sink: true);
        var produced = await Program.RunAsync(["produce", "-", "--topic", input, "--config", config], input: """{"id":"a","title":"Rain","body":"It rained in Oslo."}""");

        registry.Failing = HttpStatusCode.ServiceUnavailable;
        await using var stream = ChildProcess.StartProgram(["stream", "--config", config]);
        await stream.WaitForErrorAsync(line => line.Contains("Sink sqlite is paused", StringComparison.Ordinal) && line.Contains("schema registry cannot be reached", StringComparison.Ordinal), Limit, Stop);
        registry.Failing = null;
        await stream.WaitForErrorAsync(line => line.Contains("Sink sqlite goes on", StringComparison.Ordinal), Limit, Stop);
        stream.Signal(ProcessSignal.Interrupt);

        Assert.Equal((0, 0), (produced.ExitCode, await stream.WaitForExitAsync(Limit, Stop)));
        Assert.DoesNotContain(stream.Errors, line => line.Contains("table rejects", StringComparison.Ordinal));
        Assert.Contains(stream.Errors, line => line.Contains("Sink sqlite stopped after 1 records", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_schema_that_breaks_a_topics_subject_is_an_error_that_lists_what_breaks()
    {
        await using var registry = await TestRegistry.StartAsync();
        var broker = await kafka.UseAsync(KafkaKind.Embedded);
        var (input, output) = (await broker.NewTopicAsync("app.in", 1, Stop), await broker.NewTopicAsync("app.out", 1, Stop));
        registry.Add(output + "-value", """{"type":"record","name":"Article","namespace":"streamscoring","fields":[{"name":"id","type":"int"}]}""");
        var config = Config(registry, broker, input, output, await broker.NewTopicAsync("app.dlq", 1, Stop));

        var result = await Program.RunAsync(["stream", "--config", config]);

        Assert.Equal(1, result.ExitCode);
        Assert.Contains(result.Errors, line => line.Contains($"Topic {output} cannot be written with the Schema Registry. The schema of subject '{output}-value' breaks its compatibility", StringComparison.Ordinal));
        Assert.Contains(result.Errors, line => line.StartsWith("  ", StringComparison.Ordinal) && line.Contains("id", StringComparison.Ordinal));
    }

    private static IEnumerable<string> Keys(IEnumerable<ConsumeResult<byte[], byte[]>> records) =>
        records.Select(static record => Encoding.UTF8.GetString(record.Message.Key));

    /// <summary>What another producer may write: an article with less in it.</summary>
    private static string OthersSchema(string doc) => $$"""
        {"type":"record","name":"Article","namespace":"streamscoring","doc":"{{doc}}","fields":[
          {"name":"id","type":"string"},{"name":"title","type":"string"},{"name":"body","type":"string"}]}
        """;

    private static void Send(IKafkaBroker broker, string topic, params (string Id, int Partition, int SchemaId)[] records)
    {
        using var producer = new ProducerBuilder<byte[], byte[]>(new ProducerConfig { BootstrapServers = broker.BootstrapServers }).Build();
        foreach (var (id, partition, schemaId) in records)
        {
            byte[] value = [0, 0, 0, 0, (byte)schemaId, .. AvroText(id), .. AvroText("Rain"), .. AvroText("It rained in Oslo.")];
            producer.Produce(new TopicPartition(topic, partition), new Message<byte[], byte[]> { Key = Encoding.UTF8.GetBytes(id), Value = value });
        }
        Assert.Equal(0, producer.Flush(Limit));
    }

    private static byte[] AvroText(string text) => [(byte)(2 * text.Length), .. Encoding.ASCII.GetBytes(text)];

    /// <summary>One node with a model; or one without, and a sink.</summary>
    private static string Config(
        TestRegistry registry, IKafkaBroker broker, string input, string output, string deadLetters, bool sink = false,
        string security = $"\"Username\": \"reader\", \"Password\": \"{Password}\"")
    {
        var path = Program.Write("");
        var kind = sink ? "\"Kind\": \"identity\"" : "\"Kind\": \"text-classification\", \"Model\": \"topic\"";
        var sinks = sink ? $$"""{ "Kind": "sqlite", "Path": "{{Path.ChangeExtension(path, ".db")}}" }""" : "";
        File.WriteAllText(path, $$"""
            {
              "Kafka": { "BootstrapServers": "{{broker.BootstrapServers}}", "GroupId": "{{KafkaBrokerExtensions.NewName("app.group")}}" },
              "Nodes": [ { "Name": "topic", {{kind}}, "Input": "{{input}}", "Output": "{{output}}" } ],
              "DeadLetterTopic": "{{deadLetters}}",
              "Sinks": [ {{sinks}} ],
              "SchemaRegistry": { "Url": "{{registry.Url}}", {{security}} }
            }
            """);
        return path;
    }
}
