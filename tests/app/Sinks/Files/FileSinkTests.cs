using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using StreamScoring.App.Sinks.Files;
using StreamScoring.Testing.Internal;
using StreamScoring.Topology.Sinks;

namespace StreamScoring.App.Tests.Sinks.Files;

public sealed class FileSinkTests : IDisposable
{
    private static readonly SinkPartition First = new("articles.summary", 0);

    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("streamscoring-files-");
    private readonly ManualTime _time = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private string Folder => Path.Combine(_root.FullName, "cluster", "articles.summary-0");

    public void Dispose() => _root.Delete(recursive: true);

    [Fact]
    public async Task A_line_is_the_article_and_where_it_stood()
    {
        await using (var sink = await OpenAsync())
        {
            await sink.WriteAsync(Batch(null, 9, Record(7, "a"), new SinkRecord(First, 8, 5, null, [1, 2, 255], "no article")), Stop);
        }

        Assert.Equal(["00000000000000000007-00000000000000000008.jsonl"], Finished());
        var lines = FileLines.Read(Path.Combine(Folder, Finished()[0]));
        using var article = JsonDocument.Parse(lines[0]);
        Assert.Equal(
            ("articles.summary", 7, "a", "World", "London"),
            (article.RootElement.GetProperty("kafka").GetProperty("topic").GetString(), article.RootElement.GetProperty("kafka").GetProperty("offset").GetInt64(),
                article.RootElement.GetProperty("id").GetString(), article.RootElement.GetProperty("topic").GetProperty("label").GetString(),
                article.RootElement.GetProperty("entities")[1].GetProperty("text").GetString()));
        Assert.Equal("""{"kafka":{"topic":"articles.summary","partition":0,"offset":8,"timestamp_ms":5},"error":"no article","value_base64":"AQL/"}""", lines[1]);
    }

    [Fact]
    public async Task A_file_is_seen_once_it_is_old_enough_and_not_before()
    {
        await using var sink = await OpenAsync();
        await sink.WriteAsync(Batch(null, 1, Record(0, "a")), Stop);
        _time.Advance(TimeSpan.FromSeconds(59));
        await sink.TickAsync(Stop);
        await sink.WriteAsync(Batch(1, 2, Record(1, "b")), Stop);
        Assert.Empty(Finished());

        _time.Advance(TimeSpan.FromSeconds(1));
        await sink.TickAsync(Stop);
        Assert.Equal(["00000000000000000000-00000000000000000001.jsonl"], Finished());
        await sink.TickAsync(Stop);
        Assert.Single(Finished());
    }

    [Fact]
    public async Task A_file_ends_where_it_is_full_also_in_the_middle_of_a_batch()
    {
        await using (var sink = await OpenAsync(maxBytes: 2_000))
        {
            await sink.WriteAsync(Batch(null, 12, [.. Enumerable.Range(0, 10).Select(offset => Record(offset, $"{offset}"))]), Stop);
            Assert.NotEmpty(Finished());
        }

        var files = Finished();
        Assert.Equal(10, files.Sum(file => FileLines.Read(Path.Combine(Folder, file)).Count));
        Assert.All(files[..^1], file => Assert.InRange(new FileInfo(Path.Combine(Folder, file)).Length, 2_000, 4_000));
        await using var again = await OpenAsync();
        Assert.Equal(12, (await again.LoadPositionsAsync([First], Stop))[First]);
    }

    [Fact]
    public async Task What_a_crash_left_unfinished_is_removed_and_the_name_of_the_last_file_says_where_to_resume()
    {
        await using (var sink = await OpenAsync()) await sink.WriteAsync(Batch(null, 3, Record(0, "a"), Record(2, "b")), Stop);
        // A crash between the file's name and the position's, and one in the middle of a line.
        File.WriteAllText(Path.Combine(Folder, ".position"), "00000000000000000001");
        File.WriteAllText(Path.Combine(Folder, ".00000000000000000003.unfinished"), "{\"kafka\":{\"top");

        await using (var again = await OpenAsync())
        {
            Assert.Equal(3, (await again.LoadPositionsAsync([First], Stop))[First]);
            Assert.Equal([".position"], Directory.GetFiles(Folder, ".*").Select(Path.GetFileName));
            await again.WriteAsync(Batch(3, 4, Record(3, "c")), Stop);
        }

        Assert.Equal(["00000000000000000000-00000000000000000002.jsonl", "00000000000000000003-00000000000000000003.jsonl"], Finished());
    }

    [Fact]
    public async Task Files_may_be_taken_away()
    {
        await using (var sink = await OpenAsync()) await sink.WriteAsync(Batch(null, 3, Record(0, "a"), Record(2, "b")), Stop);
        File.Delete(Path.Combine(Folder, Finished()[0]));

        await using var again = await OpenAsync();
        Assert.Equal(3, (await again.LoadPositionsAsync([First], Stop))[First]);
    }

    [Fact]
    public async Task Compression_can_be_changed_between_two_starts()
    {
        await using (var sink = await OpenAsync()) await sink.WriteAsync(Batch(null, 1, Record(0, "a")), Stop);
        await using (var sink = await OpenAsync(gzip: true)) await sink.WriteAsync(Batch(1, 2, Record(1, "b")), Stop);
        await using (var sink = await OpenAsync()) await sink.WriteAsync(Batch(2, 3, Record(2, "c")), Stop);

        Assert.Equal(
            ["00000000000000000000-00000000000000000000.jsonl", "00000000000000000001-00000000000000000001.jsonl.gz", "00000000000000000002-00000000000000000002.jsonl"],
            Finished());
        Assert.Contains("\"id\":\"b\"", Assert.Single(FileLines.Read(Path.Combine(Folder, Finished()[1]))), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Files_that_no_sink_wrote_are_told_and_never_overwritten()
    {
        await using (var sink = await OpenAsync())
        {
            await sink.WriteAsync(Batch(null, 2, Record(0, "a"), Record(1, "b")), Stop);
            await sink.TickAsync(Stop);
            var foreign = Path.Combine(Folder, "00000000000000000000-00000000000000000001.jsonl");
            File.WriteAllText(foreign, "mine\n");
            _time.Advance(TimeSpan.FromMinutes(2));
            Assert.Contains("is there already", (await UnavailableAsync(async () => await sink.TickAsync(Stop))).Message, StringComparison.Ordinal);
            Assert.Equal("mine\n", File.ReadAllText(foreign));
        }

        File.WriteAllText(Path.Combine(Folder, "00000000000000000001-00000000000000000009.jsonl"), "mine too\n");
        Assert.Contains("overlaps", (await UnavailableAsync(LoadAsync)).Message, StringComparison.Ordinal);
        File.WriteAllText(Path.Combine(Folder, ".position"), "seven");
        Assert.Contains("holds no position", (await UnavailableAsync(LoadAsync)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_partition_that_another_process_writes_is_told()
    {
        await using var one = await OpenAsync();
        await one.LoadPositionsAsync([First], Stop);

        Assert.Contains("another process is writing articles.summary-0", (await UnavailableAsync(LoadAsync)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_read_only_disk_is_named()
    {
        using var disk = SmallDisk.MountOrSkip(256 << 10);
        disk.MakeReadOnly();
        await using var sink = await OpenAsync(disk.Folder);
        var failure = await UnavailableAsync(async () => await sink.LoadPositionsAsync([First], Stop));
        Assert.Contains($"Folder '{disk.Folder}': Read-only file system", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_full_disk_leaves_whole_files_only_and_room_lets_it_go_on(bool gzip)
    {
        using var disk = SmallDisk.MountOrSkip(256 << 10);
        var next = 0L;
        await using (var sink = await OpenAsync(disk.Folder, maxBytes: 30_000, gzip: gzip))
        {
            var failure = await UnavailableAsync(async () =>
            {
                for (; ; next++) await sink.WriteAsync(Batch(next == 0 ? null : next, next + 1, Noise(next)), Stop);
            });
            Assert.Contains("the disk is full", failure.Message, StringComparison.Ordinal);
        }

        disk.Grow(8 << 20);
        await using (var sink = await OpenAsync(disk.Folder, maxBytes: 30_000, gzip: gzip))
        {
            var position = (await sink.LoadPositionsAsync([First], Stop))[First];
            Assert.InRange(position, 1, next);
            for (; position <= next; position++) await sink.WriteAsync(Batch(position, position + 1, Noise(position)), Stop);
        }

        var offsets = Directory.GetFiles(disk.Folder, "*.jsonl*", SearchOption.AllDirectories).Order(StringComparer.Ordinal).SelectMany(FileLines.Read)
            .Select(line => JsonDocument.Parse(line).RootElement.GetProperty("kafka").GetProperty("offset").GetInt64());
        Assert.Equal(Enumerable.Range(0, (int)next + 1).Select(offset => (long)offset), offsets);
    }

    private static SinkRecord Noise(long offset)
    {
        var record = Record(offset, $"{offset}");
        var random = new Random((int)offset);
        record.Article!.Body = string.Create(8_000, random, static (text, random) =>
        {
            for (var i = 0; i < text.Length; i++) text[i] = (char)random.Next('0', 'z');
        });
        return record;
    }

    private async Task LoadAsync()
    {
        await using var sink = await OpenAsync();
        await sink.LoadPositionsAsync([First], Stop);
    }

    private async Task<FileSink> OpenAsync(string? folder = null, long maxBytes = 1 << 20, bool gzip = false)
    {
        var sink = new FileSink(
            new FileSinkOptions { Folder = folder ?? _root.FullName, MaxFileBytes = maxBytes, MaxFileSeconds = 60, Gzip = gzip },
            new SinkContext("files", "cluster", NullLogger.Instance, _time));
        await sink.OpenAsync(Stop);
        return sink;
    }

    private string[] Finished() => Directory.Exists(Folder)
        ? [.. Directory.GetFiles(Folder, "*.jsonl*").Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)]
        : [];

    private static Task<SinkUnavailableException> UnavailableAsync(Func<Task> work) => Assert.ThrowsAsync<SinkUnavailableException>(work);

    private static SinkBatch Batch(long? from, long to, params IReadOnlyList<SinkRecord> records) => new(records, [new SinkAdvance(First, from, to)]);

    private static SinkRecord Record(long offset, string id) => new(First, offset, 1_700_000_000_000, SinkArticles.Enriched(id), null, null);

    private sealed class ManualTime : TimeProvider
    {
        private long _now;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _now;

        internal void Advance(TimeSpan by) => _now += by.Ticks;
    }
}
