using Npgsql;
using NpgsqlTypes;
using StreamScoring.Schemas;
using StreamScoring.Topology.Sinks;

namespace StreamScoring.App.Sinks.Postgres;

/// <summary>
/// Stores articles, topics, entities and summaries in PostgreSQL (12 or later), each (topic, partition, offset) once:
/// positions are compared and moved in the transaction that writes the rows. Several processes may share a schema.
/// </summary>
public sealed class PostgresSink : ISink
{
    /// <summary>Name of the kind.</summary>
    public const string Kind = "postgresql";

    // A process that was stopped inside a transaction must not hold its rows for ever, and one that waits for them must be
    // told: it gives up before the command does.
    private const string SessionSettings = "SET idle_in_transaction_session_timeout = '60s'; SET lock_timeout = '20s'";

    private readonly PostgresSinkOptions _options;
    private readonly SinkContext _context;
    private NpgsqlConnection? _connection;
    private PostgresPositions? _positions;
    private PostgresStaging? _staging;

    /// <summary>A sink that is not open yet.</summary>
    public PostgresSink(PostgresSinkOptions options, SinkContext context)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(context);
        (_options, _context) = (options, context);
    }

    /// <inheritdoc/>
    public async ValueTask OpenAsync(CancellationToken cancellationToken)
    {
        try
        {
            var settings = new NpgsqlConnectionStringBuilder(_options.ConnectionString)
            {
                // One connection with temporary tables of its own; a pooled one would outlive the sink.
                Pooling = false,
                Enlist = false,
                SearchPath = _options.Schema,
                CommandTimeout = _options.CommandTimeoutSeconds,
            };
            settings.ApplicationName ??= "streamscoring";
            _connection = new NpgsqlConnection(settings.ConnectionString);
            await _connection.OpenAsync(cancellationToken);
            await using (var set = new NpgsqlCommand(SessionSettings, _connection)) await set.ExecuteNonQueryAsync(cancellationToken);
            await PostgresSchema.MigrateAsync(_connection, _options, cancellationToken);
            _staging = await PostgresStaging.CreateAsync(_connection, cancellationToken);
            _positions = new PostgresPositions(_connection, _context.Name, _context.Source);
            await _positions.OpenAsync(cancellationToken);
        }
        catch (Exception exception) when (IsOfTheDatabase(exception))
        {
            throw PostgresErrors.Explain(exception, _options);
        }
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyDictionary<SinkPartition, long>> LoadPositionsAsync(
        IReadOnlyCollection<SinkPartition> partitions, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(partitions);
        var (_, positions, _) = Opened();
        try
        {
            return await positions.LoadAsync(partitions, cancellationToken);
        }
        catch (Exception exception) when (IsOfTheDatabase(exception))
        {
            throw PostgresErrors.Explain(exception, _options);
        }
    }

    /// <inheritdoc/>
    public async ValueTask WriteAsync(SinkBatch batch, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(batch);
        cancellationToken.ThrowIfCancellationRequested();
        var (connection, positions, staging) = Opened();
        try
        {
            // Outside the transaction: keys that are made stay made, whoever wins the partition.
            await positions.EnsureKeysAsync(batch.Advances, cancellationToken);

            await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
            await positions.AdvanceAsync(batch.Advances, cancellationToken);
            var (articles, rejects) = Divide(batch.Records, positions);
            await staging.WriteAsync(articles, cancellationToken);
            await RejectAsync(connection, rejects, cancellationToken);
            // Not cancelled: whether it took effect would be unknown.
            await transaction.CommitAsync(CancellationToken.None);
        }
        catch (Exception exception) when (IsOfTheDatabase(exception))
        {
            throw PostgresErrors.Explain(exception, _options);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        var (staging, connection) = (_staging, _connection);
        (_staging, _positions, _connection) = (null, null, null);
        if (staging is not null) await staging.DisposeAsync();
        if (connection is not null) await connection.DisposeAsync();
    }

    private (NpgsqlConnection Connection, PostgresPositions Positions, PostgresStaging Staging) Opened() =>
        (_connection, _positions, _staging) is ({ } connection, { } positions, { } staging)
            ? (connection, positions, staging)
            : throw new InvalidOperationException("The sink is not open.");

    private static (List<(int, SinkRecord)> Articles, List<(int Key, SinkRecord Record, string Reason)> Rejects) Divide(
        IReadOnlyList<SinkRecord> records, PostgresPositions positions)
    {
        var articles = new List<(int, SinkRecord)>(records.Count);
        var rejects = new List<(int, SinkRecord, string)>();
        foreach (var record in records)
        {
            var key = positions.KeyOf(record.Partition);
            if (record.Article is not { } article) rejects.Add((key, record, record.Error ?? "no article"));
            else if (PostgresText.Complaint(article) is { } complaint) rejects.Add((key, record, complaint));
            else articles.Add((key, record));
        }
        return (articles, rejects);
    }

    /// <summary>Keeps records that are no articles, with the reason: nothing is dropped silently.</summary>
    private static async Task RejectAsync(
        NpgsqlConnection connection, List<(int Key, SinkRecord Record, string Reason)> rejects, CancellationToken cancellationToken)
    {
        if (rejects.Count == 0) return;
        await using var batch = new NpgsqlBatch(connection);
        foreach (var (key, record, reason) in rejects)
        {
            var value = record.Value ?? (record.Article is { } article ? ArticleJson.Write(article) : null);
            batch.BatchCommands.Add(new NpgsqlBatchCommand(
                """
                INSERT INTO rejects (partition_key, kafka_offset, kafka_time, reason, value) VALUES ($1, $2, $3, $4, $5)
                ON CONFLICT (partition_key, kafka_offset) DO UPDATE SET kafka_time = EXCLUDED.kafka_time, reason = EXCLUDED.reason, value = EXCLUDED.value
                """)
            {
                Parameters =
                {
                    new() { Value = key },
                    new() { Value = record.Offset },
                    new() { Value = record.Timestamp.UtcDateTime, NpgsqlDbType = NpgsqlDbType.TimestampTz },
                    new() { Value = PostgresText.Clean(reason) },
                    new() { Value = (object?)value ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Bytea },
                },
            });
        }
        await batch.ExecuteNonQueryAsync(cancellationToken);
    }

    // An operation on a connection that broke a moment ago is told as an InvalidOperationException.
    private bool IsOfTheDatabase(Exception exception) =>
        exception is NpgsqlException or TimeoutException or IOException
        || (exception is InvalidOperationException && _connection is { State: not System.Data.ConnectionState.Open });
}
