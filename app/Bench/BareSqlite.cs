using System.Globalization;
using Microsoft.Data.Sqlite;
using StreamScoring.App.Sinks;
using StreamScoring.Topology.Sinks;

namespace StreamScoring.App.Bench;

/// <summary>The rival of the SQLite sink: prepared statements in a loop, keys counted by itself, no positions, no checks.</summary>
internal sealed class BareSqlite : IBareWriter
{
    private readonly SqliteConnection _connection;
    private readonly SqliteCommand _article, _topic, _entity, _summary;
    private long _key;

    /// <summary>Opens a file whose tables are there and empty.</summary>
    internal BareSqlite(string path)
    {
        _connection = new SqliteConnection($"Data Source={path};Pooling=False");
        _connection.Open();
        Execute("PRAGMA journal_mode = WAL");
        Execute("PRAGMA synchronous = FULL");
        Execute("INSERT INTO sources (source) VALUES ('bare') ON CONFLICT DO NOTHING");
        _article = Prepare("INSERT INTO articles VALUES ($0, 1, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)", 14);
        _topic = Prepare("INSERT INTO topics VALUES ($0, $1, $2, $3)", 4);
        _entity = Prepare("INSERT INTO entities VALUES ($0, $1, $2, $3, $4, $5, $6, $7)", 8);
        _summary = Prepare("INSERT INTO summaries VALUES ($0, $1, $2)", 3);
    }

    public Task WriteAsync(IReadOnlyList<SinkRecord> batch, CancellationToken cancellationToken)
    {
        using var transaction = _connection.BeginTransaction(deferred: false);
        foreach (var command in new[] { _article, _topic, _entity, _summary }) command.Transaction = transaction;
        foreach (var record in batch)
        {
            var article = record.Article!;
            var key = ++_key;
            Run(_article, key, record.Partition.Topic, (long)record.Partition.Partition, record.Offset, Time(record.Timestamp), article.Id, article.Title,
                article.Body, article.Source, article.Url, article.Language, Time(article.PublishedAt!.Value), SinkJson.Attributes(article), SinkJson.Provenance(article));
            Run(_topic, key, article.Topic!.Label, (double)article.Topic.Score, SinkJson.Scores(article.Topic));
            Run(_summary, key, article.Summary!.Text, SinkJson.Sentences(article.Summary));
            for (var i = 0; i < article.Entities!.Count; i++)
            {
                var entity = article.Entities[i];
                Run(_entity, key, (long)i, entity.Type, entity.Text, SinkJson.NameOf(entity.Field), (long)entity.Start, (long)entity.End, (double)entity.Score);
            }
        }
        transaction.Commit();
        return Task.CompletedTask;
    }

    public ValueTask DisposeAsync()
    {
        foreach (var command in new[] { _article, _topic, _entity, _summary }) command.Dispose();
        _connection.Dispose();
        return ValueTask.CompletedTask;
    }

    private static string Time(DateTimeOffset time) => time.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    private void Execute(string sql)
    {
        using var command = new SqliteCommand(sql, _connection);
        command.ExecuteNonQuery();
    }

    private SqliteCommand Prepare(string sql, int parameters)
    {
        var command = new SqliteCommand(sql, _connection);
        for (var i = 0; i < parameters; i++) command.Parameters.Add(new SqliteParameter { ParameterName = string.Create(CultureInfo.InvariantCulture, $"${i}") });
        command.Prepare();
        return command;
    }

    private static void Run(SqliteCommand command, params ReadOnlySpan<object?> values)
    {
        for (var i = 0; i < values.Length; i++) command.Parameters[i].Value = values[i] ?? DBNull.Value;
        command.ExecuteNonQuery();
    }
}
