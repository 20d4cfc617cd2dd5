using System.Text;
using Confluent.Kafka;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using StreamScoring.App.Articles;
using StreamScoring.App.Configuration;
using StreamScoring.App.Hosting;
using StreamScoring.App.Kafka;
using StreamScoring.App.Sinks;
using StreamScoring.Schemas;
using StreamScoring.Testing.Brokers;
using StreamScoring.Testing.Records;

namespace StreamScoring.App.Tests.Sinks;

public sealed class SinkRunnerTests(KafkaFixture kafka) : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("streamscoring-sink-");
    private readonly StringWriter _log = new();
    private readonly List<IDisposable> _owned = [];

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private string Database => Path.Combine(_folder.FullName, "news.db");

    public void Dispose()
    {
        _owned.ForEach(owned => owned.Dispose());
        _folder.Delete(recursive: true);
    }

    [Theory, EachKafka]
    public async Task A_drain_writes_all_that_is_there_and_a_new_start_goes_on_behind_it(KafkaKind kind)
    {
        var broker = await kafka.UseAsync(kind);
        var topic = await broker.NewTopicAsync("sink", 3, Stop);
        var group = KafkaBrokerExtensions.NewName("sink.group");
        for (var round = 1; round <= 2; round++)
        {
            Send(broker, topic, 100, $"{round}");
            var runner = Runner(broker, topic, group);
            var running = runner.RunAsync(Stop);
            await WaitUntilAsync(() => runner.GetSnapshot().Written > 0);
            await runner.DrainAsync(running, Limit);

            Assert.Equal(100, runner.GetSnapshot().Written);
        }

        Assert.Equal("200|200", Query("SELECT count(*), count(DISTINCT id) FROM articles"));
    }

    [Theory, EachKafka]
    public async Task Two_processes_share_the_work_and_write_each_record_once(KafkaKind kind)
    {
        var broker = await kafka.UseAsync(kind);
        var topic = await broker.NewTopicAsync("sink", 4, Stop);
        var group = KafkaBrokerExtensions.NewName("sink.group");
        Send(broker, topic, 300, "a");
        var one = Runner(broker, topic, group);
        var running = one.RunAsync(Stop);
        await WaitUntilAsync(() => one.GetSnapshot().Written > 0);

        // The second comes while the first works: partitions move with records on the way.
        var other = Runner(broker, topic, group);
        var runningToo = other.RunAsync(Stop);
        Send(broker, topic, 300, "b");
        await WaitUntilAsync(() => one.GetSnapshot().Written + other.GetSnapshot().Written >= 600);
        await Task.WhenAll(one.DrainAsync(running, Limit), other.DrainAsync(runningToo, Limit));

        Assert.Equal("600|600", Query("SELECT count(*), count(DISTINCT id) FROM articles"));
    }

    [Fact]
    public async Task Records_that_Kafka_dropped_before_the_sink_came_are_reported()
    {
        var broker = await kafka.UseAsync(KafkaKind.Embedded);
        var topic = await broker.NewTopicAsync("sink", 1, Stop);
        var group = KafkaBrokerExtensions.NewName("sink.group");
        Send(broker, topic, 5, "a");
        await RunOnceAsync(broker, topic, group, atLeast: 5);

        // More than the embedded broker keeps of a partition.
        Send(broker, topic, 80, "b", bodyBytes: 100_000);
        await RunOnceAsync(broker, topic, group, atLeast: 1);

        Assert.Contains($"{topic}-0 lost the records 5 to ", _log.ToString(), StringComparison.Ordinal);
        Assert.Equal("1", Query("SELECT count(*) FROM articles WHERE id = 'b79'"));
    }

    [Fact]
    public async Task A_topic_that_was_made_anew_stops_the_sink_with_a_word_of_advice()
    {
        var broker = await kafka.UseAsync(KafkaKind.Embedded);
        var topic = await broker.NewTopicAsync("sink", 1, Stop);
        await using (var sink = Sink())
        {
            await sink.OpenAsync(Stop);
            var partition = new SinkPartition(topic, 0);
            await sink.WriteAsync(new SinkBatch([new SinkRecord(partition, 999, 0, null, [1], "x")], [new SinkAdvance(partition, null, 1000)]), Stop);
        }
        Send(broker, topic, 5, "a");
        var runner = Runner(broker, topic, KafkaBrokerExtensions.NewName("sink.group"));
        var running = runner.RunAsync(Stop);

        await WaitUntilAsync(() => runner.GetSnapshot().Trouble is not null);
        var trouble = runner.GetSnapshot().Trouble;
        await runner.DrainAsync(running, TimeSpan.Zero);

        Assert.Contains("ends at offset 5, but the sink has already written up to 1000", trouble, StringComparison.Ordinal);
        Assert.Equal("0", Query("SELECT count(*) FROM articles"));
    }

    private async Task RunOnceAsync(IKafkaBroker broker, string topic, string group, int atLeast)
    {
        var runner = Runner(broker, topic, group);
        var running = runner.RunAsync(Stop);
        await WaitUntilAsync(() => runner.GetSnapshot().Written >= atLeast);
        await runner.DrainAsync(running, Limit);
    }

    private SqliteSink Sink() => new(new SqliteSinkOptions { Path = Database, Name = "sqlite", Source = "cluster", BusyTimeoutMs = 20_000 });

    private SinkRunner Runner(IKafkaBroker broker, string topic, string group)
    {
        var relay = new LogRelay(TextWriter.Synchronized(_log));
        var logs = LoggerFactory.Create(logging => logging.AddProvider(relay));
        _owned.Add(logs);
        return new SinkRunner(
            new SinkRunnerOptions { Name = "sqlite", Target = "news.db", Topics = [topic], GroupId = group, MaxBatchRecords = 20 },
            Sink, new KafkaClients(new KafkaSettings(), broker.BootstrapServers, logs), (value, headers) => RecordCodec.Decode(ArticleSerde.Default, value, headers), logs.CreateLogger("sinks"), TimeProvider.System);
    }

    private static void Send(IKafkaBroker broker, string topic, int count, string prefix, int bodyBytes = 10)
    {
        var body = new string('x', bodyBytes);
        KafkaRecords.Produce(broker, topic, Enumerable.Range(0, count).Select(i => new Message<byte[], byte[]>
        {
            Key = Encoding.UTF8.GetBytes($"{i}"),
            Value = Encoding.UTF8.GetBytes($$"""{"id":"{{prefix}}{{i}}","title":"T","body":"{{body}}"}"""),
        }));
    }

    private async Task WaitUntilAsync(Func<bool> holds)
    {
        var startedAt = TimeProvider.System.GetTimestamp();
        while (!holds())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(startedAt) < Limit, $"It did not come true within {Limit}.\n{_log}");
            await Task.Delay(10, Stop);
        }
    }

    private string Query(string sql)
    {
        using var connection = new SqliteConnection($"Data Source={Database};Pooling=False;Mode=ReadOnly");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        using var reader = command.ExecuteReader();
        Assert.True(reader.Read());
        return string.Join('|', Enumerable.Range(0, reader.FieldCount).Select(column => reader.GetValue(column).ToString()));
    }
}
