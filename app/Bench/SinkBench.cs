using Npgsql;
using StreamScoring.App.Commands;
using StreamScoring.Topology.Sinks;

namespace StreamScoring.App.Bench;

/// <summary>Each database sink against the barest program that writes the same rows: <see cref="SinkRace"/>.</summary>
internal static class SinkBench
{
    private const double Bar = 0.7;

    internal static async Task RunAsync(BenchSession session)
    {
        var options = new SinkRaceOptions { Rounds = session.Pick(5, 1) };
        var race = new SinkRace(options, session.Say, session.Stopping);
        var table = new BenchTable(
            "Sinks",
            $"{options.Records:N0} articles in each of {options.Rounds} rounds, {options.BatchRecords} in a transaction, up to 23 rows an article; sink and rival take turns batch by batch. "
            + "Rivals: a loop of prepared statements (SQLite), binary COPY straight into the tables (PostgreSQL).",
            ["sink, articles/s", "rival, articles/s", "ratio"]);
        Add(await race.SqliteAsync());
        if (session.Options.Postgres is { } postgres) Add(await ReachedAsync(() => race.PostgresAsync(postgres)));
        else session.Report.Skip("PostgreSQL sink / binary COPY", "give --postgres \"Host=…;Database=…;Username=…\", or set STREAMSCORING_POSTGRES");
        session.Report.Add(table);

        void Add(SinkRaceResult result)
        {
            table.Row(result.Name, result.Sink, result.Bare, result.Ratio);
            session.Report.AtLeast($"{result.Name} sink / {result.Rival}", result.Ratio, Bar);
        }
    }

    /// <summary>False where Npgsql cannot read it, or where it names no host.</summary>
    internal static bool IsConnectionString(string text)
    {
        try
        {
            return new NpgsqlConnectionStringBuilder(text).Host is { Length: > 0 };
        }
        catch (Exception exception) when (exception is ArgumentException or FormatException or OverflowException)
        {
            return false;
        }
    }

    private static async Task<SinkRaceResult> ReachedAsync(Func<Task<SinkRaceResult>> race)
    {
        try
        {
            return await race();
        }
        catch (Exception exception) when (exception is NpgsqlException or SinkUnavailableException)
        {
            throw new CommandException($"--postgres: {exception.Message}", exception);
        }
    }
}
