using Microsoft.Extensions.Logging.Abstractions;
using StreamScoring.App.Sinks.Postgres;
using StreamScoring.Testing.Sinks;
using StreamScoring.Topology.Sinks;

namespace StreamScoring.App.Tests.Sinks.Postgres;

public sealed class PostgresSinkContractTests(PostgresFixture postgres) : SinkContractTests, IAsyncLifetime
{
    private readonly string _schema = postgres.NewSchema();
    private PostgresServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await postgres.UseAsync();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    protected override ISink Create(string source) => new PostgresSink(
        new PostgresSinkOptions { ConnectionString = _server.ConnectionString, Schema = _schema },
        new SinkContext("postgresql", source, NullLogger.Instance, TimeProvider.System));

    protected override async Task<IReadOnlyList<StoredRecord>> ReadAsync(string source)
    {
        var rows = await _server.QueryAsync(
            $"""
            SELECT kafka_topic, kafka_partition, kafka_offset, id FROM {_schema}.articles
            JOIN {_schema}.partitions USING (partition_key) JOIN {_schema}.sources s USING (source_key) WHERE s.source = '{source}'
            UNION ALL
            SELECT kafka_topic, kafka_partition, kafka_offset, '(reject)' FROM {_schema}.rejects
            JOIN {_schema}.partitions USING (partition_key) JOIN {_schema}.sources s USING (source_key) WHERE s.source = '{source}'
            """);
        return
        [
            .. rows.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(row => row.Split('|')).Select(cells => new StoredRecord(
                new SinkPartition(cells[0], int.Parse(cells[1])), long.Parse(cells[2]), cells[3] == "(reject)" ? null : cells[3])),
        ];
    }
}
