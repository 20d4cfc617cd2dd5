using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using StreamScoring.App.Sinks.Postgres;
using StreamScoring.Schemas;
using StreamScoring.Topology.Sinks;

namespace StreamScoring.App.Tests.Sinks.Postgres;

public sealed class PostgresSinkTests(PostgresFixture postgres) : IAsyncLifetime
{
    private static readonly SinkPartition First = new("articles.summary", 0);

    private readonly string _schema = postgres.NewSchema();
    private PostgresServer _server = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private PostgresSinkOptions Options => new() { ConnectionString = _server.ConnectionString, Schema = _schema };

    public async ValueTask InitializeAsync() => _server = await postgres.UseAsync();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task An_article_can_be_found_by_topic_entity_and_summary()
    {
        await using (var sink = await OpenAsync())
        {
            await sink.WriteAsync(Batch(null, 8, Record(7, "a")), Stop);
        }

        Assert.Equal("a|World|0.75|Ada was there.|Ada,London", await QueryAsync("SELECT id, topic, topic_score, summary, entities FROM enriched"));
        Assert.Equal("PER|Ada|title|0|3\nLOC|London|title|7|13", await QueryAsync("SELECT type, text, field, start, stop FROM entities ORDER BY position"));
        Assert.Equal("0.75|CC-BY|m", await QueryAsync(
            "SELECT scores ->> 'World', attributes ->> 'license', provenance -> 0 ->> 'model' FROM topics JOIN articles USING (partition_key, kafka_offset)"));
        Assert.Equal("Ada was there.|body", await QueryAsync("SELECT text, sentences -> 0 ->> 'field' FROM summaries"));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_schema_of_an_earlier_version_is_brought_up_to_date_with_its_rows(int version)
    {
        await using (var connection = await _server.ConnectAsync())
        {
            await PostgresSchema.MigrateToAsync(connection, Options, version, Stop);
        }
        await ExecuteAsync(
            """
            INSERT INTO sources (source) VALUES ('cluster');
            INSERT INTO partitions (source_key, kafka_topic, kafka_partition) VALUES (1, 'articles.summary', 0);
            INSERT INTO sink_positions VALUES ('postgresql', 1, 1);
            INSERT INTO articles VALUES (1, 0, now(), 'old', 'T', 'B', null, null, null, null, '{}', '[]');
            """);

        await using (var sink = await OpenAsync())
        {
            Assert.Equal(1, (await sink.LoadPositionsAsync([First], Stop))[First]);
            await sink.WriteAsync(Batch(1, 2, Record(1, "new")), Stop);
        }

        Assert.Equal("old\nnew", await QueryAsync("SELECT id FROM enriched ORDER BY kafka_offset"));
        Assert.Equal("3", await QueryAsync("SELECT version FROM streamscoring_schema"));
        Assert.Equal(
            "articles_id\narticles_published\nentities_text\ntopics_label",
            await QueryAsync($"SELECT indexname FROM pg_indexes WHERE schemaname = '{_schema}' AND indexname NOT LIKE '%key' AND indexname NOT LIKE '%pkey' ORDER BY 1"));
    }

    [Fact]
    public async Task Several_processes_may_start_on_a_new_schema_at_once()
    {
        var sinks = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(OpenAsync)));
        foreach (var sink in sinks) await sink.DisposeAsync();

        Assert.Equal("3", await QueryAsync("SELECT version FROM streamscoring_schema"));
    }

    [Fact]
    public async Task A_schema_of_a_later_version_or_of_another_program_is_left_alone()
    {
        await (await OpenAsync()).DisposeAsync();
        await ExecuteAsync("UPDATE streamscoring_schema SET version = 99");
        Assert.Contains("the schema has version 99", (await AssertUnavailableAsync(OpenAsync)).Message, StringComparison.Ordinal);

        await ExecuteAsync($"DROP SCHEMA {_schema} CASCADE; CREATE SCHEMA {_schema}; CREATE TABLE customers (name text)");
        Assert.Contains("holds the tables of another program", (await AssertUnavailableAsync(OpenAsync)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("DROP VIEW enriched; ALTER TABLE topics DROP COLUMN score", "column score of 'topics' is missing")]
    [InlineData("DROP VIEW enriched; ALTER TABLE topics ALTER COLUMN score TYPE text", "column score of 'topics' is text, not real")]
    [InlineData("ALTER TABLE articles ADD COLUMN editor text NOT NULL", "column editor of 'articles' must not be null and has no default")]
    [InlineData("ALTER TABLE summaries RENAME TO abstracts", "table 'summaries' is missing")]
    [InlineData("ALTER TABLE entities DROP CONSTRAINT entities_pkey", "key PRIMARY KEY (partition_key, kafka_offset, \"position\") of 'entities' is missing")]
    public async Task A_table_changed_by_hand_is_reported_with_what_is_different(string change, string complaint)
    {
        await using (var sink = await OpenAsync())
        {
            await sink.WriteAsync(Batch(null, 1, Record(0, "a")), Stop);
            await ExecuteAsync("DELETE FROM articles");
            await ExecuteAsync(change);
            // While it runs: the write fails as a whole, or the change does no harm to it.
            try
            {
                await sink.WriteAsync(Batch(1, 2, Record(1, "b")), Stop);
            }
            catch (SinkUnavailableException failure)
            {
                Assert.Contains("its tables are not as this program made them", failure.Message, StringComparison.Ordinal);
                Assert.Equal("1", await QueryAsync("SELECT next_offset FROM sink_positions"));
            }
        }

        var message = (await AssertUnavailableAsync(OpenAsync)).Message;
        Assert.Contains(complaint, message, StringComparison.Ordinal);
        Assert.Contains("Change them back", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Columns_and_indexes_that_a_person_added_are_no_hindrance()
    {
        await (await OpenAsync()).DisposeAsync();
        await ExecuteAsync("ALTER TABLE articles ADD COLUMN note text; CREATE INDEX mine ON articles (note); DROP INDEX articles_published");

        await using var sink = await OpenAsync();
        await sink.WriteAsync(Batch(null, 1, Record(0, "a")), Stop);

        Assert.Equal("a|", await QueryAsync("SELECT id, note FROM articles"));
    }

    [Fact]
    public async Task A_sink_that_begins_again_under_another_name_replaces_the_rows()
    {
        await using (var sink = await OpenAsync("one"))
        {
            await sink.WriteAsync(Batch(null, 2, Record(0, "a"), Record(1, "b")), Stop);
        }
        var bare = new SinkRecord(First, 1, 0, new Article { Id = "bare", Title = "", Body = "" }, null, null);
        await using (var sink = await OpenAsync("two"))
        {
            await sink.WriteAsync(Batch(null, 2, Record(0, "c"), bare), Stop);
        }

        Assert.Equal("c|World|Ada,London\nbare||", await QueryAsync("SELECT id, topic, entities FROM enriched ORDER BY kafka_offset"));
        Assert.Equal("1|1|2", await QueryAsync("SELECT (SELECT count(*) FROM topics), (SELECT count(*) FROM summaries), (SELECT count(*) FROM entities)"));
    }

    [Fact]
    public async Task An_article_that_no_index_takes_is_kept_as_a_reject_and_its_neighbours_are_stored()
    {
        var odd = Record(1, "odd");
        odd.Article!.Entities![0].Text = string.Concat(Enumerable.Range(0, 3_000).Select(i => (char)('a' + (i * i % 23))));
        await using var sink = await OpenAsync();
        await sink.WriteAsync(Batch(null, 3, Record(0, "a"), odd, Record(2, "b")), Stop);

        Assert.Equal("a\nb", await QueryAsync("SELECT id FROM articles ORDER BY kafka_offset"));
        Assert.Equal(
            "1|Its entity is longer than 2000 bytes, more than an index takes.|odd",
            await QueryAsync("SELECT kafka_offset, reason, convert_from(value, 'UTF8')::jsonb ->> 'id' FROM rejects"));
    }

    [Fact]
    public async Task A_write_waits_for_another_process_on_its_partition_and_is_told_when_that_one_was_first()
    {
        await using var sink = await OpenAsync();
        await sink.WriteAsync(Batch(null, 1, Record(0, "a")), Stop);
        await using var other = await _server.ConnectAsync();
        var transaction = await other.BeginTransactionAsync(Stop);
        await using (var move = new NpgsqlCommand($"UPDATE {_schema}.sink_positions SET next_offset = 2", other)) await move.ExecuteNonQueryAsync(Stop);

        var writing = Task.Run(async () => await sink.WriteAsync(Batch(1, 2, Record(1, "b")), Stop), Stop);
        await WaitUntilAsync(async () => await QueryAsync("SELECT count(*) FROM pg_locks WHERE NOT granted AND pid IN (SELECT pid FROM pg_stat_activity WHERE application_name = 'streamscoring')") != "0");
        Assert.False(writing.IsCompleted);
        await transaction.CommitAsync(Stop);

        await Assert.ThrowsAsync<SinkConflictException>(() => writing);
        Assert.Equal("a", await QueryAsync("SELECT id FROM articles"));
    }

    [Fact]
    public async Task A_refused_user_or_a_missing_server_is_told_without_the_password()
    {
        const string password = "s3cret-pass";
        await ExecuteAsync($"CREATE ROLE nobody_{_schema} LOGIN PASSWORD '{password}'");
        var options = Options with { ConnectionString = _server.ConnectionString.Replace("Username=postgres", $"Username=nobody_{_schema}") + $";Password={password}" };
        var refused = await AssertUnavailableAsync(() => OpenAsync(options: options));
        Assert.Contains("this user may not do what the sink needs", refused.Message, StringComparison.Ordinal);

        var nowhere = new PostgresSinkOptions { ConnectionString = $"Host=127.0.0.1;Port=9;Username=me;Password={password};Database=news" };
        var missing = await AssertUnavailableAsync(() => OpenAsync(options: nowhere));
        Assert.Contains("PostgreSQL 127.0.0.1:9/news.streamscoring: the server cannot be reached", missing.Message, StringComparison.Ordinal);

        Assert.DoesNotContain(password, $"{refused}{missing}{options}{nowhere}{nowhere.Target}{nowhere.ToPlan()}", StringComparison.Ordinal);
    }

    private Task<PostgresSink> OpenAsync() => OpenAsync("postgresql");

    private async Task<PostgresSink> OpenAsync(string name = "postgresql", PostgresSinkOptions? options = null)
    {
        var sink = new PostgresSink(options ?? Options, new SinkContext(name, "cluster", NullLogger.Instance, TimeProvider.System));
        try
        {
            await sink.OpenAsync(Stop);
            return sink;
        }
        catch
        {
            await sink.DisposeAsync();
            throw;
        }
    }

    private static Task<SinkUnavailableException> AssertUnavailableAsync(Func<Task> open) => Assert.ThrowsAsync<SinkUnavailableException>(open);

    private Task ExecuteAsync(string sql) => _server.ExecuteAsync($"SET search_path = {_schema}; {sql}");

    private Task<string> QueryAsync(string sql) => _server.QueryAsync($"SET search_path = {_schema}; {sql}");

    private static async Task WaitUntilAsync(Func<Task<bool>> holds)
    {
        var startedAt = TimeProvider.System.GetTimestamp();
        while (!await holds())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(startedAt) < TimeSpan.FromSeconds(15), "It did not come true.");
            await Task.Delay(20, Stop);
        }
    }

    private static SinkBatch Batch(long? from, long to, params IReadOnlyList<SinkRecord> records) => new(records, [new SinkAdvance(First, from, to)]);

    private static SinkRecord Record(long offset, string id) => new(First, offset, 1_700_000_000_000, SinkArticles.Enriched(id), null, null);
}
