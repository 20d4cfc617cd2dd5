using System.Globalization;
using StreamScoring.App.Commands;

namespace StreamScoring.App.Bench;

/// <summary>One run of <c>bench</c>: its broker, started when first needed, its folder, and what it found.</summary>
internal sealed class BenchSession : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("streamscoring-bench-").FullName;
    private BenchBroker? _broker;
    private int _runs;

    internal BenchSession(BenchOptions options, TextWriter progress, TimeProvider time, CancellationToken stopping)
    {
        Options = options;
        Progress = progress;
        Time = time;
        Stopping = stopping;
    }

    internal BenchOptions Options { get; }

    internal TimeProvider Time { get; }

    internal CancellationToken Stopping { get; }

    internal BenchReport Report { get; } = new();

    private TextWriter Progress { get; }

    /// <summary>The more exact, or the quicker number.</summary>
    internal T Pick<T>(T full, T quick) => Options.IsQuick ? quick : full;

    /// <summary>Tells people how far it is.</summary>
    internal void Say(string line) => Progress.WriteLine("bench: " + line);

    /// <summary>The broker.</summary>
    /// <exception cref="CommandException">It does not start.</exception>
    internal async Task<BenchBroker> BrokerAsync()
    {
        if (_broker is not null) return _broker;
        Say("starting a Kafka broker");
        return _broker = await BenchBroker.StartAsync(Options.KafkaHome!, _folder, Stopping);
    }

    /// <summary>A file of this run's own.</summary>
    internal string File(string name) => Path.Combine(_folder, name);

    /// <summary>Fresh topic names: <paramref name="count"/> of one run.</summary>
    internal string[] Topics(string run, int count)
    {
        var number = ++_runs;
        return [.. Enumerable.Range(0, count).Select(i => string.Create(CultureInfo.InvariantCulture, $"{run}-{number}-{i}"))];
    }

    public async ValueTask DisposeAsync()
    {
        if (_broker is not null) await _broker.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}

/// <summary>What <c>bench</c> was asked for.</summary>
internal sealed record BenchOptions
{
    /// <summary>Fewer records and rounds: a look, not a measurement.</summary>
    public bool IsQuick { get; init; }

    /// <summary>Folder of an Apache Kafka distribution.</summary>
    public string? KafkaHome { get; init; }

    /// <summary>Folder with <c>run.sh</c> of the Kafka Streams peer; null: no race.</summary>
    public string? Peer { get; init; }

    /// <summary>How to connect to a PostgreSQL; null: its sink is not measured.</summary>
    public string? Postgres { get; init; }

    /// <summary>JSON lines with articles; null: those that come with the program.</summary>
    public string? Articles { get; init; }

    /// <summary>Folder with the models.</summary>
    public required string Models { get; init; }
}
