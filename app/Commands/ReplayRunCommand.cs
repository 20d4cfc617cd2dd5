using System.CommandLine;
using System.Globalization;
using StreamScoring.App.Configuration;
using StreamScoring.App.Kafka;
using StreamScoring.App.Replay;
using StreamScoring.App.Articles;

namespace StreamScoring.App.Commands;

/// <summary><c>replay run</c>: captured records through the nodes of this program.</summary>
internal sealed class ReplayRunCommand : CommandHandler
{
    private const string Embedded = "embedded";

    private readonly Argument<string> _folder = new("FOLDER") { Description = "A folder of `replay capture`" };
    private readonly Option<string?> _against = new("--against") { Description = "embedded (default), or the brokers of a Kafka: topics of the run's own are made there and deleted", HelpName = "embedded|HOST:PORT" };
    private readonly Option<string?> _models = CommonOptions.Models();
    private readonly Option<string?> _speed = new("--speed") { Description = "max (default), or a multiple of the original speed: 1x, 0.5x, 10x", HelpName = "max|Nx" };
    private readonly Option<string?> _out = new("--out", "-o") { Description = "New or empty folder for the results (default: FOLDER.run-TIME)", HelpName = "DIR" };
    private readonly Option<string[]> _schemas = new("--schema") { Description = "Avro schema that records were written with, where the capture has it not", HelpName = "FILE.avsc", AllowMultipleArgumentsPerToken = true };

    internal ReplayRunCommand() => Command = new Command("run", "Send captured records through the nodes and keep what comes out.")
    {
        _folder, _against, _models, _speed, _out, _schemas,
    };

    internal override Command Command { get; }

    internal override string Details =>
        "The nodes behind the captured topic run in this process, on topics of their own; the records keep their partitions,\n"
        + "order, keys, headers and times, but are asked for no reply and have no deadline. The results, each under the offset\n"
        + "of its record, go to a folder that `replay diff` compares; its path is printed. Changed or unfinished captures are\n"
        + "refused.";

    internal override IReadOnlyList<string> Examples { get; } =
    [
        "./run replay run friday --out before",
        "./run replay run friday --out after --models new-models && ./run replay diff before after",
        "./run replay run friday --against localhost:9092 --speed 1x",
    ];

    internal override IEnumerable<KeyValuePair<string, string?>> Overrides(ParseResult parsed) =>
        CommonOptions.Set(parsed, _models, "Models:Root");

    internal override void Check(ParseResult parsed, AppOptions options, List<string> problems)
    {
        if (!TrySpeed(parsed, out _)) problems.Add($"--speed: '{CommonOptions.ValueOf(parsed, _speed)}' must be max, or a multiple of the original speed such as 1x, 0.5x or 10x.");
        if (CommonOptions.ValueOf(parsed, _against) is { } against && against != Embedded && !against.Contains(':', StringComparison.Ordinal))
        {
            problems.Add($"--against: '{against}' must be embedded or HOST:PORT.");
        }
    }

    internal override async Task<int> ExecuteAsync(CommandContext context)
    {
        // 1. What is to run: all of it is checked before anything starts.
        var (parsed, options) = (context.Parsed, context.Options);
        var folder = parsed.GetValue(_folder)!;
        var capture = await Task.Run(() => CaptureFolder.Open(folder, CaptureManifest.CaptureKind, context.Stopping), CancellationToken.None);
        if (!capture.Manifest.Complete) await context.Error.WriteLineAsync($"{folder} was interrupted when it was captured: {capture.Records:N0} records are there.");
        var against = CommonOptions.ValueOf(parsed, _against) is { } given && given != Embedded ? given : null;
        var plan = RunPlan.Create(options.Nodes, capture.Manifest.Topic, against is null ? "" : $"streamscoring-run-{Guid.NewGuid():N}"[..26] + ".");
        using var serdes = new ArticleSerdes(options.SchemaRegistry, options.Codec, context.Time);
        var schemas = new WriterSchemas(serdes.Registry);
        schemas.Add(capture.Manifest.Schemas);
        foreach (var file in parsed.GetValue(_schemas) ?? []) schemas.AddFile(file);
        TrySpeed(parsed, out var speed);
        var clients = against is null ? null : new KafkaClients(options.Kafka, against, context.Logs);
        if (clients is not null)
        {
            await TopicCheck.LookAsync(clients, [], TopicCheck.Patience, context.Logs.CreateLogger("StreamScoring.Replay"), context.Time, context.Stopping);
        }

        // 2. Run.
        var outFolder = CommonOptions.ValueOf(parsed, _out)
            ?? $"{folder.TrimEnd('/')}.run-{context.Time.GetLocalNow().ToString("yyyyMMdd-HHmmss", CultureInfo.InvariantCulture)}";
        using var results = CaptureWriter.Create(outFolder, "results");
        await using var broker = clients is null ? RunBroker.StartEmbedded() : RunBroker.Connect(clients);
        var runner = new ReplayRunner(context, capture, plan, broker, schemas, speed);
        var interrupted = false;
        using (Progress(context, runner, capture.Records))
        {
            try
            {
                await runner.RunAsync(results);
            }
            catch (OperationCanceledException) when (context.Stopping.IsCancellationRequested)
            {
                interrupted = true;
            }
        }
        results.Finish(files => new CaptureManifest
        {
            Kind = CaptureManifest.RunKind,
            CreatedAt = context.Time.GetUtcNow(),
            Topic = capture.Manifest.Topic,
            PartitionCount = capture.Manifest.PartitionCount,
            Complete = !interrupted && capture.Manifest.Complete,
            Partitions = files,
            Nodes = NodeModels.Of(options, plan.OriginalNodes),
            CaptureSha256 = capture.Sha256,
            Run = new RunFacts(against ?? Embedded, CommonOptions.ValueOf(parsed, _speed) ?? "max", Math.Round(runner.Elapsed.TotalSeconds, 3), runner.DeadLetters),
        });
        await context.Error.WriteLineAsync(string.Create(CultureInfo.InvariantCulture,
            $"{runner.Answered:N0} of {capture.Records:N0} records answered in {runner.Elapsed.TotalSeconds:0.0} s, {runner.DeadLetters:N0} dead letters{(interrupted ? "; interrupted" : "")}."));
        await Console.Out.WriteLineAsync(outFolder);
        return interrupted ? ExitCodes.Interrupted : ExitCodes.Done;
    }

    private static IDisposable? Progress(CommandContext context, ReplayRunner runner, long records)
    {
        if (Console.IsErrorRedirected) return null;
        var interval = TimeSpan.FromMilliseconds(500);
        return context.Time.CreateTimer(_ => context.Error.Write($"\r\e[K{runner.Answered:N0} of {records:N0} records answered\r"), null, interval, interval);
    }

    /// <summary>Null for as fast as it goes.</summary>
    private bool TrySpeed(ParseResult parsed, out double? speed)
    {
        const double most = 1_000_000;
        speed = null;
        if (CommonOptions.ValueOf(parsed, _speed) is not { } text || text == "max") return true;
        if (!text.EndsWith('x') || !double.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var times)) return false;
        speed = times;
        return times is > 0 and <= most;
    }
}
