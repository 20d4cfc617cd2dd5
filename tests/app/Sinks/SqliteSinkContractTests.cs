using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using StreamScoring.App.Sinks.Sqlite;
using StreamScoring.Testing.Sinks;
using StreamScoring.Topology.Sinks;

namespace StreamScoring.App.Tests.Sinks;

public sealed class SqliteSinkContractTests : SinkContractTests, IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("streamscoring-sqlite-");

    private string FilePath => Path.Combine(_folder.FullName, "news.db");

    public void Dispose() => _folder.Delete(recursive: true);

    protected override ISink Create(string source) => new SqliteSink(
        new SqliteSinkOptions { Path = FilePath, BusyTimeoutMs = 20_000 },
        new SinkContext("sqlite", source, NullLogger.Instance, TimeProvider.System));

    protected override Task<IReadOnlyList<StoredRecord>> ReadAsync(string source)
    {
        using var connection = new SqliteConnection($"Data Source={FilePath};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText =
            """
            SELECT kafka_topic, kafka_partition, kafka_offset, id FROM articles JOIN sources s USING (source_key) WHERE s.source = $source
            UNION ALL
            SELECT kafka_topic, kafka_partition, kafka_offset, NULL FROM rejects JOIN sources s USING (source_key) WHERE s.source = $source
            """;
        command.Parameters.AddWithValue("$source", source);
        using var reader = command.ExecuteReader();
        var records = new List<StoredRecord>();
        while (reader.Read())
        {
            records.Add(new StoredRecord(
                new SinkPartition(reader.GetString(0), reader.GetInt32(1)), reader.GetInt64(2), reader.IsDBNull(3) ? null : reader.GetString(3)));
        }
        return Task.FromResult<IReadOnlyList<StoredRecord>>(records);
    }
}
