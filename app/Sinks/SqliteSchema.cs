using System.Globalization;
using Microsoft.Data.Sqlite;

namespace StreamScoring.App.Sinks;

/// <summary>The tables, and the steps from each version of them to the next.</summary>
internal static class SqliteSchema
{
    /// <summary>"SScr" in the file's header marks a database as ours.</summary>
    internal const int ApplicationId = 0x53536372;

    /// <summary>Step i brings version i to version i + 1. Steps that were released never change.</summary>
    private static readonly string[] Steps =
    [
        """
        CREATE TABLE sources (
            source_key INTEGER PRIMARY KEY,
            source     TEXT NOT NULL UNIQUE          -- Kafka cluster id
        );
        CREATE TABLE sink_positions (
            sink TEXT NOT NULL, source_key INTEGER NOT NULL REFERENCES sources, kafka_topic TEXT NOT NULL,
            kafka_partition INTEGER NOT NULL,
            next_offset INTEGER NOT NULL,            -- first offset that is not written yet
            PRIMARY KEY (sink, source_key, kafka_topic, kafka_partition)
        ) WITHOUT ROWID;
        CREATE TABLE articles (
            article_key INTEGER PRIMARY KEY AUTOINCREMENT,
            source_key INTEGER NOT NULL REFERENCES sources, kafka_topic TEXT NOT NULL,
            kafka_partition INTEGER NOT NULL, kafka_offset INTEGER NOT NULL,
            kafka_time TEXT NOT NULL,                -- ISO 8601, UTC
            id TEXT NOT NULL, title TEXT NOT NULL, body TEXT NOT NULL,
            source TEXT, url TEXT, language TEXT,
            published_at TEXT,                       -- ISO 8601, UTC
            attributes TEXT NOT NULL,                -- JSON object
            provenance TEXT NOT NULL,                -- JSON array
            UNIQUE (source_key, kafka_topic, kafka_partition, kafka_offset)
        );
        CREATE INDEX articles_id ON articles (id);
        CREATE TABLE topics (
            article_key INTEGER PRIMARY KEY REFERENCES articles ON DELETE CASCADE,
            label TEXT NOT NULL, score REAL,  -- null where it is not a number
            scores TEXT NOT NULL                     -- JSON object
        );
        CREATE INDEX topics_label ON topics (label, score);
        CREATE TABLE entities (
            article_key INTEGER NOT NULL REFERENCES articles ON DELETE CASCADE,
            position INTEGER NOT NULL,               -- place in the article's list
            type TEXT NOT NULL, text TEXT NOT NULL,
            field TEXT NOT NULL,                     -- title or body
            start INTEGER NOT NULL, stop INTEGER NOT NULL,  -- UTF-16 code units: text = field[start..stop]
            score REAL,
            PRIMARY KEY (article_key, position)
        ) WITHOUT ROWID;
        CREATE INDEX entities_text ON entities (text, type);
        CREATE INDEX entities_type ON entities (type);
        CREATE TABLE summaries (
            article_key INTEGER PRIMARY KEY REFERENCES articles ON DELETE CASCADE,
            text TEXT NOT NULL,
            sentences TEXT NOT NULL                  -- JSON array
        );
        CREATE TABLE rejects (
            source_key INTEGER NOT NULL REFERENCES sources, kafka_topic TEXT NOT NULL,
            kafka_partition INTEGER NOT NULL, kafka_offset INTEGER NOT NULL,
            kafka_time TEXT NOT NULL, reason TEXT NOT NULL, value BLOB,
            PRIMARY KEY (source_key, kafka_topic, kafka_partition, kafka_offset)
        ) WITHOUT ROWID;
        """,
    ];

    /// <summary>Version this program writes.</summary>
    internal static int Version => Steps.Length;

    /// <summary>Creates the tables in an empty file, or migrates those of an earlier version, in one transaction.</summary>
    /// <exception cref="SinkUnavailableException">The file belongs to another program, or to a later version of this one.</exception>
    internal static void Migrate(SqliteConnection connection, string path)
    {
        // Immediate: of two processes that start at once, the second waits here and then finds the work done.
        using var transaction = connection.BeginTransaction(deferred: false);
        var applicationId = Scalar(connection, transaction, "PRAGMA application_id");
        var version = Scalar(connection, transaction, "PRAGMA user_version");
        var tables = Scalar(connection, transaction, "SELECT count(*) FROM sqlite_schema");
        if (applicationId != ApplicationId && (applicationId != 0 || version != 0 || tables != 0))
        {
            throw new SinkUnavailableException($"'{path}' is the database of another program: name another file in the sink's Path.");
        }
        if (version > Version)
        {
            throw new SinkUnavailableException(
                $"'{path}' has schema version {version}, this program knows up to {Version}: use a later version of it, or another file.");
        }
        if (version == Version) return;

        for (var step = (int)version; step < Version; step++) Execute(connection, transaction, Steps[step]);
        Execute(connection, transaction, string.Create(CultureInfo.InvariantCulture, $"PRAGMA application_id = {ApplicationId}"));
        Execute(connection, transaction, string.Create(CultureInfo.InvariantCulture, $"PRAGMA user_version = {Version}"));
        transaction.Commit();
    }

    private static long Scalar(SqliteConnection connection, SqliteTransaction transaction, string sql)
    {
        using var command = connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = sql;
        return Convert.ToInt64(command.ExecuteScalar(), CultureInfo.InvariantCulture);
    }

    private static void Execute(SqliteConnection connection, SqliteTransaction transaction, string sql)
    {
        using var command = connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
