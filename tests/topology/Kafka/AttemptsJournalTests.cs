using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using StreamScoring.Testing.Internal;
using StreamScoring.Topology.Execution;
using StreamScoring.Topology.Kafka;
using StreamScoring.Topology.Kafka.Embedded;
using StreamScoring.Topology.Kafka.Internal;

namespace StreamScoring.Topology.Tests.Kafka;

public sealed class AttemptsJournalTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("streamscoring-attempts-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void What_was_in_work_when_a_process_died_is_under_suspicion_and_what_was_done_is_not()
    {
        using (var first = Open("a"))
        {
            first.Begin(0, [new OffsetRange("in", 3, 10, 12)]);
            first.Begin(1, [new OffsetRange("in", 0, 5, 5)]);
            first.End(1);
        }
        using var second = Open("a");
        Assert.True(second.HasSuspects);
        Assert.Equal([0, 1, 1, 1, 0], Enumerable.Range(9, 5).Select(offset => second.CrashesOf(Record(3, offset))));
        Assert.Equal(0, second.CrashesOf(Record(0, 5)));
    }

    [Fact]
    public void Only_the_one_that_ran_alone_is_accused_twice()
    {
        using (var first = Open("a")) first.Begin(0, [new OffsetRange("in", 0, 10, 12)]);
        using (var second = Open("a"))
        {
            second.Acquit(Record(0, 10));
            second.Begin(0, [new OffsetRange("in", 0, 11, 11)]);
        }
        using var third = Open("a");
        Assert.Equal([0, 2, 0], Enumerable.Range(10, 3).Select(offset => third.CrashesOf(Record(0, offset))));
        third.Settle("in", 0, 10);
        Assert.True(third.HasSuspects);
        third.Settle("in", 0, 11);
        Assert.False(third.HasSuspects);
    }

    [Fact]
    public void Another_instance_takes_over_what_a_dead_one_left_and_nothing_of_one_that_lives()
    {
        using (var dead = Open("dead")) dead.Begin(0, [new OffsetRange("in", 0, 1, 1)]);
        using var living = Open("living");
        living.Begin(0, [new OffsetRange("in", 1, 1, 1)]);
        using var heir = Open("heir");
        Assert.Equal((0, 0), (heir.CrashesOf(Record(1, 1)), living.CrashesOf(Record(1, 1))));
        // The first to come has taken it.
        Assert.Equal(1, living.CrashesOf(Record(0, 1)));
        Assert.False(heir.HasSuspects);
    }

    [Fact]
    public void A_suspect_runs_alone_and_a_condemned_record_does_not_run()
    {
        var executor = new CopyExecutor("in", "out") { BeforeBatch = batch => _batches.Add(string.Join(',', batch.Select(record => record.Offset))) };
        ConsumedRecord[] records = [.. Enumerable.Range(0, 6).Select(offset => Record(0, offset))];
        using (var first = Open("a")) first.Begin(0, [new OffsetRange("in", 0, 1, 2)]);
        using (var second = Open("a"))
        {
            using var alone = new AttemptsGuard(second, slots: 1);
            Assert.Equal([1, 1, 1, 1, 1, 1], alone.Execute(0, executor, records, TestContext.Current.CancellationToken).InputCounts);
            Assert.Equal(["0", "1", "2", "3,4,5"], _batches);
            Assert.False(second.HasSuspects);
        }

        _batches.Clear();
        using (var first = Open("a")) first.Begin(0, [new OffsetRange("in", 0, 1, 2)]);
        using (var second = Open("a")) second.Begin(0, [new OffsetRange("in", 0, 2, 2)]);
        using var third = Open("a");
        using var guard = new AttemptsGuard(third, slots: 1);
        // Without a dead-letter topic there is nowhere to go with it.
        var exception = Assert.Throws<StreamProcessingException>(() => guard.Execute(0, executor, records, TestContext.Current.CancellationToken));
        Assert.Equal(2, exception.Record!.Offset);
        Assert.IsType<ProcessCrashException>(exception.InnerException);
        Assert.Equal(["0,1"], _batches);

        var result = guard.Execute(0, new SkippingExecutor(executor), records, TestContext.Current.CancellationToken);
        Assert.Equal(["0,1", "0,1", "3,4,5"], _batches);
        Assert.Equal([1, 1, 0, 1, 1, 1], result.InputCounts);
        Assert.Equal((5, 1), (result.Outputs.Count, result.Skipped));
    }

    [Fact]
    public void A_file_that_is_not_a_journal_is_begun_anew()
    {
        string path;
        using (Open("a")) path = Directory.GetFiles(_folder.FullName, "*.attempts", SearchOption.AllDirectories)[0];
        File.WriteAllText(path, "no journal");
        using var journal = Open("a");
        Assert.False(journal.HasSuspects);
    }

    [Fact]
    public void A_state_folder_that_cannot_be_written_costs_the_journal_and_not_the_stream()
    {
        var file = Path.Combine(_folder.FullName, "file");
        File.WriteAllText(file, "");
        Assert.Null(AttemptsJournal.Open(Options(file), "a", ["in"], NullLogger.Instance));
        Assert.Null(AttemptsJournal.Open(Options(_folder.FullName) with { MaxCrashesPerRecord = 0 }, "a", ["in"], NullLogger.Instance));
    }

    // A page that the disk has no room for would end the process when it is touched.
    [Fact]
    public void A_disk_that_is_full_later_does_not_touch_a_journal_that_is_open()
    {
        using var disk = SmallDisk.MountOrSkip(4 << 20);
        using (var journal = AttemptsJournal.Open(Options(disk.Folder), "a", ["in"], NullLogger.Instance)!)
        {
            disk.Fill();
            OffsetRange[] ranges = [.. Enumerable.Range(0, AttemptsFile.MaxRanges).Select(static partition => new OffsetRange("in", partition, 1, 1))];
            for (var slot = 0; slot < 256; slot++) journal.Begin(slot, ranges);
        }
        using var second = AttemptsJournal.Open(Options(disk.Folder), "a", ["in"], NullLogger.Instance)!;
        Assert.Equal(1, second.CrashesOf(Record(AttemptsFile.MaxRanges - 1, 1)));
    }

    [Theory]
    [InlineData("full", "No space left on device")]
    [InlineData("read-only", "Read-only file system")]
    public async Task A_state_folder_without_room_is_named_and_the_stream_runs(string disk, string reason)
    {
        using var small = SmallDisk.MountOrSkip(64 << 10);
        if (disk == "full") small.Fill();
        else small.MakeReadOnly();
        using var kafka = EmbeddedKafka.Start();
        kafka.CreateTopic("in", 4);
        kafka.CreateTopic("out", 4);
        Raw.Produce(kafka.BootstrapServers, "in", 200, keys: 10);
        var lines = new LogLines();
        using var logs = LoggerFactory.Create(logging => logging.AddProvider(lines));
        using var stream = new KafkaStream(
            [new CopyExecutor("in", "out")],
            new KafkaStreamOptions { BootstrapServers = kafka.BootstrapServers, StateFolder = small.Folder }, logs, TimeProvider.System);
        using var stop = new CancellationTokenSource();
        var running = stream.RunAsync(stop.Token);
        Raw.AssertEachOnceInOrder(Raw.Consume(kafka.BootstrapServers, "out", 200), 200, keys: 10);
        await stop.CancelAsync();
        await running;

        var warning = Assert.Single(lines.Lines, static line => line.StartsWith("Warning No attempts journal", StringComparison.Ordinal));
        Assert.Contains(reason, warning, StringComparison.Ordinal);
        Assert.Contains(small.Folder, warning, StringComparison.Ordinal);
        Assert.Contains("set Kafka:StateFolder", warning, StringComparison.Ordinal);
    }

    private readonly List<string> _batches = [];

    private AttemptsJournal Open(string instance) =>
        AttemptsJournal.Open(Options(_folder.FullName), instance, ["in"], NullLogger.Instance)!;

    private static KafkaStreamOptions Options(string folder) => new() { BootstrapServers = "localhost:1", StateFolder = folder };

    private static ConsumedRecord Record(int partition, long offset) => new("in", partition, offset, 0, null, [1], new RecordHeaders());

    private sealed class SkippingExecutor(CopyExecutor inner) : IBatchExecutor
    {
        public int SubTopologyId => 0;

        public IReadOnlyList<string> SourceTopics => inner.SourceTopics;

        public IReadOnlyList<string> SinkTopics => inner.SinkTopics;

        public BatchLimits Limits => inner.Limits;

        public bool IsStateless => true;

        public DateTimeOffset? NextPunctuation => null;

        public BatchResult Execute(IReadOnlyList<ConsumedRecord> batch, CancellationToken cancellationToken) =>
            inner.Execute(batch, cancellationToken);

        public StreamScoring.Topology.Handlers.ErrorResponse DecideProcessing(ConsumedRecord record, Exception error) => StreamScoring.Topology.Handlers.ErrorResponse.Continue;

        public IReadOnlyList<ProducedRecord> Punctuate(DateTimeOffset now) => [];

        public ProducedRecord? CreateDeadLetter(ConsumedRecord record, Exception error) => null;

        public void OpenTasks(IReadOnlyCollection<int> partitions)
        {
        }

        public void CloseTasks(IReadOnlyCollection<int> partitions)
        {
        }

        public void Dispose()
        {
        }
    }
}
