using System.Net;
using System.Text.Json;
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

    /// <summary>One node with a model; or one without, and a sink.</summary>
    private static string Config(
        TestRegistry registry, IKafkaBroker broker, string input, string output, string deadLetters, bool sink = false)
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
              "SchemaRegistry": { "Url": "{{registry.Url}}", "Username": "reader", "Password": "{{Password}}" }
            }
            """);
        return path;
    }
}
