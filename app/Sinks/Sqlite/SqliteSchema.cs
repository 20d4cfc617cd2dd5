using System.Globalization;
using Microsoft.Data.Sqlite;
using StreamScoring.Topology.Sinks;

namespace StreamScoring.App.Sinks.Sqlite;

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
        """
        CREATE INDEX articles_published ON articles (published_at);
        CREATE VIEW enriched AS
            SELECT a.article_key, a.id, a.title, a.published_at, a.kafka_time, t.label AS topic, t.score AS topic_score,
                s.text AS summary,
                (SELECT json_group_array(e.text) FROM entities e WHERE e.article_key = a.article_key) AS entities
            FROM articles a LEFT JOIN topics t USING (article_key) LEFT JOIN summaries s USING (article_key);
        """,
    ];

    /// <summary>Version this program writes.</summary>
    internal static int Version => Steps.Length;

    /// <summary>
    /// Creates the tables in an empty file, or migrates those of an earlier version, in one transaction; then looks whether
    /// they are what this program made.
    /// </summary>
    /// <exception cref="SinkUnavailableException">
    /// The file belongs to another program, or to a later version of this one, or its tables were changed by hand.
    /// </exception>
    internal static void Migrate(SqliteConnection connection, string path)
    {
        MigrateTo(connection, path, Version);
        var mistakes = Differences(connection);
        if (mistakes.Count > 0)
        {
            throw new SinkUnavailableException(
                $"SQLite file '{path}': its tables are not as this program made them: {string.Join("; ", mistakes)}. "
                + "Change them back, or name another file in the sink's Path.");
        }
    }

    /// <summary>The first half of <see cref="Migrate"/>, up to a version.</summary>
    internal static void MigrateTo(SqliteConnection connection, string path, int target)
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
        if (version >= target) return;

        for (var step = (int)version; step < target; step++) Execute(connection, transaction, Steps[step]);
        Execute(connection, transaction, string.Create(CultureInfo.InvariantCulture, $"PRAGMA application_id = {ApplicationId}"));
        Execute(connection, transaction, string.Create(CultureInfo.InvariantCulture, $"PRAGMA user_version = {target}"));
        transaction.Commit();
    }

    /// <summary>Compares with tables made anew in memory; further columns and indexes are anybody's right.</summary>
    private static List<string> Differences(SqliteConnection connection)
    {
        using var reference = new SqliteConnection("Data Source=:memory:;Pooling=False");
        reference.Open();
        using (var transaction = reference.BeginTransaction())
        {
            foreach (var step in Steps) Execute(reference, transaction, step);
            transaction.Commit();
        }
        var actual = Columns(connection);
        var mistakes = new List<string>();
        foreach (var (table, columns) in Columns(reference))
        {
            if (!actual.TryGetValue(table, out var found))
            {
                mistakes.Add($"table '{table}' is missing");
                continue;
            }
            foreach (var (column, type) in columns)
            {
                if (!found.TryGetValue(column, out var other)) mistakes.Add($"column '{column}' of '{table}' is missing");
                else if (other != type) mistakes.Add($"column '{column}' of '{table}' is {other}, not {type}");
            }
        }
        return mistakes;
    }

    private static Dictionary<string, Dictionary<string, string>> Columns(SqliteConnection connection)
    {
        var tables = new Dictionary<string, Dictionary<string, string>>(StringComparer.Ordinal);
        using var command = connection.CreateCommand();
        command.CommandText =
            """
            SELECT t.name, c.name, trim(c.type || iif(c."notnull", ' NOT NULL', '') || iif(c.pk, ' KEY ' || c.pk, ''))
            FROM sqlite_schema t JOIN pragma_table_info(t.name) c
            WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%'
            """;
        using var reader = command.ExecuteReader();
        while (reader.Read())
        {
            if (!tables.TryGetValue(reader.GetString(0), out var columns)) tables[reader.GetString(0)] = columns = new(StringComparer.Ordinal);
            columns[reader.GetString(1)] = reader.GetString(2);
        }
        return tables;
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
