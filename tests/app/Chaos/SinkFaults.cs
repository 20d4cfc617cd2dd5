using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Confluent.Kafka;
using Microsoft.Data.Sqlite;
using StreamScoring.App.Tests.Sinks.Files;
using StreamScoring.App.Tests.Sinks.Postgres;
using StreamScoring.Testing.Brokers;
using StreamScoring.Testing.Processes;
using StreamScoring.Testing.Records;

namespace StreamScoring.App.Tests.Chaos;

/// <summary>
/// Runs the real program with one node that copies and one sink, exactly-once, and kills the program and the sink's database
/// in turn while records come in. What the sink holds in the end must be the records that were sent, each once.
/// </summary>
internal sealed class SinkFaults(IKafkaBroker broker, PostgresServer? postgres, string kind, int records, int kills, int seed) : IAsyncDisposable
{
    private const int Partitions = 4;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(120);

    private readonly Random _random = new(seed);
    private readonly string _run = KafkaBrokerExtensions.NewName("sinkfaults");
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("streamscoring-sinkfaults-");
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly Dictionary<string, int> _lines = [];
    private int _sent;
    private ChildProcess? _program;

    private string Input => _run + ".in";

    private string Output => _run + ".out";

    private string DeadLetters => _run + ".dlq";

    private string Database => Path.Combine(_folder.FullName, "news.db");

    private string Files => Path.Combine(_folder.FullName, "files");

    /// <summary>Returns what happened, for the report.</summary>
    internal async Task<string> RunAsync(CancellationToken cancellationToken)
    {
        foreach (var topic in new[] { Input, Output, DeadLetters }) await broker.CreateTopicAsync(topic, Partitions, cancellationToken);
        await File.WriteAllTextAsync(Path.Combine(_folder.FullName, "sink.json"), Configuration(), cancellationToken);
        Start();
        var (killedPrograms, killedServers) = (0, 0);
        for (var kill = 0; kill < kills; kill++)
        {
            // Killed while it works on these.
            var until = (int)((long)records * (kill + 1) / (kills + 1));
            // Counted before they are sent: all of them may be written before the call that sends them is back.
            var before = await CountAsync();
            Send(until);
            await WaitAsync(async () => await CountAsync() > before, cancellationToken);
            await Task.Delay(_random.Next(0, 400), cancellationToken);
            if (postgres is not null && kill % 2 == 1)
            {
                await postgres.KillAsync();
                killedServers++;
                await Task.Delay(_random.Next(0, 300), cancellationToken);
                await postgres.StartAgainAsync();
            }
            else
            {
                _program!.Signal(ProcessSignal.Kill);
                await _program.WaitForExitAsync(Limit, cancellationToken);
                await _program.DisposeAsync();
                killedPrograms++;
                Start();
            }
        }
        Send(records);
        await WaitForAllAsync(cancellationToken);
        _program!.Signal(ProcessSignal.Terminate);
        var exitCode = await _program.WaitForExitAsync(Limit, cancellationToken);
        Assert.True(exitCode == 0, $"it ended with {exitCode}:\n{string.Join('\n', _program.Errors.TakeLast(30))}");

        var found = await IdsAsync();
        var report = string.Create(
            CultureInfo.InvariantCulture,
            $"{kind}, seed {seed}: {records} records sent, {found.Count} rows with {found.Distinct().Count()} different ids; kill -9 of the program {killedPrograms} times, of the server {killedServers} times; {_clock.Elapsed.TotalSeconds:0} s");
        Assert.True(found.Count == records && found.Order().SequenceEqual(Enumerable.Range(0, records)), report);
        return report;
    }

    public async ValueTask DisposeAsync()
    {
        if (_program is not null) await _program.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    private string Configuration() => JsonSerializer.Serialize(new
    {
        Nodes = new[] { new { Name = "copy", Kind = "identity", Input, Output } },
        DeadLetterTopic = DeadLetters,
        Sinks = new object[]
        {
            kind switch
            {
                "postgresql" => new { Kind = kind, postgres!.ConnectionString, Schema = "faults" },
                "sqlite" => new { Kind = kind, Path = Database },
                _ => new { Kind = kind, Folder = Files, MaxFileBytes = 20_000, MaxFileSeconds = 1 },
            },
        },
    });

    private void Start() => _program = ChildProcess.StartProgram(
        ["stream", "--bootstrap", broker.BootstrapServers, "--config", Path.Combine(_folder.FullName, "sink.json"), "--group", _run],
        new ChildProcessOptions { RetainedLines = 2_000 });

    private void Send(int until)
    {
        KafkaRecords.Produce(broker, Input, Enumerable.Range(_sent, until - _sent).Select(i => new Message<byte[], byte[]>
        {
            Key = Encoding.ASCII.GetBytes(i.ToString(CultureInfo.InvariantCulture)),
            Value = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $$"""{"id":"{{i}}","title":"Article {{i}}","body":"It is number {{i}}."}""")),
        }));
        _sent = until;
    }

    private Task WaitForAllAsync(CancellationToken cancellationToken) => WaitAsync(async () => await CountAsync() >= records, cancellationToken);

    private async Task WaitAsync(Func<Task<bool>> holds, CancellationToken cancellationToken)
    {
        var startedAt = _clock.Elapsed;
        while (!await holds())
        {
            if (_clock.Elapsed - startedAt >= Limit) Assert.Fail($"{kind}, seed {seed}: what is waited for did not come within {Limit}. {await MissingAsync()}\n{string.Join('\n', _program!.Errors.TakeLast(30))}");
            await Task.Delay(50, cancellationToken);
        }
    }

    private async Task<string> MissingAsync()
    {
        var missing = Enumerable.Range(0, _sent).Except(await IdsAsync()).ToList();
        var ends = new[] { Input, Output, DeadLetters }.Select(topic => KafkaRecords.DescribeEnds(broker.BootstrapServers, topic));
        return $"Of {_sent} records sent {missing.Count} are not there: {string.Join(", ", missing.Take(20))} ... {string.Join("; ", ends)}.";
    }

    private async Task<int> CountAsync()
    {
        switch (kind)
        {
            case "postgresql":
                if (await postgres!.QueryAsync("SELECT count(*) FROM pg_tables WHERE schemaname = 'faults' AND tablename = 'articles'") == "0") return 0;
                return int.Parse(await postgres.QueryAsync("SELECT count(*) FROM faults.articles"), CultureInfo.InvariantCulture);
            case "sqlite":
                return Sqlite("SELECT count(*) FROM articles").FirstOrDefault();
            default:
                foreach (var path in Finished())
                {
                    // A finished file never changes.
                    if (!_lines.ContainsKey(path)) _lines[path] = FileLines.Read(path).Count;
                }
                return _lines.Values.Sum();
        }
    }

    private async Task<List<int>> IdsAsync() => kind switch
    {
        "postgresql" => [.. (await postgres!.QueryAsync("SELECT id FROM faults.articles")).Split('\n').Select(Number)],
        "sqlite" => Sqlite("SELECT CAST(id AS INTEGER) FROM articles"),
        _ => [.. Finished().SelectMany(FileLines.Read).Select(line => JsonDocument.Parse(line).RootElement.GetProperty("id").GetString()!).Select(Number)],
    };

    private string[] Finished() => Directory.Exists(Files) ? Directory.GetFiles(Files, "*.jsonl", SearchOption.AllDirectories) : [];

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    private List<int> Sqlite(string sql)
    {
        if (!File.Exists(Database)) return [];
        using var connection = new SqliteConnection($"Data Source={Database};Pooling=False;Default Timeout=30");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT count(*) FROM sqlite_schema WHERE name = 'articles'";
        if ((long)command.ExecuteScalar()! == 0) return [];
        command.CommandText = sql;
        using var reader = command.ExecuteReader();
        var numbers = new List<int>();
        while (reader.Read()) numbers.Add(reader.GetInt32(0));
        return numbers;
    }
}
