using System.Globalization;
using Npgsql;
using NpgsqlTypes;
using StreamScoring.Topology.Sinks;

namespace StreamScoring.App.Sinks.Postgres;

/// <summary>The positions of one sink, and the short keys under which partitions are stored.</summary>
internal sealed class PostgresPositions(NpgsqlConnection connection, string sink, string source)
{
    private readonly Dictionary<SinkPartition, int> _keys = [];
    private int _sourceKey;

    /// <summary>Makes this source known.</summary>
    internal async Task OpenAsync(CancellationToken cancellationToken)
    {
        const string sql =
            """
            WITH made AS (
                INSERT INTO sources (source) SELECT $1 WHERE NOT EXISTS (SELECT FROM sources WHERE source = $1)
                ON CONFLICT DO NOTHING RETURNING source_key)
            SELECT source_key FROM made UNION ALL SELECT source_key FROM sources WHERE source = $1
            """;
        for (object? key = null; key is null;)
        {
            // Empty where another process made it a moment ago, unseen by this statement: the next one sees it.
            await using var command = new NpgsqlCommand(sql, connection) { Parameters = { new() { Value = PostgresText.Clean(source) } } };
            key = await command.ExecuteScalarAsync(cancellationToken);
            if (key is int found) _sourceKey = found;
        }
    }

    /// <summary>The stored positions of those partitions that have one.</summary>
    internal async Task<Dictionary<SinkPartition, long>> LoadAsync(IReadOnlyCollection<SinkPartition> partitions, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            """
            SELECT p.kafka_topic, p.kafka_partition, p.partition_key, s.next_offset
            FROM partitions p JOIN unnest($2, $3) AS asked (topic, partition) ON p.kafka_topic = asked.topic AND p.kafka_partition = asked.partition
            LEFT JOIN sink_positions s ON s.partition_key = p.partition_key AND s.sink = $4
            WHERE p.source_key = $1
            """, connection)
        {
            Parameters =
            {
                new() { Value = _sourceKey },
                new() { Value = partitions.Select(partition => partition.Topic).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text },
                new() { Value = partitions.Select(partition => partition.Partition).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Integer },
                new() { Value = sink },
            },
        };
        var positions = new Dictionary<SinkPartition, long>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            var partition = new SinkPartition(reader.GetString(0), reader.GetInt32(1));
            _keys[partition] = reader.GetInt32(2);
            if (!reader.IsDBNull(3)) positions[partition] = reader.GetInt64(3);
        }
        return positions;
    }

    /// <summary>
    /// Compares and moves positions, within the caller's transaction. The row stays locked to its end: another process that
    /// writes the same partition waits here, and is then told.
    /// </summary>
    /// <exception cref="SinkConflictException">A position is not where the batch begins.</exception>
    internal async Task AdvanceAsync(IReadOnlyList<SinkAdvance> advances, CancellationToken cancellationToken)
    {
        // In one order everywhere: two processes never wait for each other in a circle.
        var inOrder = advances.OrderBy(advance => KeyOf(advance.Partition)).ToArray();
        await using var batch = new NpgsqlBatch(connection);
        foreach (var advance in inOrder)
        {
            var command = advance.From is { } from
                ? new NpgsqlBatchCommand("UPDATE sink_positions SET next_offset = $3 WHERE sink = $1 AND partition_key = $2 AND next_offset = $4")
                {
                    Parameters = { new() { Value = sink }, new() { Value = KeyOf(advance.Partition) }, new() { Value = advance.To }, new() { Value = from } },
                }
                : new NpgsqlBatchCommand("INSERT INTO sink_positions (sink, partition_key, next_offset) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING")
                {
                    Parameters = { new() { Value = sink }, new() { Value = KeyOf(advance.Partition) }, new() { Value = advance.To } },
                };
            batch.BatchCommands.Add(command);
        }
        await batch.ExecuteNonQueryAsync(cancellationToken);
        for (var i = 0; i < inOrder.Length; i++)
        {
            if (batch.BatchCommands[i].RecordsAffected != 1) throw new SinkConflictException(inOrder[i].Partition, inOrder[i].From);
        }
    }

    /// <summary>Key of a partition that <see cref="EnsureKeysAsync"/> was asked for.</summary>
    internal int KeyOf(SinkPartition partition) => _keys.TryGetValue(partition, out var key)
        ? key
        : throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture, $"A batch has records of {partition}, and no advance of it."));

    /// <summary>Makes partitions known that are written for the first time.</summary>
    internal async Task EnsureKeysAsync(IReadOnlyList<SinkAdvance> advances, CancellationToken cancellationToken)
    {
        var unknown = advances.Select(advance => advance.Partition).Where(partition => !_keys.ContainsKey(partition)).ToArray();
        if (unknown.Length == 0) return;
        await LoadAsync(unknown, cancellationToken);
        foreach (var partition in unknown)
        {
            if (_keys.ContainsKey(partition)) continue;
            await using var command = new NpgsqlCommand(
                "INSERT INTO partitions (source_key, kafka_topic, kafka_partition) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING", connection)
            {
                Parameters = { new() { Value = _sourceKey }, new() { Value = partition.Topic }, new() { Value = partition.Partition } },
            };
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
        await LoadAsync(unknown, cancellationToken);
    }
}
