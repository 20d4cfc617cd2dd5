using System.CommandLine;
using System.Globalization;
using StreamScoring.App.Articles;
using StreamScoring.App.Configuration;
using StreamScoring.App.Kafka;
using StreamScoring.App.Replay;

namespace StreamScoring.App.Commands;

/// <summary><c>replay capture</c>: a part of a topic into a folder.</summary>
internal sealed class ReplayCaptureCommand : CommandHandler
{
    private readonly Argument<string> _folder = new("FOLDER") { Description = "New or empty folder" };
    private readonly Option<string?> _bootstrap = CommonOptions.Bootstrap();
    private readonly Option<string?> _topic = new("--topic", "-t") { Description = "Topic to capture (default: where articles come in)", HelpName = "TOPIC" };
    private readonly Option<string?> _since = new("--since") { Description = "Records of this time or later", HelpName = MomentOption.Help };
    private readonly Option<string?> _until = new("--until") { Description = "Records before this time", HelpName = MomentOption.Help };
    private readonly Option<string?> _offsets = new("--offsets") { Description = "Ranges of offsets, the last included: PARTITION:FIRST-LAST,... (either end may be left out)", HelpName = "RANGES" };
    private readonly Option<string?> _count = new("--count", "-n") { Description = "At most this many records", HelpName = "N" };
    private readonly Option<string[]> _schemas = new("--schema") { Description = "Avro schema that records were written with, where nobody else knows it", HelpName = "FILE.avsc", AllowMultipleArgumentsPerToken = true };

    internal ReplayCaptureCommand() => Command = new Command("capture", "Copy a part of a topic into a folder, to run it again.")
    {
        _folder, _bootstrap, _topic, _since, _until, _offsets, _count, _schemas,
    };

    internal override Command Command { get; }

    internal override string Details =>
        "Keeps key, value, headers, time, partition and offset of each committed record, as JSON lines, a file for each\n"
        + "partition; manifest.json has their SHA-256, the nodes with the hashes of their models, and the schemas that the\n"
        + "records were written with. What the topic holds when it starts is the end; Ctrl-C keeps what is there and says so.";

    internal override IReadOnlyList<string> Examples { get; } =
    [
        "./run replay capture friday --bootstrap localhost:9092 --since 2h",
        "./run replay capture one --bootstrap localhost:9092 --offsets 0:100-199,1:-50",
    ];

    internal override IEnumerable<KeyValuePair<string, string?>> Overrides(ParseResult parsed) =>
        CommonOptions.Set(parsed, _bootstrap, "Kafka:BootstrapServers");

    internal override void Check(ParseResult parsed, AppOptions options, List<string> problems)
    {
        CommandChecks.Bootstrap(options, problems);
        CommandChecks.Topic(parsed, _topic, problems);
        MomentOption.Check(parsed, _since, problems);
        MomentOption.Check(parsed, _until, problems);
        CommandChecks.Number(parsed, _count, long.MaxValue - 1, problems);
        if (CommonOptions.ValueOf(parsed, _offsets) is not { } text) return;
        if (!OffsetSelection.TryParse(text, out _)) problems.Add($"--offsets: '{text}' must be PARTITION:FIRST-LAST,... such as 0:100-199,1:-50.");
        if (CommonOptions.ValueOf(parsed, _since) is not null || CommonOptions.ValueOf(parsed, _until) is not null)
        {
            problems.Add("--offsets and --since or --until exclude each other.");
        }
    }

    internal override async Task<int> ExecuteAsync(CommandContext context)
    {
        var options = context.Options;
        var clients = context.ConnectKafka();
        var topic = CommonOptions.ValueOf(context.Parsed, _topic) ?? TopicGraph.FirstTopics(options.Nodes)[0];
        var logger = context.Logs.CreateLogger("StreamScoring.Replay");
        var findings = await TopicCheck.RequireAsync(clients, [topic], logger, context.Time, context.Stopping);
        using var serdes = new ArticleSerdes(options.SchemaRegistry, options.Codec, context.Time);
        var schemas = new WriterSchemas(serdes.Registry);
        foreach (var file in context.Parsed.GetValue(_schemas) ?? []) schemas.AddFile(file);
        // The embedded broker, which has no id, cannot look up times.
        var knowsTimes = await TopicCheck.ClusterIdAsync(clients) is not null;
        using var reader = new TopicReader(clients, "replay", logger, context.Time);
        return await Task.Run(() => Capture(reader, topic, findings.Partitions[topic], knowsTimes, schemas, context), CancellationToken.None);
    }

    private int Capture(
        TopicReader reader, string topic, int partitions, bool knowsTimes, WriterSchemas schemas, CommandContext context)
    {
        var parsed = context.Parsed;
        var folder = parsed.GetValue(_folder)!;
        var most = CommandChecks.ValueOf<long>(parsed, _count) ?? long.MaxValue;
        var until = MomentOption.ValueOf(parsed, _until, context.Time)?.ToUnixTimeMilliseconds() ?? long.MaxValue;
        var since = MomentOption.ValueOf(parsed, _since, context.Time)?.ToUnixTimeMilliseconds() ?? long.MinValue;
        var ranges = Ranges(reader, topic, partitions, knowsTimes ? since : long.MinValue, context);
        using var writer = CaptureWriter.Create(folder, "records");
        var unknown = new SortedSet<string>(StringComparer.Ordinal);
        var interrupted = false;
        try
        {
            foreach (var result in reader.Read(ranges, context.Stopping))
            {
                // Times may go back and forth within a partition: each record is asked for its own.
                var timestamp = result.Message.Timestamp.UnixTimestampMs;
                if (timestamp < since || timestamp >= until) continue;
                var record = CapturedRecord.Of(result);
                if (schemas.Look(record.Value, record.Headers) is { } name) unknown.Add(name);
                writer.Add(record.Partition, record.Offset, record.Write);
                if (writer.Records >= most) break;
            }
        }
        catch (OperationCanceledException) when (context.Stopping.IsCancellationRequested)
        {
            interrupted = true;
        }
        writer.Finish(files => new CaptureManifest
        {
            Kind = CaptureManifest.CaptureKind,
            CreatedAt = context.Time.GetUtcNow(),
            Topic = topic,
            PartitionCount = partitions,
            Complete = !interrupted,
            Partitions = files,
            Nodes = NodeModels.Of(context.Options, context.Options.Nodes),
            Schemas = schemas.Named,
        });
        foreach (var name in unknown)
        {
            context.Error.WriteLine($"streamscoring: records were written with {name}, which nobody here knows: give it with --schema, or to `replay run`.");
        }
        context.Error.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{writer.Records:N0} records of {topic} are in {folder}{(interrupted ? "; interrupted, it is not all of them" : "")}."));
        return interrupted ? ExitCodes.Interrupted : ExitCodes.Done;
    }

    private List<PartitionRange> Ranges(TopicReader reader, string topic, int partitions, long since, CommandContext context)
    {
        var whole = reader.WholeTopic(topic, partitions);
        if (CommonOptions.ValueOf(context.Parsed, _offsets) is { } text && OffsetSelection.TryParse(text, out var selection)) return selection.Within(whole);
        return since == long.MinValue ? whole : reader.Since(whole, since);
    }
}
