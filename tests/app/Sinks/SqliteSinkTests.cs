using Microsoft.Data.Sqlite;
using StreamScoring.App.Sinks;
using StreamScoring.Schemas;

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
    public async Task Positions_are_found_again_after_a_restart()
    {
        await using (var sink = await OpenAsync())
        {
            Assert.Empty(await sink.LoadPositionsAsync([First, Second], Stop));
            await sink.WriteAsync(Batch(null, Enriched(First, 0, "a"), Enriched(First, 4, "b")), Stop);
        }

        await using var again = await OpenAsync();
        var positions = await again.LoadPositionsAsync([First, Second], Stop);

        Assert.Equal(5, Assert.Single(positions).Value);
    }

    [Fact]
    public async Task Of_two_writers_of_the_same_records_one_writes_and_the_other_is_told()
    {
        await using var one = await OpenAsync();
        await using var other = await OpenAsync();
        await one.WriteAsync(Batch(null, Enriched(First, 0, "a")), Stop);

        await Assert.ThrowsAsync<SinkConflictException>(async () => await other.WriteAsync(Batch(null, Enriched(First, 0, "a")), Stop));
        await one.WriteAsync(Batch(1, Enriched(First, 1, "b")), Stop);
        await Assert.ThrowsAsync<SinkConflictException>(async () => await other.WriteAsync(Batch(1, Enriched(First, 1, "b")), Stop));
        await other.WriteAsync(Batch(2, Enriched(First, 2, "c")), Stop);

        Assert.Equal("a\nb\nc", Query("SELECT id FROM articles ORDER BY kafka_offset"));
    }

    [Fact]
    public async Task Two_writers_at_once_write_every_record_once()
    {
        const int batches = 60;
        async Task WriteAllAsync()
        {
            await using var sink = await OpenAsync();
            for (long? next = null; (next ?? 0) < batches;)
            {
                try
                {
                    await sink.WriteAsync(Batch(next, Enriched(First, next ?? 0, $"{next ?? 0}")), Stop);
                }
                catch (SinkConflictException)
                {
                    // The other one was faster.
                }
                var positions = await sink.LoadPositionsAsync([First], Stop);
                next = positions[First];
            }
        }

        await Task.WhenAll(Task.Run(WriteAllAsync, Stop), Task.Run(WriteAllAsync, Stop));

        Assert.Equal($"{batches}|{batches}", Query("SELECT count(*), count(DISTINCT kafka_offset) FROM articles"));
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
    public async Task Scores_that_are_no_numbers_and_odd_text_are_stored_all_the_same()
    {
        var record = Enriched(First, 0, "a\0b");
        record.Article!.Topic!.Score = float.NaN;
        record.Article.Topic.Scores["World"] = float.PositiveInfinity;
        record.Article.Entities![0].Score = float.NaN;
        record.Article.Body = "\ud800 \u0000";

        await using var sink = await OpenAsync();
        await sink.WriteAsync(Batch(null, record), Stop);

        Assert.Equal("1|1", Query("SELECT count(*), score IS NULL FROM topics"));
    }

    [Fact]
    public async Task Records_of_another_cluster_with_the_same_offsets_have_a_place_of_their_own()
    {
        await using var one = await OpenAsync(source: "cluster-1");
        await using var other = await OpenAsync(source: "cluster-2");
        await one.WriteAsync(Batch(null, Enriched(First, 0, "a")), Stop);
        await other.WriteAsync(Batch(null, Enriched(First, 0, "a")), Stop);

        Assert.Equal("cluster-1\ncluster-2", Query("SELECT s.source FROM articles JOIN sources s USING (source_key) ORDER BY 1"));
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

        var nowhere = new SqliteSink(new SqliteSinkOptions { Path = Path.Combine(_folder.FullName, "no", "such", "folder.db"), Name = "s", Source = "c" });
        failure = await Assert.ThrowsAsync<SinkUnavailableException>(async () => await nowhere.OpenAsync(Stop));
        Assert.Contains("it cannot be opened", failure.Message, StringComparison.Ordinal);
    }

    private async Task<SqliteSink> OpenAsync(string source = "cluster", long keep = 0, int busyTimeoutMs = 20_000)
    {
        var sink = new SqliteSink(new SqliteSinkOptions
        {
            Path = FilePath, Name = "sqlite", Source = source, KeepArticles = keep, BusyTimeoutMs = busyTimeoutMs,
        });
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

    private static SinkRecord Enriched(SinkPartition partition, long offset, string id) => new(partition, offset, 1_700_000_000_000, new Article
    {
        Id = id,
        Title = "Ada in London",
        Body = "Ada was there.",
        PublishedAt = new DateTimeOffset(2026, 5, 4, 3, 2, 1, TimeSpan.Zero),
        Attributes = new() { ["license"] = "CC-BY" },
        Topic = new TopicScore { Label = "World", Score = 0.75f, Scores = new() { ["World"] = 0.75f } },
        Entities =
        [
            new Entity { Type = "PER", Text = "Ada", Field = ArticleField.Title, Start = 0, End = 3, Score = 0.5f },
            new Entity { Type = "LOC", Text = "London", Field = ArticleField.Title, Start = 7, End = 13, Score = 0.5f },
        ],
        Summary = new Summary { Text = "Ada was there.", Sentences = [new SummarySentence { Field = ArticleField.Body, Start = 0, End = 14, Score = 0.5f }] },
        Provenance = [new Provenance { Node = "topic", Model = "m", Version = "1", Sha256 = "00" }],
    }, null, null);

    private string Query(string sql)
    {
        using var connection = new SqliteConnection($"Data Source={FilePath};Pooling=False");
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
