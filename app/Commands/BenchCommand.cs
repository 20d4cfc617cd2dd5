using System.CommandLine;
using StreamScoring.App.Bench;
using StreamScoring.App.Configuration;
using StreamScoring.App.Hosting;

namespace StreamScoring.App.Commands;

/// <summary><c>bench</c>: measures the engine and the models on this machine against bars that are ratios.</summary>
internal sealed class BenchCommand : CommandHandler
{
    private static readonly (string Name, Func<BenchSession, Task> RunAsync, bool NeedsKafka)[] Benches =
    [
        ("engine", EngineBench.RunAsync, true),
        ("models", ModelsBench.RunAsync, false),
        ("chain", ChainBench.RunAsync, true),
        ("latency", LatencyBench.RunAsync, true),
        ("replies", RepliesBench.RunAsync, true),
        ("memory", MemoryBench.RunAsync, true),
        ("sinks", SinkBench.RunAsync, false),
    ];

    private readonly Argument<string[]> _what = new("WHAT") { Description = "engine, models, chain, latency, replies, memory, sinks (default: all)", Arity = ArgumentArity.ZeroOrMore };
    private readonly Option<bool> _quick = new("--quick") { Description = "Fewer records, one round: a look, not a measurement" };
    private readonly Option<string?> _kafkaHome = new("--kafka-home") { Description = "Folder of an Apache Kafka 4 distribution (default: KAFKA_HOME)", HelpName = "DIR" };
    private readonly Option<string?> _peer = new("--peer") { Description = "Folder with run.sh of a Kafka Streams peer to race (default: STREAMSCORING_PEER; none: no race)", HelpName = "DIR" };
    private readonly Option<string?> _postgres = new("--postgres") { Description = "Connection string of a PostgreSQL to write schemas of the bench's own to (default: STREAMSCORING_POSTGRES; none: SQLite alone)", HelpName = "TEXT" };
    private readonly Option<string?> _articles = new("--articles") { Description = "JSON lines to score (default: the bundled articles)", HelpName = "FILE" };
    private readonly Option<string?> _out = new("--out") { Description = "Folder that gets results.md, results.json and plots", HelpName = "DIR" };
    private readonly Option<string?> _json = new("--json") { Description = "File that gets the results as JSON", HelpName = "FILE" };
    private readonly Option<string?> _models = CommonOptions.Models();

    internal BenchCommand() =>
        Command = new Command("bench", "Measure the engine and the models on this machine.")
        {
            _what, _quick, _kafkaHome, _peer, _postgres, _articles, _out, _json, _models,
        };

    internal override Command Command { get; }

    internal override string Details =>
        "Every bar is a ratio of two things measured in turns in one run, so that it means the same on any machine; medians of\n"
        + "the rounds. Tables go to standard output. It starts a Kafka broker of its own from KAFKA_HOME (all but models and sinks need one).\n"
        + "Everything takes about 85 minutes on two quiet cores, 25 of them for the memory of 100,000 articles; Ctrl-C keeps what is measured.";

    internal override IReadOnlyList<string> Examples { get; } =
    [
        "KAFKA_HOME=/opt/kafka ./run bench",
        "./run bench engine latency --quick --kafka-home /opt/kafka",
        "./run bench models --json models.json",
    ];

    internal override IEnumerable<KeyValuePair<string, string?>> Overrides(ParseResult parsed) => CommonOptions.Set(parsed, _models, "Models:Root");

    internal override void Check(ParseResult parsed, AppOptions options, List<string> problems)
    {
        foreach (var name in parsed.GetValue(_what) ?? [])
        {
            if (Array.Exists(Benches, bench => bench.Name == name)) continue;
            problems.Add($"There is no bench '{name}', but {string.Join(", ", Benches.Select(static bench => bench.Name))}.");
        }
        if (problems.Count == 0 && Chosen(parsed).Any(static bench => bench.NeedsKafka)) CheckKafka(parsed, problems);
        if (PeerOf(parsed) is { } peer && !File.Exists(Path.Combine(peer, "run.sh"))) problems.Add($"--peer: there is no run.sh in '{peer}'.");
        if (TextOf(parsed, _postgres, "STREAMSCORING_POSTGRES") is { } postgres && !SinkBench.IsConnectionString(postgres))
        {
            problems.Add("--postgres (or STREAMSCORING_POSTGRES) is no connection string, e.g. \"Host=localhost;Database=news;Username=me\".");
        }
        if (CommonOptions.ValueOf(parsed, _articles) is { } articles && !File.Exists(articles)) problems.Add($"--articles: there is no file '{articles}'.");
    }

    internal override async Task<int> ExecuteAsync(CommandContext context)
    {
        var parsed = context.Parsed;
        var machine = BenchMachine.Look(context.Time);
        await using var session = new BenchSession(
            new BenchOptions
            {
                IsQuick = parsed.GetValue(_quick),
                KafkaHome = KafkaHomeOf(parsed),
                Peer = PeerOf(parsed),
                Postgres = TextOf(parsed, _postgres, "STREAMSCORING_POSTGRES"),
                Articles = CommonOptions.ValueOf(parsed, _articles),
                Models = Path.GetFullPath(BundledFiles.Find(context.Options.Models.Root)),
            },
            context.Error, context.Time, context.Stopping);
        try
        {
            foreach (var bench in Chosen(parsed))
            {
                await bench.RunAsync(session);
                await WriteFilesAsync(session.Report, machine, parsed);
            }
        }
        catch when (session.Report.Tables.Count > 0)
        {
            // An hour's figures are not lost to Ctrl-C, or to a bench that fails, in the last minute.
            await WriteFilesAsync(session.Report, machine, parsed);
            await Console.Out.WriteAsync(session.Report.ToMarkdown(machine));
            throw;
        }

        await Console.Out.WriteAsync(session.Report.ToMarkdown(machine));
        return ExitCodes.Done;
    }

    /// <summary>Writes the files asked for, after every bench anew: a machine that goes down takes only the bench under way with it.</summary>
    private async Task WriteFilesAsync(BenchReport report, BenchMachine machine, ParseResult parsed)
    {
        var markdown = report.ToMarkdown(machine);
        var json = report.ToJson(machine);
        if (CommonOptions.ValueOf(parsed, _json) is { } file) await File.WriteAllTextAsync(file, json);
        if (CommonOptions.ValueOf(parsed, _out) is not { } folder) return;
        Directory.CreateDirectory(folder);
        await File.WriteAllTextAsync(Path.Combine(folder, "results.md"), "# Results\n\n" + markdown);
        await File.WriteAllTextAsync(Path.Combine(folder, "results.json"), json);
        await File.WriteAllTextAsync(Path.Combine(folder, "results.svg"), BenchPlot.Draw(report));
    }

    private IEnumerable<(string Name, Func<BenchSession, Task> RunAsync, bool NeedsKafka)> Chosen(ParseResult parsed)
    {
        var names = parsed.GetValue(_what) ?? [];
        return names.Length == 0 ? Benches : Benches.Where(bench => names.Contains(bench.Name));
    }

    private void CheckKafka(ParseResult parsed, List<string> problems)
    {
        if (KafkaHomeOf(parsed) is not { } home)
        {
            problems.Add("Which Kafka? Give --kafka-home DIR, or set KAFKA_HOME, to the folder of an Apache Kafka 4 distribution; bench starts a broker of its own from it.");
        }
        else if (!File.Exists(Path.Combine(home, "bin", "kafka-server-start.sh")))
        {
            problems.Add($"There is no bin/kafka-server-start.sh in '{home}': --kafka-home (or KAFKA_HOME) is the folder of an Apache Kafka distribution.");
        }
    }

    private string? KafkaHomeOf(ParseResult parsed) => TextOf(parsed, _kafkaHome, "KAFKA_HOME");

    private string? PeerOf(ParseResult parsed) => TextOf(parsed, _peer, "STREAMSCORING_PEER");

    private static string? TextOf(ParseResult parsed, Option<string?> option, string variable) =>
        CommonOptions.ValueOf(parsed, option) ?? (Environment.GetEnvironmentVariable(variable) is { Length: > 0 } folder ? folder : null);
}
