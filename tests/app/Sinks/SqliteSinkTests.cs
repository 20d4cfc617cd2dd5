using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using StreamScoring.App.Sinks.Sqlite;
using StreamScoring.Testing.Internal;
using StreamScoring.Topology.Sinks;

namespace StreamScoring.App.Tests.Sinks;

public sealed class SqliteSinkTests : IDisposable
{
    private static readonly SinkPartition First = new("articles.summary", 0);
    private static readonly SinkPartition Second = new("articles.summary", 1);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("streamscoring-sqlite-");

    private string FilePath => Path.Combine(_folder.FullName, "news.db");

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task An_article_can_be_found_by_topic_entity_and_summary()
    {
        await using (var sink = await OpenAsync())
        {
            await sink.WriteAsync(Batch(null, Enriched(First, 7, "a")), Stop);
        }

        Assert.Equal("a|Ada in London|2026-05-04T03:02:01.000Z", Query("SELECT id, title, published_at FROM articles WHERE kafka_offset = 7"));
        Assert.Equal("World|0.75", Query("SELECT label, scores ->> 'World' FROM topics"));
        Assert.Equal("PER|Ada|title|0|3\nLOC|London|title|7|13", Query("SELECT type, text, field, start, stop FROM entities ORDER BY position"));
        Assert.Equal("Ada was there.|body", Query("SELECT text, sentences ->> '$[0].field' FROM summaries"));
        Assert.Equal("m|CC-BY", Query("SELECT provenance ->> '$[0].model', attributes ->> 'license' FROM articles"));
    }

    [Fact]
    public async Task A_batch_that_fails_halfway_leaves_nothing()
    {
        await using var sink = await OpenAsync();
        Execute("DROP TABLE summaries");

        var failure = await Assert.ThrowsAsync<SinkUnavailableException>(async () => await sink.WriteAsync(Batch(null, Enriched(First, 0, "a")), Stop));

        Assert.Contains("its tables are not as this program made them", failure.Message, StringComparison.Ordinal);
        Assert.Equal("0|0", Query("SELECT (SELECT count(*) FROM articles), (SELECT count(*) FROM sink_positions)"));
    }

    [Fact]
    public async Task A_record_that_is_no_article_is_kept_with_the_reason()
    {
        await using var sink = await OpenAsync();
        await sink.WriteAsync(Batch(null, new SinkRecord(First, 3, 0, null, [1, 2, 255], "no article")), Stop);

        Assert.Equal("3|no article|0102FF", Query("SELECT kafka_offset, reason, hex(value) FROM rejects"));
        Assert.Equal(4, (await sink.LoadPositionsAsync([First], Stop))[First]);
    }

    [Fact]
    public async Task Only_the_newest_articles_are_kept_where_a_limit_is_set()
    {
        await using var sink = await OpenAsync(keep: 2);
        await sink.WriteAsync(Batch(null, Enriched(First, 0, "a"), Enriched(First, 1, "b"), Enriched(First, 2, "c")), Stop);
        await sink.WriteAsync(Batch(3, Enriched(First, 3, "d")), Stop);

        Assert.Equal("c\nd", Query("SELECT id FROM articles ORDER BY kafka_offset"));
        Assert.Equal("4|2|2", Query("SELECT (SELECT count(*) FROM entities), (SELECT count(*) FROM topics), (SELECT count(*) FROM summaries)"));
        Assert.Equal("4", Query("SELECT next_offset FROM sink_positions"));
    }

    [Fact]
    public async Task A_database_of_another_program_is_left_alone()
    {
        Execute("CREATE TABLE customers (name TEXT)");

        var failure = await Assert.ThrowsAsync<SinkUnavailableException>(async () => await OpenAsync());

        Assert.Contains("is the database of another program", failure.Message, StringComparison.Ordinal);
        Assert.Equal("customers", Query("SELECT group_concat(name) FROM sqlite_schema"));
    }

    [Fact]
    public async Task A_database_of_a_later_version_is_left_alone()
    {
        await (await OpenAsync()).DisposeAsync();
        Execute("PRAGMA user_version = 99");

        var failure = await Assert.ThrowsAsync<SinkUnavailableException>(async () => await OpenAsync());

        Assert.Contains("has schema version 99", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_database_of_an_earlier_version_is_brought_up_to_date_with_its_rows()
    {
        using (var connection = new SqliteConnection($"Data Source={FilePath};Pooling=False"))
        {
            connection.Open();
            SqliteSchema.MigrateTo(connection, FilePath, 1);
        }
        Execute("""
            INSERT INTO sources (source) VALUES ('cluster');
            INSERT INTO sink_positions VALUES ('sqlite', 1, 'articles.summary', 0, 1);
            INSERT INTO articles (source_key, kafka_topic, kafka_partition, kafka_offset, kafka_time, id, title, body, attributes, provenance)
            VALUES (1, 'articles.summary', 0, 0, '2026-01-01T00:00:00.000Z', 'old', 'T', 'B', '{}', '[]');
            """);

        await using (var sink = await OpenAsync())
        {
            Assert.Equal(1, (await sink.LoadPositionsAsync([First], Stop))[First]);
            await sink.WriteAsync(Batch(1, Enriched(First, 1, "new")), Stop);
        }

        Assert.Equal("old||[]\nnew|World|[\"Ada\",\"London\"]", Query("SELECT id, topic, entities FROM enriched ORDER BY article_key"));
        Assert.Equal("2|wal|1", Query(
            "SELECT user_version, (SELECT journal_mode FROM pragma_journal_mode), (SELECT count(*) FROM sqlite_schema WHERE name = 'articles_published') FROM pragma_user_version"));
    }

    [Theory]
    [InlineData("ALTER TABLE topics DROP COLUMN scores", "column 'scores' of 'topics' is missing")]
    [InlineData("DROP TABLE rejects; CREATE TABLE rejects (source_key TEXT)", "column 'source_key' of 'rejects' is TEXT, not INTEGER NOT NULL KEY 1")]
    [InlineData("DROP VIEW enriched; DROP TABLE summaries", "table 'summaries' is missing")]
    public async Task A_table_changed_by_hand_is_reported_with_what_is_different(string change, string complaint)
    {
        await (await OpenAsync()).DisposeAsync();
        Execute(change);

        var failure = await Assert.ThrowsAsync<SinkUnavailableException>(async () => await OpenAsync());

        Assert.Contains(complaint, failure.Message, StringComparison.Ordinal);
        Assert.Contains("Change them back", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_sink_that_begins_again_under_another_name_replaces_the_rows()
    {
        await using (var sink = await OpenAsync())
        {
            await sink.WriteAsync(Batch(null, Enriched(First, 0, "a"), new SinkRecord(First, 1, 0, null, [1], "bad")), Stop);
        }
        await using (var sink = await OpenAsync(name: "again"))
        {
            await sink.WriteAsync(Batch(null, Enriched(First, 0, "b"), new SinkRecord(First, 1, 0, null, [1], "still bad")), Stop);
        }

        Assert.Equal("b", Query("SELECT id FROM articles"));
        Assert.Equal("2|1|1|still bad", Query(
            "SELECT (SELECT count(*) FROM entities), (SELECT count(*) FROM topics), (SELECT count(*) FROM summaries), reason FROM rejects"));
    }

    [Fact]
    public async Task A_read_only_disk_is_named()
    {
        using var disk = SmallDisk.MountOrSkip(4 << 20);
        var path = Path.Combine(disk.Folder, "news.db");
        await (await OpenAsync(path: path)).DisposeAsync();
        disk.MakeReadOnly();

        var there = await Assert.ThrowsAsync<SinkUnavailableException>(async () => await OpenAsync(path: path));
        var missing = await Assert.ThrowsAsync<SinkUnavailableException>(async () => await OpenAsync(path: path + ".new"));

        foreach (var (file, failure) in new[] { (path, there), (path + ".new", missing) })
        {
            Assert.Equal($"SQLite file '{file}': it cannot be opened: its folder is missing, read-only, or closed to this user.", failure.Message);
        }
    }

    [Fact]
    public async Task A_full_disk_stops_the_write_as_a_whole_and_room_lets_it_go_on()
    {
        using var disk = SmallDisk.MountOrSkip(1 << 20);
        var path = Path.Combine(disk.Folder, "news.db");
        var next = 0L;
        string reason;
        await using (var sink = await OpenAsync(path: path))
        {
            var failure = await Assert.ThrowsAsync<SinkUnavailableException>(async () =>
            {
                for (; ; next++) await sink.WriteAsync(Batch(next == 0 ? null : next, Large(next)), Stop);
            });
            reason = failure.Message;
        }
        Assert.True(next > 2, "the disk held less than was meant");
        Assert.Contains("the disk is full", reason, StringComparison.Ordinal);

        disk.Grow(8 << 20);
        await using (var sink = await OpenAsync(path: path))
        {
            Assert.Equal(next, (await sink.LoadPositionsAsync([First], Stop))[First]);
            await sink.WriteAsync(Batch(next, Large(next)), Stop);
        }
        Assert.Equal($"{next + 1}|{next + 1}|ok", Query(
            "SELECT count(*), count(DISTINCT kafka_offset), (SELECT integrity_check FROM pragma_integrity_check) FROM articles", path));

        static SinkRecord Large(long offset)
        {
            var record = Enriched(First, offset, $"{offset}");
            record.Article!.Body = new string('x', 50_000);
            return record;
        }
    }

    [Fact]
    public async Task A_locked_database_is_reported_as_such_and_works_again_afterwards()
    {
        await using var sink = await OpenAsync(busyTimeoutMs: 50);
        using (var connection = new SqliteConnection($"Data Source={FilePath};Pooling=False"))
        {
            connection.Open();
            using var transaction = connection.BeginTransaction();
            var failure = await Assert.ThrowsAsync<SinkUnavailableException>(async () => await sink.WriteAsync(Batch(null, Enriched(First, 0, "a")), Stop));
            Assert.Contains("another process holds its write lock", failure.Message, StringComparison.Ordinal);
        }

        await sink.WriteAsync(Batch(null, Enriched(First, 0, "a")), Stop);
        Assert.Equal("a", Query("SELECT id FROM articles"));
    }

    [Fact]
    public async Task A_file_that_is_no_database_or_cannot_be_made_is_reported_as_such()
    {
        File.WriteAllText(FilePath, new string('x', 5000));
        var failure = await Assert.ThrowsAsync<SinkUnavailableException>(async () => await OpenAsync());
        Assert.Contains("it is no SQLite database", failure.Message, StringComparison.Ordinal);

        var nowhere = new SqliteSink(
            new SqliteSinkOptions { Path = Path.Combine(_folder.FullName, "no", "such", "folder.db") },
            new SinkContext("s", "c", NullLogger.Instance, TimeProvider.System));
        failure = await Assert.ThrowsAsync<SinkUnavailableException>(async () => await nowhere.OpenAsync(Stop));
        Assert.Contains("it cannot be opened", failure.Message, StringComparison.Ordinal);
    }

    private async Task<SqliteSink> OpenAsync(string name = "sqlite", long keep = 0, int busyTimeoutMs = 20_000, string? path = null)
    {
        var sink = new SqliteSink(
            new SqliteSinkOptions { Path = path ?? FilePath, KeepArticles = keep, BusyTimeoutMs = busyTimeoutMs },
            new SinkContext(name, "cluster", NullLogger.Instance, TimeProvider.System));
        try
        {
            await sink.OpenAsync(Stop);
        }
        catch
        {
            await sink.DisposeAsync();
            throw;
        }
        return sink;
    }

    private static SinkBatch Batch(long? from, params SinkRecord[] records) =>
        new(records, [new SinkAdvance(records[0].Partition, from, records[^1].Offset + 1)]);

    private static SinkRecord Enriched(SinkPartition partition, long offset, string id) =>
        new(partition, offset, 1_700_000_000_000, SinkArticles.Enriched(id), null, null);

    private string Query(string sql, string? path = null)
    {
        using var connection = new SqliteConnection($"Data Source={path ?? FilePath};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        using var reader = command.ExecuteReader();
        var rows = new List<string>();
        while (reader.Read())
        {
            rows.Add(string.Join('|', Enumerable.Range(0, reader.FieldCount).Select(column => reader.GetValue(column).ToString())));
        }
        return string.Join('\n', rows);
    }

    private void Execute(string sql)
    {
        using var connection = new SqliteConnection($"Data Source={FilePath};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
