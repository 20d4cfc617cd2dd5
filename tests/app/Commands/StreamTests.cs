using System.Globalization;
using System.Text;
using Confluent.Kafka;
using Microsoft.Data.Sqlite;
using StreamScoring.Testing.Brokers;
using StreamScoring.Testing.Processes;
using StreamScoring.Testing.Records;

namespace StreamScoring.App.Tests.Commands;

public sealed class StreamTests(KafkaFixture kafka) : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("streamscoring-stream-");

    private string Database => Path.Combine(_folder.FullName, "news.db");

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory, EachKafka]
    public async Task The_sink_holds_each_record_once_whatever_the_kill(KafkaKind kind)
    {
        const int count = 600;
        var (broker, input, output, config) = await SetUpAsync(kind);
        Send(broker, input, 0, count / 2);

        // Killed twice while it works.
        foreach (var target in new[] { count / 6, count / 3 })
        {
            await using var victim = Start(broker, config);
            await victim.WaitForErrorAsync(line => line == "stream running", Limit, Stop);
            await WaitForRowsAsync(target);
            victim.Signal(ProcessSignal.Kill);
            await victim.WaitForExitAsync(Limit, Stop);
        }
        await using var last = Start(broker, config);
        Send(broker, input, count / 2, count);
        await WaitForRowsAsync(count);
        last.Signal(ProcessSignal.Interrupt);

        Assert.Equal(0, await last.WaitForExitAsync(Limit, Stop));
        Assert.Equal($"{count}|1", Query("SELECT count(DISTINCT id), count(*) = count(DISTINCT kafka_partition || '-' || kafka_offset) FROM articles"));
        // The embedded broker does not fence the producer of a killed process: there a record may be in the topic twice.
        if (kind == KafkaKind.Real) Assert.Equal($"{count}", Query("SELECT count(*) FROM articles"));
        Assert.Equal("0", Query("SELECT count(*) FROM rejects"));
        Assert.Equal(output, Query("SELECT DISTINCT kafka_topic FROM articles"));
    }

    // The embedded broker has no CreateTopics.
    [Fact]
    public async Task Missing_topics_are_all_named_and_created_only_on_request()
    {
        var broker = await kafka.UseAsync(KafkaKind.Real);
        var name = KafkaBrokerExtensions.NewName("app.new");
        var config = Config(name + ".in", name + ".out", name + ".dlq");

        var refused = await Program.RunAsync(["stream", "--bootstrap", broker.BootstrapServers, "--config", config]);
        await using var created = ChildProcess.StartProgram(["stream", "--bootstrap", broker.BootstrapServers, "--config", config, "--create-topics", "2"]);
        await created.WaitForErrorAsync(line => line == "stream running", Limit, Stop);
        created.Signal(ProcessSignal.Terminate);

        Assert.Equal(1, refused.ExitCode);
        Assert.Contains(refused.Errors, line => line.Contains($"There are no topics {name}.in, {name}.out, {name}.dlq", StringComparison.Ordinal));
        Assert.Equal(0, await created.WaitForExitAsync(Limit, Stop));
    }

    [Fact]
    public async Task Asked_to_stop_while_it_waits_for_a_Kafka_it_has_done_what_it_was_asked()
    {
        // Port 1: nobody listens.
        await using var stream = ChildProcess.StartProgram(["stream", "--bootstrap", "127.0.0.1:1", "--wait", "600", "--config", Config("in", "out", "dlq")]);
        await stream.WaitForErrorAsync(line => line.Contains("Waiting for Kafka at 127.0.0.1:1", StringComparison.Ordinal), Limit, Stop);
        stream.Signal(ProcessSignal.Terminate);

        Assert.Equal(0, await stream.WaitForExitAsync(Limit, Stop));
        Assert.Contains("Stopped before the first record.", stream.Errors);
    }

    [Fact]
    public async Task A_sink_that_cannot_write_pauses_alone_and_goes_on_when_it_can()
    {
        var (broker, input, output, config) = await SetUpAsync(KafkaKind.Embedded);
        // In the place of the file stands a folder.
        Directory.CreateDirectory(Database);
        await using var stream = Start(broker, config);
        Send(broker, input, 0, 10);

        await stream.WaitForErrorAsync(line => line.Contains("Sink sqlite is paused", StringComparison.Ordinal), Limit, Stop);
        Assert.Equal(10, KafkaRecords.Consume(broker, output, 10, Limit, Stop).Count);
        Directory.Delete(Database);
        await WaitForRowsAsync(10);
        await stream.WaitForErrorAsync(line => line.Contains("Sink sqlite goes on", StringComparison.Ordinal), Limit, Stop);
        stream.Signal(ProcessSignal.Interrupt);

        Assert.Equal(0, await stream.WaitForExitAsync(Limit, Stop));
    }

    [Fact]
    public async Task A_sink_that_nobody_here_feeds_is_named_with_its_topics()
    {
        var broker = await kafka.UseAsync(KafkaKind.Embedded);
        var (first, second, third) = (await broker.NewTopicAsync("app.a", 1, Stop), await broker.NewTopicAsync("app.b", 1, Stop), await broker.NewTopicAsync("app.c", 1, Stop));
        var config = Path.Combine(_folder.FullName, "user.json");
        await File.WriteAllTextAsync(config, $$"""
            {
              "Kafka": { "GroupId": "{{KafkaBrokerExtensions.NewName("app.group")}}" },
              "Nodes": [
                { "Name": "one", "Kind": "identity", "Input": "{{first}}", "Output": "{{second}}" },
                { "Name": "two", "Kind": "identity", "Input": "{{second}}", "Output": "{{third}}" }
              ],
              "DeadLetterTopic": "{{await broker.NewTopicAsync("app.dlq", 1, Stop)}}",
              "Sinks": [
                { "Kind": "sqlite", "Path": "{{Database}}" },
                { "Kind": "sqlite", "Name": "astray", "Path": "{{Database}}", "Topics": ["articles.sumary"] }
              ]
            }
            """, Stop);
        await using var stream = ChildProcess.StartProgram(["stream", "--bootstrap", broker.BootstrapServers, "--config", config, "--nodes", "one"]);
        await stream.WaitForErrorAsync(line => line == "stream running", Limit, Stop);
        stream.Signal(ProcessSignal.Terminate);
        await stream.WaitForExitAsync(Limit, Stop);

        Assert.Contains(stream.Errors, line => line.Contains($"Sink sqlite is not started: no node that runs here writes {third}. It is fed where two runs", StringComparison.Ordinal));
        Assert.Contains(stream.Errors, line => line.Contains("Sink astray is not started: no node that runs here writes articles.sumary. No node of the configuration does", StringComparison.Ordinal));
    }

    private async Task<(IKafkaBroker Broker, string Input, string Output, string Config)> SetUpAsync(KafkaKind kind)
    {
        var broker = await kafka.UseAsync(kind);
        var input = await broker.NewTopicAsync("app.in", 4, Stop);
        var output = await broker.NewTopicAsync("app.out", 4, Stop);
        var deadLetters = await broker.NewTopicAsync("app.dlq", 4, Stop);
        return (broker, input, output, Config(input, output, deadLetters));
    }

    private string Config(string input, string output, string deadLetters)
    {
        var path = Path.Combine(_folder.FullName, "user.json");
        File.WriteAllText(path, $$"""
            {
              "Kafka": { "GroupId": "{{KafkaBrokerExtensions.NewName("app.group")}}" },
              "Nodes": [ { "Name": "copy", "Kind": "identity", "Input": "{{input}}", "Output": "{{output}}", "Batch": { "Records": 16 } } ],
              "DeadLetterTopic": "{{deadLetters}}",
              "Sinks": [ { "Kind": "sqlite", "Path": "{{Database}}" } ]
            }
            """);
        return path;
    }

    private static ChildProcess Start(IKafkaBroker broker, string config) =>
        ChildProcess.StartProgram(["stream", "--bootstrap", broker.BootstrapServers, "--config", config]);

    private static void Send(IKafkaBroker broker, string topic, int from, int to) => KafkaRecords.Produce(
        broker, topic, Enumerable.Range(from, to - from).Select(i => new Message<byte[], byte[]>
        {
            Key = Encoding.UTF8.GetBytes(i.ToString(CultureInfo.InvariantCulture)),
            Value = Encoding.UTF8.GetBytes($$"""{"id":"{{i}}","title":"T","body":"B {{i}}"}"""),
        }));

    private async Task WaitForRowsAsync(int count)
    {
        var startedAt = TimeProvider.System.GetTimestamp();
        while (Rows() < count)
        {
            Assert.True(TimeProvider.System.GetElapsedTime(startedAt) < Limit, $"{Rows()} of {count} rows after {Limit}");
            await Task.Delay(20, Stop);
        }
    }

    private int Rows()
    {
        try
        {
            return File.Exists(Database) ? int.Parse(Query("SELECT count(*) FROM articles"), CultureInfo.InvariantCulture) : 0;
        }
        catch (SqliteException)
        {
            // Not created yet, or just being written.
            return 0;
        }
    }

    private string Query(string sql)
    {
        using var connection = new SqliteConnection($"Data Source={Database};Pooling=False;Mode=ReadOnly");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        using var reader = command.ExecuteReader();
        return reader.Read()
            ? string.Join('|', Enumerable.Range(0, reader.FieldCount).Select(column => reader.GetValue(column).ToString()))
            : "";
    }
}
