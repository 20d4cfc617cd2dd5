using System.Text.Json;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using StreamScoring.App.Sinks;
using StreamScoring.App.Sinks.Files;
using StreamScoring.App.Sinks.Sqlite;
using StreamScoring.App.Tests.Sinks.Files;
using StreamScoring.Testing.Brokers;
using StreamScoring.Topology.Sinks;

namespace StreamScoring.App.Tests.Sinks;

public sealed class SinkRunnerTests(KafkaFixture kafka) : IDisposable
{
    private static readonly TimeSpan Limit = SinkHarness.Limit;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("streamscoring-sink-");
    private readonly SinkHarness _harness = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private string Database => Path.Combine(_folder.FullName, "news.db");

    public void Dispose()
    {
        _harness.Dispose();
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

    [Theory, EachKafka]
    public async Task Two_processes_share_a_folder_and_hand_partitions_over(KafkaKind kind)
    {
        var broker = await kafka.UseAsync(kind);
        var topic = await broker.NewTopicAsync("sink", 4, Stop);
        var group = KafkaBrokerExtensions.NewName("sink.group");
        var plan = new FileSinkOptions { Folder = Path.Combine(_folder.FullName, "files"), MaxFileBytes = 4_000 }.ToPlan();
        Send(broker, topic, 300, "a");
        var one = _harness.Runner(broker, topic, plan, group);
        var running = one.RunAsync(Stop);
        await WaitUntilAsync(() => one.GetSnapshot().Written > 0);

        var other = _harness.Runner(broker, topic, plan, group);
        var runningToo = other.RunAsync(Stop);
        Send(broker, topic, 300, "b");
        await WaitUntilAsync(() => other.GetSnapshot().Lag == 0 && one.GetSnapshot().Lag == 0);
        await Task.WhenAll(one.DrainAsync(running, Limit), other.DrainAsync(runningToo, Limit));

        var ids = Directory.GetFiles(plan.Target, "*.jsonl", SearchOption.AllDirectories).SelectMany(FileLines.Read)
            .Select(line => JsonDocument.Parse(line).RootElement.GetProperty("id").GetString()).ToArray();
        Assert.Equal((600, 600), (ids.Length, ids.Distinct().Count()));
        Assert.Empty(Directory.GetFiles(plan.Target, "*.unfinished", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task A_sink_that_takes_longer_than_the_poll_interval_keeps_its_place_and_reads_no_further()
    {
        var broker = await kafka.UseAsync(KafkaKind.Embedded);
        var topic = await broker.NewTopicAsync("sink", 1, Stop);
        var slow = new SlowSink();
        var runner = _harness.Runner(
            broker, topic, new SinkPlan("slow", _ => slow), batchRecords: 10,
            properties: new() { ["session.timeout.ms"] = "6000", ["max.poll.interval.ms"] = "6000" });
        var running = runner.RunAsync(Stop);
        Send(broker, topic, 50, "a");
        await slow.Entered.WaitAsync(Limit, Stop);
        // Twice as long as a member may stay away.
        await Task.Delay(TimeSpan.FromSeconds(12), Stop);
        Send(broker, topic, 50, "b");
        slow.Go.Release(1_000);
        await WaitUntilAsync(() => runner.GetSnapshot().Written == 100);
        await runner.DrainAsync(running, Limit);

        Assert.Equal(1, slow.Loads);
        Assert.DoesNotContain("is paused", _harness.Log, StringComparison.Ordinal);
        Assert.Equal(Enumerable.Range(0, 100).Select(offset => (long)offset), slow.Offsets);
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

        Assert.Contains($"{topic}-0 lost the records 5 to ", _harness.Log, StringComparison.Ordinal);
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

    private SinkPlan Plan => new SqliteSinkOptions { Path = Database, BusyTimeoutMs = 20_000 }.ToPlan();

    private ISink Sink() => Plan.Create(new SinkContext("sink", "cluster", NullLogger.Instance, TimeProvider.System));

    private SinkRunner Runner(IKafkaBroker broker, string topic, string group) => _harness.Runner(broker, topic, Plan, group);

    private static void Send(IKafkaBroker broker, string topic, int count, string prefix, int bodyBytes = 10) =>
        SinkHarness.Send(broker, topic, count, prefix, bodyBytes);

    private Task WaitUntilAsync(Func<bool> holds) => _harness.WaitUntilAsync(holds);

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

    private sealed class SlowSink : ISink
    {
        private readonly TaskCompletionSource _entered = new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal Task Entered => _entered.Task;

        internal SemaphoreSlim Go { get; } = new(0);

        internal int Loads { get; private set; }

        internal List<long> Offsets { get; } = [];

        public ValueTask OpenAsync(CancellationToken cancellationToken) => ValueTask.CompletedTask;

        public ValueTask<IReadOnlyDictionary<SinkPartition, long>> LoadPositionsAsync(
            IReadOnlyCollection<SinkPartition> partitions, CancellationToken cancellationToken)
        {
            Loads++;
            return ValueTask.FromResult<IReadOnlyDictionary<SinkPartition, long>>(new Dictionary<SinkPartition, long>());
        }

        public ValueTask WriteAsync(SinkBatch batch, CancellationToken cancellationToken)
        {
            _entered.TrySetResult();
            // As a database without asynchronous calls does.
            Go.Wait(cancellationToken);
            Offsets.AddRange(batch.Records.Select(record => record.Offset));
            return ValueTask.CompletedTask;
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
