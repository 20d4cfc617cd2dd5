using System.Globalization;
using Microsoft.Data.Sqlite;
using StreamScoring.Topology.Sinks;

namespace StreamScoring.App.Sinks.Sqlite;

/// <summary>
/// Stores articles, topics, entities and summaries in a SQLite file (WAL mode), each (topic, partition, offset) once:
/// positions are compared and moved in the transaction that writes the rows. Several processes may share a file.
/// </summary>
public sealed class SqliteSink : ISink
{
    /// <summary>Name of the kind.</summary>
    public const string Kind = "sqlite";

    private readonly SqliteSinkOptions _options;
    private readonly SinkContext _context;
    private SqliteConnection? _connection;
    private SqliteStatements? _statements;
    private long _sourceKey;

    /// <summary>A sink that is not open yet.</summary>
    public SqliteSink(SqliteSinkOptions options, SinkContext context)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(context);
        (_options, _context) = (options, context);
    }

    /// <inheritdoc/>
    public ValueTask OpenAsync(CancellationToken cancellationToken)
    {
        Guarded(() =>
        {
            _connection = new SqliteConnection(new SqliteConnectionStringBuilder
            {
                DataSource = _options.Path,
                Mode = SqliteOpenMode.ReadWriteCreate,
                // A pooled connection would keep the file open after Dispose.
                Pooling = false,
                ForeignKeys = true,
                DefaultTimeout = Math.Max(1, _options.BusyTimeoutMs / 1000),
            }.ToString());
            _connection.Open();
            Execute(string.Create(CultureInfo.InvariantCulture, $"PRAGMA busy_timeout = {_options.BusyTimeoutMs}"));
            Execute("PRAGMA journal_mode = WAL");
            // FULL: a commit survives a power cut, so a stored position never runs ahead of the rows on disk.
            Execute("PRAGMA synchronous = FULL");
            SqliteSchema.Migrate(_connection, _options.Path);
            _statements = new SqliteStatements(_connection);
            _sourceKey = _statements.SourceKey(_context.Source);
        });
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyDictionary<SinkPartition, long>> LoadPositionsAsync(
        IReadOnlyCollection<SinkPartition> partitions, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(partitions);
        var positions = new Dictionary<SinkPartition, long>();
        Guarded(() =>
        {
            foreach (var partition in partitions)
            {
                if (Statements.Position(_context.Name, _sourceKey, partition) is { } next) positions[partition] = next;
            }
        });
        return ValueTask.FromResult<IReadOnlyDictionary<SinkPartition, long>>(positions);
    }

    /// <inheritdoc/>
    public ValueTask WriteAsync(SinkBatch batch, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(batch);
        cancellationToken.ThrowIfCancellationRequested();
        Guarded(() =>
        {
            // Immediate: takes the write lock first, so that comparing and moving positions is one step.
            using var transaction = Connection.BeginTransaction(deferred: false);
            Statements.Join(transaction);
            try
            {
                Write(batch, Statements);
                transaction.Commit();
            }
            finally
            {
                Statements.Join(null);
            }
        });
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _statements?.Dispose();
        _connection?.Dispose();
        _statements = null;
        _connection = null;
        return ValueTask.CompletedTask;
    }

    private SqliteConnection Connection => _connection ?? throw new InvalidOperationException("The sink is not open.");

    private SqliteStatements Statements => _statements ?? throw new InvalidOperationException("The sink is not open.");

    private void Write(SinkBatch batch, SqliteStatements statements)
    {
        foreach (var advance in batch.Advances)
        {
            if (!statements.Advance(_context.Name, _sourceKey, advance)) throw new SinkConflictException(advance.Partition, advance.From);
        }
        foreach (var record in batch.Records)
        {
            if (record.Article is { } article) statements.Insert(_sourceKey, record, article);
            else statements.Reject(_sourceKey, record);
        }
        if (_options.KeepArticles > 0) statements.Forget(_options.KeepArticles);
    }

    private void Execute(string sql)
    {
        using var command = Connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    private void Guarded(Action work)
    {
        try
        {
            work();
        }
        catch (SqliteException exception)
        {
            throw new SinkUnavailableException(Explain(exception), exception);
        }
    }

    private string Explain(SqliteException exception)
    {
        const int error = 1, busy = 5, locked = 6, readOnly = 8, input = 10, corrupt = 11, full = 13, cannotOpen = 14, notADatabase = 26;
        var reason = exception.SqliteErrorCode switch
        {
            busy or locked => "another process holds its write lock",
            readOnly => "it, or its folder, is read-only: the sink needs to write beside it too (-wal, -shm)",
            input => "the disk reports an input/output error",
            corrupt => "it is damaged: restore it, or move it away and let the sink begin a new one",
            full => "the disk is full",
            cannotOpen => "it cannot be opened: its folder is missing, read-only, or closed to this user",
            notADatabase => "it is no SQLite database: name another file in the sink's Path",
            error => $"its tables are not as this program made them ({exception.Message})",
            _ => exception.Message,
        };
        return $"SQLite file '{_options.Path}': {reason}.";
    }
}
