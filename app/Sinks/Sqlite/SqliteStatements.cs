using System.Globalization;
using Microsoft.Data.Sqlite;
using StreamScoring.Schemas;
using StreamScoring.Topology.Sinks;

namespace StreamScoring.App.Sinks.Sqlite;

/// <summary>Every statement of <see cref="SqliteSink"/>, prepared once for a connection.</summary>
internal sealed class SqliteStatements : IDisposable
{
    private readonly SqliteConnection _connection;
    private readonly List<SqliteCommand> _all = [];
    private readonly SqliteCommand _firstPosition, _nextPosition, _article, _topic, _entity, _summary, _reject, _forget, _readPosition;

    internal SqliteStatements(SqliteConnection connection)
    {
        _connection = connection;
        _readPosition = Prepare(
            "SELECT next_offset FROM sink_positions WHERE sink = $0 AND source_key = $1 AND kafka_topic = $2 AND kafka_partition = $3", 4);
        _firstPosition = Prepare(
            "INSERT INTO sink_positions (sink, source_key, kafka_topic, kafka_partition, next_offset) VALUES ($0, $1, $2, $3, $4) ON CONFLICT DO NOTHING", 5);
        _nextPosition = Prepare(
            "UPDATE sink_positions SET next_offset = $4 WHERE sink = $0 AND source_key = $1 AND kafka_topic = $2 AND kafka_partition = $3 AND next_offset = $5", 6);
        // Replace: a sink that begins again, under another name, writes the records that an earlier one has written.
        _article = Prepare(
            """
            INSERT OR REPLACE INTO articles (source_key, kafka_topic, kafka_partition, kafka_offset, kafka_time, id, title, body, source,
                url, language, published_at, attributes, provenance)
            VALUES ($0, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) RETURNING article_key
            """, 14);
        _topic = Prepare("INSERT INTO topics (article_key, label, score, scores) VALUES ($0, $1, $2, $3)", 4);
        _entity = Prepare("INSERT INTO entities (article_key, position, type, text, field, start, stop, score) VALUES ($0, $1, $2, $3, $4, $5, $6, $7)", 8);
        _summary = Prepare("INSERT INTO summaries (article_key, text, sentences) VALUES ($0, $1, $2)", 3);
        _reject = Prepare(
            "INSERT OR REPLACE INTO rejects (source_key, kafka_topic, kafka_partition, kafka_offset, kafka_time, reason, value) VALUES ($0, $1, $2, $3, $4, $5, $6)", 7);
        // AUTOINCREMENT never reuses a key, so distance from the highest one counts articles.
        _forget = Prepare("DELETE FROM articles WHERE article_key <= (SELECT max(article_key) FROM articles) - $0", 1);
    }

    /// <summary>Key of a source, made where it is new.</summary>
    internal long SourceKey(string source)
    {
        using var insert = Prepare("INSERT INTO sources (source) VALUES ($0) ON CONFLICT DO NOTHING", 1);
        Bind(insert, source).ExecuteNonQuery();
        using var select = Prepare("SELECT source_key FROM sources WHERE source = $0", 1);
        return (long)Bind(select, source).ExecuteScalar()!;
    }

    internal long? Position(string sink, long sourceKey, SinkPartition partition) =>
        (long?)Bind(_readPosition, sink, sourceKey, partition.Topic, (long)partition.Partition).ExecuteScalar();

    /// <summary>Says which transaction the statements belong to from here on; null: none.</summary>
    internal void Join(SqliteTransaction? transaction)
    {
        foreach (var command in _all) command.Transaction = transaction;
    }

    /// <summary>Moves a position on; false where it is not where the batch begins.</summary>
    internal bool Advance(string sink, long sourceKey, SinkAdvance advance)
    {
        var (topic, partition) = (advance.Partition.Topic, (long)advance.Partition.Partition);
        return advance.From is { } from
            ? Bind(_nextPosition, sink, sourceKey, topic, partition, advance.To, from).ExecuteNonQuery() == 1
            : Bind(_firstPosition, sink, sourceKey, topic, partition, advance.To).ExecuteNonQuery() == 1;
    }

    internal void Insert(long sourceKey, SinkRecord record, Article article)
    {
        var key = (long)Bind(_article, sourceKey, record.Partition.Topic, (long)record.Partition.Partition, record.Offset,
            Time(record.Timestamp), article.Id, article.Title, article.Body,
            article.Source, article.Url, article.Language, article.PublishedAt is { } published ? Time(published) : null,
            SinkJson.Attributes(article), SinkJson.Provenance(article)).ExecuteScalar()!;
        if (article.Topic is { } topic) Bind(_topic, key, topic.Label, Finite(topic.Score), SinkJson.Scores(topic)).ExecuteNonQuery();
        if (article.Summary is { } summary) Bind(_summary, key, summary.Text, SinkJson.Sentences(summary)).ExecuteNonQuery();
        if (article.Entities is not { } entities) return;
        for (var i = 0; i < entities.Count; i++)
        {
            var entity = entities[i];
            Bind(_entity, key, (long)i, entity.Type, entity.Text, SinkJson.NameOf(entity.Field), (long)entity.Start,
                (long)entity.End, Finite(entity.Score)).ExecuteNonQuery();
        }
    }

    /// <summary>Keeps a record that is no article, with the reason: nothing is dropped silently.</summary>
    internal void Reject(long sourceKey, SinkRecord record) =>
        Bind(_reject, sourceKey, record.Partition.Topic, (long)record.Partition.Partition, record.Offset,
            Time(record.Timestamp), record.Error ?? "no article", record.Value).ExecuteNonQuery();

    /// <summary>Deletes all but the newest articles.</summary>
    internal void Forget(long keep) => Bind(_forget, keep).ExecuteNonQuery();

    public void Dispose()
    {
        foreach (var command in _all) command.Dispose();
    }

    /// <summary>SQLite knows no NaN and no infinity.</summary>
    private static object Finite(float score) => float.IsFinite(score) ? (double)score : DBNull.Value;

    private static string Time(DateTimeOffset time) =>
        time.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    private SqliteCommand Prepare(string sql, int parameters)
    {
        var command = _connection.CreateCommand();
        command.CommandText = sql;
        for (var i = 0; i < parameters; i++)
        {
            command.Parameters.Add(new SqliteParameter { ParameterName = string.Create(CultureInfo.InvariantCulture, $"${i}") });
        }
        _all.Add(command);
        return command;
    }

    private static SqliteCommand Bind(SqliteCommand command, params ReadOnlySpan<object?> values)
    {
        for (var i = 0; i < values.Length; i++) command.Parameters[i].Value = values[i] ?? DBNull.Value;
        return command;
    }
}
