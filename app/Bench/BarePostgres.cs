using Npgsql;
using NpgsqlTypes;
using StreamScoring.App.Sinks;
using StreamScoring.App.Sinks.Postgres;
using StreamScoring.Schemas;
using StreamScoring.Topology.Sinks;

namespace StreamScoring.App.Bench;

/// <summary>
/// The rival of the PostgreSQL sink: binary COPY straight into its four tables, one transaction for each batch, no positions,
/// no staging, no repeats allowed.
/// </summary>
internal sealed class BarePostgres : IBareWriter
{
    private readonly NpgsqlConnection _connection;
    private readonly int _key;

    private BarePostgres(NpgsqlConnection connection, int key) => (_connection, _key) = (connection, key);

    /// <summary>Drops the schema.</summary>
    internal static async Task DropAsync(PostgresSinkOptions options, CancellationToken cancellationToken)
    {
        await using var connection = await ConnectAsync(options, cancellationToken);
        await using var command = new NpgsqlCommand($"SET client_min_messages = warning; DROP SCHEMA IF EXISTS {options.Schema} CASCADE", connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Opens a schema whose tables are there and empty.</summary>
    internal static async Task<BarePostgres> OpenAsync(PostgresSinkOptions options, CancellationToken cancellationToken)
    {
        var connection = await ConnectAsync(options, cancellationToken);
        await using var partition = new NpgsqlCommand(
            """
            WITH made AS (INSERT INTO sources (source) VALUES ('bare') RETURNING source_key)
            INSERT INTO partitions (source_key, kafka_topic, kafka_partition) SELECT source_key, 'bare', 0 FROM made RETURNING partition_key
            """, connection);
        return new BarePostgres(connection, (int)(await partition.ExecuteScalarAsync(cancellationToken))!);
    }

    public async Task WriteAsync(IReadOnlyList<SinkRecord> batch, CancellationToken cancellationToken)
    {
        await using var transaction = await _connection.BeginTransactionAsync(cancellationToken);
        await CopyAsync("articles", batch, static (copy, record, article) =>
        {
            copy.Write(record.Timestamp.UtcDateTime, NpgsqlDbType.TimestampTz);
            copy.Write(article.Id, NpgsqlDbType.Text);
            copy.Write(article.Title, NpgsqlDbType.Text);
            copy.Write(article.Body, NpgsqlDbType.Text);
            copy.Write(article.Source!, NpgsqlDbType.Text);
            copy.WriteNull();
            copy.Write(article.Language!, NpgsqlDbType.Text);
            copy.Write(article.PublishedAt!.Value.UtcDateTime, NpgsqlDbType.TimestampTz);
            copy.Write(SinkJson.Attributes(article), NpgsqlDbType.Jsonb);
            copy.Write(SinkJson.Provenance(article), NpgsqlDbType.Jsonb);
        }, cancellationToken);
        await CopyAsync("topics", batch, static (copy, _, article) =>
        {
            copy.Write(article.Topic!.Label, NpgsqlDbType.Text);
            copy.Write(article.Topic.Score, NpgsqlDbType.Real);
            copy.Write(SinkJson.Scores(article.Topic), NpgsqlDbType.Jsonb);
        }, cancellationToken);
        await CopyAsync("summaries", batch, static (copy, _, article) =>
        {
            copy.Write(article.Summary!.Text, NpgsqlDbType.Text);
            copy.Write(SinkJson.Sentences(article.Summary), NpgsqlDbType.Jsonb);
        }, cancellationToken);
        await CopyEntitiesAsync(batch, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    public ValueTask DisposeAsync() => _connection.DisposeAsync();

    private async Task CopyAsync(
        string table, IReadOnlyList<SinkRecord> batch, Action<NpgsqlBinaryImporter, SinkRecord, Article> columns,
        CancellationToken cancellationToken)
    {
        await using var copy = await _connection.BeginBinaryImportAsync($"COPY {table} FROM STDIN (FORMAT BINARY)", cancellationToken);
        foreach (var record in batch)
        {
            copy.StartRow();
            copy.Write(_key, NpgsqlDbType.Integer);
            copy.Write(record.Offset, NpgsqlDbType.Bigint);
            columns(copy, record, record.Article!);
        }
        await copy.CompleteAsync(cancellationToken);
    }

    private async Task CopyEntitiesAsync(IReadOnlyList<SinkRecord> batch, CancellationToken cancellationToken)
    {
        await using var copy = await _connection.BeginBinaryImportAsync("COPY entities FROM STDIN (FORMAT BINARY)", cancellationToken);
        foreach (var record in batch)
        {
            for (var i = 0; i < record.Article!.Entities!.Count; i++)
            {
                var entity = record.Article.Entities[i];
                copy.StartRow();
                copy.Write(_key, NpgsqlDbType.Integer);
                copy.Write(record.Offset, NpgsqlDbType.Bigint);
                copy.Write(i, NpgsqlDbType.Integer);
                copy.Write(entity.Type, NpgsqlDbType.Text);
                copy.Write(entity.Text, NpgsqlDbType.Text);
                copy.Write(SinkJson.NameOf(entity.Field), NpgsqlDbType.Text);
                copy.Write(entity.Start, NpgsqlDbType.Integer);
                copy.Write(entity.End, NpgsqlDbType.Integer);
                copy.Write(entity.Score, NpgsqlDbType.Real);
            }
        }
        await copy.CompleteAsync(cancellationToken);
    }

    private static async Task<NpgsqlConnection> ConnectAsync(PostgresSinkOptions options, CancellationToken cancellationToken)
    {
        var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(options.ConnectionString) { Pooling = false, SearchPath = options.Schema }.ConnectionString);
        await connection.OpenAsync(cancellationToken);
        return connection;
    }
}
