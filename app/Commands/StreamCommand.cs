using System.CommandLine;
using Microsoft.Extensions.Logging;
using StreamScoring.App.Articles;
using StreamScoring.App.Configuration;
using StreamScoring.App.Hosting;
using StreamScoring.App.Kafka;
using StreamScoring.App.Telemetry;
using StreamScoring.Topology.Articles;
using StreamScoring.Topology.Kafka;

namespace StreamScoring.App.Commands;

/// <summary><c>stream</c>: the topology, or some of its nodes, against a Kafka.</summary>
internal sealed class StreamCommand : CommandHandler
{
    private static readonly TimeSpan DefaultPatience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan SinkBudget = TimeSpan.FromSeconds(2);

    private readonly Option<string?> _bootstrap = CommonOptions.Bootstrap();
    private readonly Option<string?> _from = CommonOptions.From();
    private readonly Option<string?> _nodes = CommonOptions.Nodes();
    private readonly Option<string?> _models = CommonOptions.Models();
    private readonly Option<string?> _group = new("--group", "-g") { Description = "Consumer group: processes of one group share the work", HelpName = "ID" };
    private readonly Option<string?> _guarantee = new("--guarantee") { Description = "exactly-once (default) or at-least-once", HelpName = "exactly-once|at-least-once" };
    private readonly Option<string?> _createTopics = new("--create-topics") { Description = "Create topics that are missing, with N partitions (default 4)", HelpName = "N", Arity = ArgumentArity.ZeroOrOne };
    private readonly Option<string?> _wait = new("--wait") { Description = "Seconds to wait for a Kafka or Schema Registry that does not answer at the start (default 30)", HelpName = "SECONDS" };

    internal StreamCommand()
    {
        Command = new Command("stream", "Run the nodes against a Kafka.")
        {
            _bootstrap, _nodes, _guarantee, _group, _from, _models, _createTopics, _wait,
        };
    }

    internal override Command Command { get; }

    internal override string Details =>
        "Runs until Ctrl-C or SIGTERM: what is in flight is finished and committed, then it exits 0, also where it was just\n"
        + "starting; a second Ctrl-C ends it at once, and the next start goes on from the last commit. Start it again, with the\n"
        + "same --group, to share the work.\n"
        + "Topics that are missing are created only with --create-topics. A Kafka that does not answer at the start is waited\n"
        + "for (--wait), then the exit code is 1; one that goes away later is waited for as long as Kafka:DeliveryTimeoutMs.";

    internal override LogLevel DefaultLogLevel => LogLevel.Information;

    internal override IReadOnlyList<string> Examples { get; } =
    [
        "./run stream --bootstrap localhost:9092 --create-topics 12",
        "./run stream --bootstrap localhost:9092 --nodes entities,summary --group nlp",
        "./run stream --config production.json --guarantee at-least-once",
    ];

    internal override IEnumerable<KeyValuePair<string, string?>> Overrides(ParseResult parsed) =>
    [
        .. CommonOptions.Set(parsed, _bootstrap, "Kafka:BootstrapServers"),
        .. CommonOptions.Set(parsed, _from, "Kafka:From"),
        .. CommonOptions.Set(parsed, _group, "Kafka:GroupId"),
        .. CommonOptions.Set(parsed, _guarantee, "Kafka:Guarantee"),
        .. CommonOptions.Set(parsed, _models, "Models:Root"),
    ];

    internal override void Check(ParseResult parsed, AppOptions options, List<string> problems)
    {
        CommandChecks.Bootstrap(options, problems);
        CommandChecks.Nodes(parsed, _nodes, options, problems);
        CommandChecks.Number(parsed, _wait, 86_400.0, problems);
        CommandChecks.Number(parsed, _createTopics, 10_000, problems);
    }

    internal override async Task<int> ExecuteAsync(CommandContext context)
    {
        var (parsed, options) = (context.Parsed, context.Options);
        var logger = context.Logs.CreateLogger("StreamScoring.Stream");
        var nodes = CommandChecks.Nodes(parsed, _nodes, options, []);
        var clients = context.ConnectKafka();

        using var health = HealthServer.Start(options.Health, logger);

        // 1. Kafka, topics and models.
        using var serdes = new ArticleSerdes(options.SchemaRegistry, options.Codec, context.Time);
        using var topology = await StartAsync(context, clients, nodes, serdes, logger);
        if (topology is null)
        {
            await context.Error.WriteLineAsync("Stopped before the first record.");
            return ExitCodes.Done;
        }

        // 2. Run.
        using var telemetry = TelemetryExport.Start(options.Telemetry, logger);
        var sinkSettings = SinksFor(options, nodes);
        foreach (var sink in options.Sinks.Except(sinkSettings)) AppLog.SinkNotStarted(logger, sink.Name, string.Join(", ", sink.Topics), WhoFeeds(sink, options));
        var source = sinkSettings.Count > 0 ? await TopicCheck.ClusterIdAsync(clients) ?? clients.BootstrapServers : "";
        using var sinks = SinkHost.Start(sinkSettings, source, options.Kafka.GroupId, clients, serdes, context.Logs, context.Time);
        using var stream = TopologyFactory.CreateStream(
            topology,
            TopologyFactory.StreamOptions(options.Kafka, options.Kafka.BootstrapServers) with { Replies = TopologyFactory.Replies(options, serdes) },
            context.Logs, context.Time);
        health?.Watch(stream);
        using var stopStatus = new CancellationTokenSource();
        var monitor = new StreamMonitor(
            nodes, options.Kafka.BootstrapServers, stream.GetSnapshot, static () => new TailSnapshot(0, 0, null, null, []), sinks.GetSnapshots,
            logs: null, context.Time);
        var status = new StreamStatus(monitor, stream, context.Error, context.Time).RunAsync(stopStatus.Token);
        try
        {
            await stream.RunAsync(context.Stopping);
        }
        finally
        {
            await stopStatus.CancelAsync();
            await status;
            await sinks.DrainAsync(SinkBudget);
        }
        await context.Error.WriteLineAsync("Stopped: everything finished is committed.");
        return ExitCodes.Done;
    }

    private TimeSpan PatienceOf(CommandContext context) =>
        CommandChecks.ValueOf<double>(context.Parsed, _wait) is { } seconds ? TimeSpan.FromSeconds(seconds) : DefaultPatience;

    /// <summary>What the topics are written with; then Kafka and its topics, while the models load.</summary>
    /// <returns>Null where the user asked to stop meanwhile.</returns>
    private async Task<ArticleTopology?> StartAsync(
        CommandContext context, KafkaClients clients, IReadOnlyList<NodeSettings> nodes, ArticleSerdes serdes, ILogger logger)
    {
        var options = context.Options;
        Task<ArticleTopology>? loading = null;
        try
        {
            await serdes.PrepareAsync(TopologyFactory.AvroOutputTopics(options, nodes, context.Time), PatienceOf(context), logger, context.Stopping);
            loading = Task.Run(() => TopologyFactory.Build(options, nodes, serdes, logger, context.Time));
            await PrepareTopicsAsync(context, clients, nodes, logger);
        }
        catch (Exception exception)
        {
            // What the models have to say is of no interest any more, but must not go unobserved.
            _ = loading?.ContinueWith(static task => task.Exception, TaskScheduler.Default);
            if (exception is OperationCanceledException && context.Stopping.IsCancellationRequested) return null;
            throw;
        }
        var topology = await loading;
        if (!context.Stopping.IsCancellationRequested) return topology;
        topology.Dispose();
        return null;
    }

    private async Task PrepareTopicsAsync(CommandContext context, KafkaClients clients, IReadOnlyList<NodeSettings> nodes, ILogger logger)
    {
        var options = context.Options;
        var topics = TopicGraph.AllTopics(nodes, options.DeadLetterTopic, options.Fuse)
            .Concat(SinksFor(options, nodes).SelectMany(sink => sink.Topics)).Distinct(StringComparer.Ordinal).ToArray();
        var findings = await TopicCheck.LookAsync(clients, topics, PatienceOf(context), logger, context.Time, context.Stopping);
        if (findings.Missing.Count == 0) return;

        const int defaultPartitions = 4;
        if (context.Parsed.GetResult(_createTopics) is not { Implicit: false })
        {
            throw new CommandException(TopicCheck.Explain(findings, clients.BootstrapServers));
        }
        var partitions = CommandChecks.ValueOf<int>(context.Parsed, _createTopics) ?? defaultPartitions;
        await KafkaTopics.CreateAsync(TopologyFactory.StreamOptions(options.Kafka, clients.BootstrapServers), findings.Missing, partitions);
        foreach (var topic in findings.Missing) AppLog.TopicCreated(logger, topic, partitions);
    }

    /// <summary>A process that runs some nodes feeds only the sinks of what these nodes bring out.</summary>
    private static List<SinkSettings> SinksFor(AppOptions options, IReadOnlyList<NodeSettings> nodes) =>
        [.. options.Sinks.Where(sink => sink.Topics.Any(topic => nodes.Any(node => node.Output == topic)))];

    private static string WhoFeeds(SinkSettings sink, AppOptions options)
    {
        var writers = options.Nodes.Where(node => sink.Topics.Contains(node.Output)).Select(static node => node.Name).ToArray();
        return writers.Length > 0
            ? $"It is fed where {string.Join(", ", writers)} runs"
            : $"No node of the configuration does: its Topics are to be outputs of nodes ({string.Join(", ", options.Nodes.Select(static node => node.Output))})";
    }
}
