using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using StreamScoring.App.Sinks.Postgres;
using StreamScoring.App.Sinks.Sqlite;
using StreamScoring.Topology.Sinks;

namespace StreamScoring.App.Bench;

/// <summary>
/// Races each database sink against the barest program that writes the same rows into the same tables in the same batches:
/// binary COPY into PostgreSQL's tables, a loop of prepared statements into SQLite's. The two take turns batch by batch, each
/// in tables of its own that are new in each round, so that whatever else the machine does slows both.
/// </summary>
internal sealed class SinkRace(SinkRaceOptions options, Action<string> say, CancellationToken cancellationToken)
{
    private static readonly SinkPartition Partition = new("articles.summary", 0);

    private readonly IReadOnlyList<SinkRecord[]> _batches = [.. SinkRaceArticles.Make(options.Records).Select(static (article, offset) =>
        new SinkRecord(Partition, offset, 1_700_000_000_000 + offset, article, null, null)).Chunk(options.BatchRecords)];

    /// <summary>SQLite, in a folder of its own.</summary>
    internal async Task<SinkRaceResult> SqliteAsync()
    {
        var folder = Directory.CreateTempSubdirectory("streamscoring-race-");
        try
        {
            return await RunAsync("SQLite", "prepared statements", async round =>
            {
                var sink = await OpenAsync(new SqliteSinkOptions { Path = Path.Combine(folder.FullName, $"sink{round}.db") });
                var bare = new SqliteSinkOptions { Path = Path.Combine(folder.FullName, $"bare{round}.db") };
                await (await OpenAsync(bare)).DisposeAsync();
                return (sink, new BareSqlite(bare.Path));
            });
        }
        finally
        {
            folder.Delete(recursive: true);
        }

        async Task<ISink> OpenAsync(SqliteSinkOptions sqlite) => await this.OpenAsync(sqlite.ToPlan());
    }

    /// <summary>PostgreSQL, in two schemas of its own that are dropped again.</summary>
    internal async Task<SinkRaceResult> PostgresAsync(string connectionString)
    {
        var sinkOptions = new PostgresSinkOptions { ConnectionString = connectionString, Schema = "streamscoring_race_sink" };
        var bareOptions = sinkOptions with { Schema = "streamscoring_race_bare" };
        try
        {
            return await RunAsync("PostgreSQL", "binary COPY", async _ =>
            {
                await DropAsync();
                var sink = await OpenAsync(sinkOptions.ToPlan());
                await (await OpenAsync(bareOptions.ToPlan())).DisposeAsync();
                return (sink, await BarePostgres.OpenAsync(bareOptions, cancellationToken));
            });
        }
        finally
        {
            await DropAsync();
        }

        async Task DropAsync()
        {
            await BarePostgres.DropAsync(sinkOptions, CancellationToken.None);
            await BarePostgres.DropAsync(bareOptions, CancellationToken.None);
        }
    }

    private async Task<SinkRaceResult> RunAsync(string name, string rival, Func<int, Task<(ISink Sink, IBareWriter Bare)>> open)
    {
        var rounds = new List<(double Sink, double Bare)>();
        // The first round warms both up.
        for (var round = 0; round <= options.Rounds; round++)
        {
            var (sink, bare) = await open(round);
            await using (sink)
            await using (bare)
            {
                var (sinkTime, bareTime) = await RunRoundAsync(sink, bare);
                var rates = (Sink: options.Records / sinkTime.TotalSeconds, Bare: options.Records / bareTime.TotalSeconds);
                if (round > 0) rounds.Add(rates);
                say(string.Create(
                    CultureInfo.InvariantCulture, $"{name} round {round}: sink {rates.Sink:N0} articles/s, {rival} {rates.Bare:N0} articles/s, ratio {rates.Sink / rates.Bare:0.00}"));
            }
        }
        return new SinkRaceResult(name, rival, rounds);
    }

    private async Task<(TimeSpan Sink, TimeSpan Bare)> RunRoundAsync(ISink sink, IBareWriter bare)
    {
        var (sinkClock, bareClock) = (new Stopwatch(), new Stopwatch());
        long? position = null;
        for (var i = 0; i < _batches.Count; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var batch = _batches[i];
            if (i % 2 == 0) await WriteSinkAsync();
            bareClock.Start();
            await bare.WriteAsync(batch, cancellationToken);
            bareClock.Stop();
            if (i % 2 == 1) await WriteSinkAsync();

            async Task WriteSinkAsync()
            {
                var to = batch[^1].Offset + 1;
                sinkClock.Start();
                await sink.WriteAsync(new SinkBatch(batch, [new SinkAdvance(Partition, position, to)]), cancellationToken);
                sinkClock.Stop();
                position = to;
            }
        }
        return (sinkClock.Elapsed, bareClock.Elapsed);
    }

    private async Task<ISink> OpenAsync(SinkPlan plan)
    {
        var sink = plan.Create(new SinkContext("race", "race", NullLogger.Instance, TimeProvider.System));
        await sink.OpenAsync(cancellationToken);
        return sink;
    }
}

/// <summary>Writes rows with the least that a program can do.</summary>
internal interface IBareWriter : IAsyncDisposable
{
    /// <summary>One transaction.</summary>
    Task WriteAsync(IReadOnlyList<SinkRecord> batch, CancellationToken cancellationToken);
}

/// <summary>How the race is run.</summary>
internal sealed record SinkRaceOptions
{
    /// <summary>Articles in each turn.</summary>
    public int Records { get; init; } = 4_000;

    /// <summary>Articles in a transaction, as the sinks have by default.</summary>
    public int BatchRecords { get; init; } = Configuration.SinkSettings.DefaultBatchRecords;

    /// <summary>Turns of each side that count.</summary>
    public int Rounds { get; init; } = 5;
}

/// <summary>What was measured: articles a second of both sides in each round.</summary>
internal sealed record SinkRaceResult(string Name, string Rival, IReadOnlyList<(double Sink, double Bare)> Rounds)
{
    /// <summary>Median over the rounds of what the sink reaches of its rival.</summary>
    internal double Ratio => Median([.. Rounds.Select(static round => round.Sink / round.Bare)]);

    /// <summary>Median articles a second of the sink.</summary>
    internal double Sink => Median([.. Rounds.Select(static round => round.Sink)]);

    /// <summary>Median articles a second of its rival.</summary>
    internal double Bare => Median([.. Rounds.Select(static round => round.Bare)]);

    private static double Median(double[] values)
    {
        Array.Sort(values);
        return values.Length % 2 == 1 ? values[values.Length / 2] : (values[(values.Length / 2) - 1] + values[values.Length / 2]) / 2;
    }
}
