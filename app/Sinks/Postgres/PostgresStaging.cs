using Npgsql;
using NpgsqlTypes;
using StreamScoring.Schemas;
using StreamScoring.Topology.Sinks;

namespace StreamScoring.App.Sinks.Postgres;

/// <summary>
/// The way of a batch's rows: binary COPY into temporary tables, which cost no log and no index, then one statement that
/// moves them to where they belong. Where an earlier sink has written the same offsets, it replaces those rows.
/// </summary>
internal sealed class PostgresStaging : IAsyncDisposable
{
    private const string Tables =
        """
        CREATE TEMPORARY TABLE staged_articles (
            partition_key integer, kafka_offset bigint, kafka_time timestamptz, id text, title text, body text, source text, url text,
            language text, published_at timestamptz, attributes jsonb, provenance jsonb,
            topic_label text, topic_score real, topic_scores jsonb, summary_text text, summary_sentences jsonb, entity_count integer
        ) ON COMMIT DELETE ROWS;
        CREATE TEMPORARY TABLE staged_entities (
            partition_key integer, kafka_offset bigint, position integer, type text, text text, field text, start integer, stop integer, score real
        ) ON COMMIT DELETE ROWS;
        """;

    /// <summary>True where a row of the batch, or one behind it, is there already.</summary>
    private const string Look =
        """
        SELECT EXISTS (
            SELECT FROM (SELECT partition_key, min(kafka_offset) AS first FROM staged_articles GROUP BY partition_key) s
            WHERE EXISTS (SELECT FROM articles a WHERE a.partition_key = s.partition_key AND a.kafka_offset >= s.first))
        """;

    /// <summary>What replaced articles had and their successors have not.</summary>
    private const string Tidy =
        """
        DELETE FROM entities e USING staged_articles s
        WHERE e.partition_key = s.partition_key AND e.kafka_offset = s.kafka_offset AND e.position >= s.entity_count;
        DELETE FROM topics t USING staged_articles s
        WHERE t.partition_key = s.partition_key AND t.kafka_offset = s.kafka_offset AND s.topic_label IS NULL;
        DELETE FROM summaries u USING staged_articles s
        WHERE u.partition_key = s.partition_key AND u.kafka_offset = s.kafka_offset AND s.summary_text IS NULL;
        """;

    private readonly NpgsqlConnection _connection;
    private readonly NpgsqlCommand _look, _insert, _merge, _tidy;

    private PostgresStaging(NpgsqlConnection connection)
    {
        _connection = connection;
        _look = new NpgsqlCommand(Look, connection);
        _insert = new NpgsqlCommand(Move(replaces: false), connection);
        _merge = new NpgsqlCommand(Move(replaces: true), connection);
        _tidy = new NpgsqlCommand(Tidy, connection);
    }

    /// <summary>Makes the temporary tables; they live as long as the connection.</summary>
    internal static async Task<PostgresStaging> CreateAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using (var create = new NpgsqlCommand(Tables, connection)) await create.ExecuteNonQueryAsync(cancellationToken);
        var staging = new PostgresStaging(connection);
        await staging._look.PrepareAsync(cancellationToken);
        await staging._insert.PrepareAsync(cancellationToken);
        return staging;
    }

    /// <summary>Writes articles, within the caller's transaction.</summary>
    internal async Task WriteAsync(IReadOnlyList<(int PartitionKey, SinkRecord Record)> articles, CancellationToken cancellationToken)
    {
        if (articles.Count == 0) return;
        await CopyArticlesAsync(articles, cancellationToken);
        await CopyEntitiesAsync(articles, cancellationToken);
        if ((bool)(await _look.ExecuteScalarAsync(cancellationToken))!)
        {
            await _merge.ExecuteNonQueryAsync(cancellationToken);
            await _tidy.ExecuteNonQueryAsync(cancellationToken);
        }
        else
        {
            // Cheaper by the log records of each row. Should another sink write the same offsets at this moment, this one
            // fails, and replaces when it tries again.
            await _insert.ExecuteNonQueryAsync(cancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var command in new[] { _look, _insert, _merge, _tidy }) await command.DisposeAsync();
    }

    /// <summary>One statement that moves the staged rows to where they belong.</summary>
    private static string Move(bool replaces)
    {
        return $"""
            WITH moved_articles AS (
                INSERT INTO articles (partition_key, kafka_offset, kafka_time, id, title, body, source, url, language, published_at, attributes, provenance)
                SELECT partition_key, kafka_offset, kafka_time, id, title, body, source, url, language, published_at, attributes, provenance
                FROM staged_articles
                {Replacing("", "kafka_time", "id", "title", "body", "source", "url", "language", "published_at", "attributes", "provenance")}),
            moved_topics AS (
                INSERT INTO topics (partition_key, kafka_offset, label, score, scores)
                SELECT partition_key, kafka_offset, topic_label, topic_score, topic_scores FROM staged_articles WHERE topic_label IS NOT NULL
                {Replacing("", "label", "score", "scores")}),
            moved_summaries AS (
                INSERT INTO summaries (partition_key, kafka_offset, text, sentences)
                SELECT partition_key, kafka_offset, summary_text, summary_sentences FROM staged_articles WHERE summary_text IS NOT NULL
                {Replacing("", "text", "sentences")})
            INSERT INTO entities (partition_key, kafka_offset, position, type, text, field, start, stop, score)
            SELECT partition_key, kafka_offset, position, type, text, field, start, stop, score FROM staged_entities
            {Replacing(", position", "type", "text", "field", "start", "stop", "score")}
            """;

        string Replacing(string furtherKey, params string[] columns) => replaces
            ? $"ON CONFLICT (partition_key, kafka_offset{furtherKey}) DO UPDATE SET {string.Join(", ", columns.Select(column => $"{column} = EXCLUDED.{column}"))}"
            : "";
    }

    // Rows are written without a task for each value; the network is waited for at most as long as a command may take.
    private async Task CopyArticlesAsync(IReadOnlyList<(int PartitionKey, SinkRecord Record)> articles, CancellationToken cancellationToken)
    {
        await using var copy = await _connection.BeginBinaryImportAsync(
            "COPY staged_articles FROM STDIN (FORMAT BINARY)", cancellationToken);
        foreach (var (partitionKey, record) in articles)
        {
            var article = record.Article!;
            copy.StartRow();
            copy.Write(partitionKey, NpgsqlDbType.Integer);
            copy.Write(record.Offset, NpgsqlDbType.Bigint);
            copy.Write(record.Timestamp.UtcDateTime, NpgsqlDbType.TimestampTz);
            WriteText(copy, article.Id);
            WriteText(copy, article.Title);
            WriteText(copy, article.Body);
            WriteText(copy, article.Source);
            WriteText(copy, article.Url);
            WriteText(copy, article.Language);
            if (article.PublishedAt is { } published) copy.Write(published.UtcDateTime, NpgsqlDbType.TimestampTz);
            else copy.WriteNull();
            copy.Write(SinkJson.Attributes(article), NpgsqlDbType.Jsonb);
            copy.Write(SinkJson.Provenance(article), NpgsqlDbType.Jsonb);
            if (article.Topic is { } topic)
            {
                WriteText(copy, topic.Label);
                WriteScore(copy, topic.Score);
                copy.Write(SinkJson.Scores(topic), NpgsqlDbType.Jsonb);
            }
            else
            {
                WriteNulls(copy, 3);
            }
            if (article.Summary is { } summary)
            {
                WriteText(copy, summary.Text);
                copy.Write(SinkJson.Sentences(summary), NpgsqlDbType.Jsonb);
            }
            else
            {
                WriteNulls(copy, 2);
            }
            copy.Write(article.Entities?.Count ?? 0, NpgsqlDbType.Integer);
        }
        await copy.CompleteAsync(cancellationToken);
    }

    private async Task CopyEntitiesAsync(IReadOnlyList<(int PartitionKey, SinkRecord Record)> articles, CancellationToken cancellationToken)
    {
        await using var copy = await _connection.BeginBinaryImportAsync(
            "COPY staged_entities FROM STDIN (FORMAT BINARY)", cancellationToken);
        foreach (var (partitionKey, record) in articles)
        {
            if (record.Article!.Entities is not { } entities) continue;
            for (var i = 0; i < entities.Count; i++)
            {
                var entity = entities[i];
                copy.StartRow();
                copy.Write(partitionKey, NpgsqlDbType.Integer);
                copy.Write(record.Offset, NpgsqlDbType.Bigint);
                copy.Write(i, NpgsqlDbType.Integer);
                WriteText(copy, entity.Type);
                WriteText(copy, entity.Text);
                copy.Write(SinkJson.NameOf(entity.Field), NpgsqlDbType.Text);
                copy.Write(entity.Start, NpgsqlDbType.Integer);
                copy.Write(entity.End, NpgsqlDbType.Integer);
                WriteScore(copy, entity.Score);
            }
        }
        await copy.CompleteAsync(cancellationToken);
    }

    private static void WriteText(NpgsqlBinaryImporter copy, string? text)
    {
        if (text is null) copy.WriteNull();
        else copy.Write(PostgresText.Clean(text), NpgsqlDbType.Text);
    }

    private static void WriteScore(NpgsqlBinaryImporter copy, float score)
    {
        if (float.IsFinite(score)) copy.Write(score, NpgsqlDbType.Real);
        else copy.WriteNull();
    }

    private static void WriteNulls(NpgsqlBinaryImporter copy, int count)
    {
        for (var i = 0; i < count; i++) copy.WriteNull();
    }
}
