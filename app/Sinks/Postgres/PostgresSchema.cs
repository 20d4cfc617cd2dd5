using System.Globalization;
using Npgsql;
using StreamScoring.Topology.Sinks;

namespace StreamScoring.App.Sinks.Postgres;

/// <summary>The tables, and the steps from each version of them to the next.</summary>
internal static class PostgresSchema
{
    /// <summary>Step i brings version i to version i + 1. Steps that were released never change.</summary>
    private static readonly string[] Steps =
    [
        """
        CREATE TABLE sources (
            source_key integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            source     text NOT NULL UNIQUE                 -- Kafka cluster id
        );
        CREATE TABLE partitions (
            partition_key integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            source_key integer NOT NULL REFERENCES sources, kafka_topic text NOT NULL, kafka_partition integer NOT NULL,
            UNIQUE (source_key, kafka_topic, kafka_partition)
        );
        CREATE TABLE sink_positions (
            sink text NOT NULL, partition_key integer NOT NULL REFERENCES partitions,
            next_offset bigint NOT NULL,                    -- first offset that is not written yet
            PRIMARY KEY (sink, partition_key)
        );
        CREATE TABLE articles (
            partition_key integer NOT NULL REFERENCES partitions, kafka_offset bigint NOT NULL,
            kafka_time timestamptz NOT NULL,
            id text NOT NULL, title text NOT NULL, body text NOT NULL, source text, url text, language text,
            published_at timestamptz, attributes jsonb NOT NULL, provenance jsonb NOT NULL,
            PRIMARY KEY (partition_key, kafka_offset)
        );
        CREATE TABLE topics (
            partition_key integer NOT NULL, kafka_offset bigint NOT NULL,
            label text NOT NULL, score real,                -- null where it is not a number
            scores jsonb NOT NULL,
            PRIMARY KEY (partition_key, kafka_offset),
            FOREIGN KEY (partition_key, kafka_offset) REFERENCES articles ON DELETE CASCADE
        );
        CREATE TABLE entities (
            partition_key integer NOT NULL, kafka_offset bigint NOT NULL,
            position integer NOT NULL,                      -- place in the article's list
            type text NOT NULL, text text NOT NULL, field text NOT NULL,  -- title or body
            start integer NOT NULL, stop integer NOT NULL,  -- UTF-16 code units: text = field[start..stop]
            score real,
            PRIMARY KEY (partition_key, kafka_offset, position),
            FOREIGN KEY (partition_key, kafka_offset) REFERENCES articles ON DELETE CASCADE
        );
        CREATE TABLE summaries (
            partition_key integer NOT NULL, kafka_offset bigint NOT NULL,
            text text NOT NULL, sentences jsonb NOT NULL,
            PRIMARY KEY (partition_key, kafka_offset),
            FOREIGN KEY (partition_key, kafka_offset) REFERENCES articles ON DELETE CASCADE
        );
        CREATE TABLE rejects (
            partition_key integer NOT NULL REFERENCES partitions, kafka_offset bigint NOT NULL,
            kafka_time timestamptz NOT NULL, reason text NOT NULL, value bytea,
            PRIMARY KEY (partition_key, kafka_offset)
        );
        """,
        """
        CREATE INDEX articles_id ON articles (id);
        CREATE INDEX articles_published ON articles (published_at);
        CREATE INDEX topics_label ON topics (label, score);
        CREATE INDEX entities_text ON entities (text, type);
        """,
        """
        CREATE VIEW enriched AS
            SELECT a.partition_key, a.kafka_offset, a.id, a.title, a.published_at, a.kafka_time, t.label AS topic, t.score AS topic_score,
                s.text AS summary,
                ARRAY(SELECT e.text FROM entities e
                      WHERE e.partition_key = a.partition_key AND e.kafka_offset = a.kafka_offset ORDER BY e.position) AS entities
            FROM articles a
            LEFT JOIN topics t USING (partition_key, kafka_offset)
            LEFT JOIN summaries s USING (partition_key, kafka_offset);
        """,
    ];

    /// <summary>Version this program writes.</summary>
    internal static int Version => Steps.Length;

    /// <summary>
    /// Creates the schema, or migrates one of an earlier version, in one transaction; then looks whether its tables are what
    /// this program made.
    /// </summary>
    /// <exception cref="SinkUnavailableException">
    /// The schema belongs to another program, or to a later version of this one, or its tables were changed by hand.
    /// </exception>
    internal static async Task MigrateAsync(NpgsqlConnection connection, PostgresSinkOptions options, CancellationToken cancellationToken)
    {
        await MigrateToAsync(connection, options, Version, cancellationToken);
        var mistakes = await DifferencesAsync(connection, options.Schema, cancellationToken);
        if (mistakes.Count == 0) return;
        throw new SinkUnavailableException(
            $"PostgreSQL {options.Target}: its tables are not as this program made them: {string.Join("; ", mistakes)}. "
            + "Change them back, or name another Schema.");
    }

    /// <summary>The first half of <see cref="MigrateAsync"/>, up to a version.</summary>
    internal static async Task MigrateToAsync(
        NpgsqlConnection connection, PostgresSinkOptions options, int target, CancellationToken cancellationToken)
    {
        var schema = options.Schema;
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        // Of two processes that start at once, the second waits here and then finds the work done.
        await ExecuteAsync(connection, $"SELECT pg_advisory_xact_lock(hashtext('streamscoring {schema}'))", cancellationToken);
        var schemaExists = await ScalarAsync(connection, $"SELECT count(*) FROM pg_namespace WHERE nspname = '{schema}'", cancellationToken) > 0;
        if (!schemaExists) await ExecuteAsync(connection, $"CREATE SCHEMA {schema}", cancellationToken);
        var marked = await ScalarAsync(connection, $"SELECT count(*) FROM pg_tables WHERE schemaname = '{schema}' AND tablename = 'streamscoring_schema'", cancellationToken) > 0;
        if (!marked)
        {
            if (await ScalarAsync(connection, $"SELECT count(*) FROM pg_tables WHERE schemaname = '{schema}'", cancellationToken) > 0)
            {
                throw new SinkUnavailableException(
                    $"PostgreSQL {options.Target}: the schema '{schema}' holds the tables of another program: name another one in the sink's Schema.");
            }
            await ExecuteAsync(connection, $"CREATE TABLE {schema}.streamscoring_schema (version integer NOT NULL); INSERT INTO {schema}.streamscoring_schema VALUES (0)", cancellationToken);
        }
        var version = await ScalarAsync(connection, $"SELECT coalesce(max(version), 0) FROM {schema}.streamscoring_schema", cancellationToken);
        if (version > Version)
        {
            throw new SinkUnavailableException(
                $"PostgreSQL {options.Target}: the schema has version {version}, this program knows up to {Version}: use a later version of it, or name another Schema.");
        }
        if (version < target)
        {
            await ExecuteAsync(connection, $"SET LOCAL search_path = {schema}", cancellationToken);
            for (var step = (int)version; step < target; step++) await ExecuteAsync(connection, Steps[step], cancellationToken);
            await ExecuteAsync(connection, string.Create(CultureInfo.InvariantCulture, $"UPDATE streamscoring_schema SET version = {target}"), cancellationToken);
        }
        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>
    /// Compares with the same tables made anew as temporary ones, in a transaction that is rolled back. Further columns and
    /// indexes are anybody's right, as long as rows can still be written.
    /// </summary>
    private static async Task<List<string>> DifferencesAsync(NpgsqlConnection connection, string schema, CancellationToken cancellationToken)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await ExecuteAsync(connection, "SET LOCAL search_path = pg_temp; SET LOCAL client_min_messages = warning", cancellationToken);
        foreach (var step in Steps) await ExecuteAsync(connection, step, cancellationToken);
        await using var command = new NpgsqlCommand(
            $"""
            WITH parts AS (
                SELECT c.relnamespace, c.relname, 'column ' || a.attname AS part,
                    format_type(a.atttypid, a.atttypmod) || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END AS definition,
                    a.attnotnull AND NOT a.atthasdef AND a.attidentity = '' AS must_be_given
                FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
                WHERE c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped
                UNION ALL
                SELECT c.relnamespace, c.relname, 'key ' || pg_get_constraintdef(k.oid), '', false
                FROM pg_class c JOIN pg_constraint k ON k.conrelid = c.oid WHERE k.contype IN ('p', 'u')),
            expected AS (SELECT * FROM parts WHERE relnamespace = pg_my_temp_schema()),
            actual AS (SELECT * FROM parts WHERE relnamespace = '{schema}'::regnamespace)
            SELECT DISTINCT CASE
                WHEN a.part IS NULL AND NOT EXISTS (SELECT FROM actual t WHERE t.relname = e.relname) THEN format('table ''%s'' is missing', e.relname)
                WHEN a.part IS NULL THEN format('%s of ''%s'' is missing', e.part, e.relname)
                WHEN e.part IS NULL THEN format('%s of ''%s'' must not be null and has no default', a.part, a.relname)
                ELSE format('%s of ''%s'' is %s, not %s', e.part, e.relname, a.definition, e.definition) END
            FROM expected e FULL JOIN actual a ON a.relname = e.relname AND a.part = e.part
            WHERE (e.part IS NOT NULL AND e.definition IS DISTINCT FROM a.definition)
                OR (e.part IS NULL AND a.must_be_given AND a.relname IN (SELECT relname FROM expected))
            ORDER BY 1
            """, connection);
        var mistakes = new List<string>();
        await using (var reader = await command.ExecuteReaderAsync(cancellationToken))
        {
            while (await reader.ReadAsync(cancellationToken)) mistakes.Add(reader.GetString(0));
        }
        await transaction.RollbackAsync(cancellationToken);
        return mistakes;
    }

    // The schema's name, the only thing that is put into these statements, was checked to be letters, digits and '_'.
    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static async Task<long> ScalarAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return Convert.ToInt64(await command.ExecuteScalarAsync(cancellationToken), CultureInfo.InvariantCulture);
    }
}
