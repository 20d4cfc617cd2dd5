using Microsoft.Extensions.Logging;
using StreamScoring.App.Articles;
using StreamScoring.App.Commands;
using StreamScoring.App.Configuration;
using StreamScoring.App.Kafka;
using StreamScoring.App.Sinks.Sqlite;
using StreamScoring.App.Telemetry;
using StreamScoring.App.View;
using StreamScoring.Topology.Kafka;
using StreamScoring.Topology.Kafka.Embedded;

namespace StreamScoring.App.Hosting;

/// <summary>
/// The main job: an embedded Kafka, the nodes, a feed of real articles, a SQLite sink and a view, all in this process.
/// </summary>
internal sealed class MainJob(CommandContext context)
{
    private const int Partitions = 4;
    private const long KeepArticles = 20_000;

    // The whole stop fits into five seconds.
    private static readonly TimeSpan ChainBudget = TimeSpan.FromMilliseconds(3_000);
    private static readonly TimeSpan SinkBudget = TimeSpan.FromMilliseconds(1_000);

    private static readonly TimeSpan RegistryPatience = TimeSpan.FromSeconds(8);

    /// <summary>More records than this waiting for a working sink hold the feed back.</summary>
    private const int MaxSinkLag = 100;

    /// <summary>A few articles are on their way at any time: in larger batches they would only wait for each other.</summary>
    private const int BatchRecords = 2;

    private readonly AppOptions _options = context.Options with
    {
        Nodes = [.. context.Options.Nodes.Select(node => node.BatchRecords is null ? node with { BatchRecords = BatchRecords } : node)],
    };

    private readonly ILogger _logger = context.Logs.CreateLogger("StreamScoring.Run");

    /// <summary>Runs until the user stops it.</summary>
    internal async Task<int> RunAsync()
    {
        using var health = HealthServer.Start(_options.Health, _logger);

        // 1. The broker first: its address is what others wait for. The models load meanwhile.
        using var serdes = new ArticleSerdes(_options.SchemaRegistry, _options.Codec, context.Time);
        var firstTopic = TopicGraph.FirstTopics(_options.Nodes)[0];
        await serdes.PrepareAsync(
            TopologyFactory.AvroOutputTopics(_options, _options.Nodes, context.Time).Append(firstTopic), RegistryPatience, _logger, context.Stopping);
        var loading = Task.Run(() => TopologyFactory.Build(_options, _options.Nodes, serdes, _logger, context.Time));
        using var kafka = EmbeddedKafka.Start();
        var topics = TopicGraph.AllTopics(_options.Nodes, _options.DeadLetterTopic, _options.Fuse);
        foreach (var topic in topics) kafka.CreateTopic(topic, Partitions);
        Announce(kafka.BootstrapServers);

        // 2. What reads the results.
        var clients = new KafkaClients(_options.Kafka, kafka.BootstrapServers, context.Logs);
        var sinkSettings = _options.Sinks.Count > 0 ? _options.Sinks : [DefaultSink()];
        // Each embedded broker begins at offset 0: its records are told apart from those of earlier runs by this name.
        var source = "embedded-" + Guid.NewGuid().ToString("N");
        using var sinks = SinkHost.Start(sinkSettings, source, _options.Kafka.GroupId, clients, serdes, context.Logs, context.Time);
        var tail = new Tail(new TailOptions { DeadLetterTopic = _options.DeadLetterTopic, Serde = serdes.Reader }, clients, _logger, context.Time);

        // 3. What fills the stream; articles wait in their topic until the models are there.
        using var feed = new ArticleFeed(
            _options.Feed, firstTopic, serdes.WriterOf(firstTopic), clients,
            () => sinks.GetSnapshots().All(sink => sink.Trouble is not null || sink.Lag < MaxSinkLag), _logger, context.Time);
        using var stopFeed = CancellationTokenSource.CreateLinkedTokenSource(context.Stopping);
        using var stopTail = new CancellationTokenSource();
        using var stopView = new CancellationTokenSource();
        using var output = new ArticleOutput(LiveView.IsPossible ? null : StandardOutput.Open(), serdes.Reader);
        var reading = tail.RunAsync(
            [.. TopicGraph.FinalTopics(_options.Nodes).Append(_options.DeadLetterTopic).Select(topic => KeyValuePair.Create(topic, Partitions))],
            (record, article) =>
            {
                feed.Finished(record.Message.Headers);
                if (article is not null) output.Write(article);
            },
            output.Flush, stopTail.Token);
        var feeding = _options.Feed.File.Length > 0 ? feed.RunAsync(stopFeed.Token) : Task.CompletedTask;

        // 4. The view, from the first moment on.
        KafkaStream? stream = null;
        var monitor = new StreamMonitor(
            _options.Nodes, kafka.BootstrapServers, () => Volatile.Read(ref stream)?.GetSnapshot(), tail.GetSnapshot, sinks.GetSnapshots,
            context.LogRelay, context.Time);
        var showing = LiveView.IsPossible
            ? new LiveView(monitor.Take, context.LogRelay, context.Time).RunAsync(stopView.Token)
            : new StatusLines(monitor.Take, context.Error, context.Time).RunAsync(stopView.Token);
        var exitCode = ExitCodes.Failed;
        try
        {
            // 5. The stream itself.
            using var topology = await loading;
            using var telemetry = TelemetryExport.Start(_options.Telemetry, _logger);
            using var running = TopologyFactory.CreateStream(
                topology, StreamOptions(kafka) with { Replies = TopologyFactory.Replies(_options, serdes) }, context.Logs, context.Time);
            Volatile.Write(ref stream, running);
            health?.Watch(running);
            using var stopStream = new CancellationTokenSource();
            var streaming = running.RunAsync(stopStream.Token);
            monitor.Activity = "running";
            var asked = WhenAskedToStop(output);
            var first = await Task.WhenAny(streaming, asked, FailureOf(feeding));

            // 6. Stop in the order of the stream: feed, nodes, sinks.
            monitor.Activity = "stopping";
            monitor.Hint = "Ctrl-C again stops at once";
            await stopFeed.CancelAsync();
            var finished = first != streaming && await FinishAsync(running, feed);
            await stopStream.CancelAsync();
            await streaming;
            await feeding;
            await sinks.DrainAsync(SinkBudget);
            // Where nobody reads any more, nobody misses the rest.
            exitCode = finished || output.Closed.IsCancellationRequested ? ExitCodes.Done : ExitCodes.Failed;
        }
        finally
        {
            await stopFeed.CancelAsync();
            await stopTail.CancelAsync();
            await stopView.CancelAsync();
            await reading;
            await showing;
        }
        Summarise(monitor, tail.GetSnapshot(), sinkSettings, exitCode);
        return exitCode;
    }

    // The embedded broker neither stores the offsets of a transaction nor hides what was aborted: at-least-once keeps
    // more of its promise there than exactly-once could.
    private KafkaStreamOptions StreamOptions(EmbeddedKafka kafka) =>
        TopologyFactory.StreamOptions(_options.Kafka, kafka.BootstrapServers) with
        {
            Guarantee = ProcessingGuarantee.AtLeastOnce,
            // Each embedded broker begins at offset 0: what a journal remembers would be of other records.
            MaxCrashesPerRecord = 0,
        };

    private SinkSettings DefaultSink() => new()
    {
        Name = SqliteSink.Kind,
        Kind = SqliteSink.Kind,
        Topics = TopicGraph.FinalTopics(_options.Nodes),
        Plan = new SqliteSinkOptions { KeepArticles = KeepArticles }.ToPlan(),
    };

    private void Announce(string bootstrapServers)
    {
        var error = context.Error;
        error.WriteLine($"Kafka: {bootstrapServers}");
        error.WriteLine($"  An embedded broker for trying things out. It keeps everything in memory, the last "
            + $"{EmbeddedKafka.RetainedBytesPerPartition >> 20} MiB or {EmbeddedKafka.RetainedBatchesPerPartition:N0} batches of each partition, and");
        error.WriteLine("  drops older records: the bundled feed waits for the nodes, other clients should send no faster than the view shows.");
        error.WriteLine($"  Send your own: ./run produce --bootstrap {bootstrapServers} FILE.jsonl   Read: ./run consume --bootstrap {bootstrapServers}");
        if (!LiveView.IsPossible) error.WriteLine("Enriched articles follow on standard output, one JSON object a line. Ctrl-C drains and stops.");
        error.Flush();
    }

    /// <summary>Completes when the user asks to stop, or when nobody reads standard output any more.</summary>
    private Task WhenAskedToStop(ArticleOutput output)
    {
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        context.Stopping.Register(() => asked.TrySetResult());
        output.Closed.Register(() => asked.TrySetResult());
        return asked.Task;
    }

    private static async Task FailureOf(Task task)
    {
        try
        {
            await task;
        }
        catch (Exception) when (task.IsFaulted)
        {
            return;
        }
        await Task.Delay(Timeout.InfiniteTimeSpan);
    }

    /// <summary>Waits until every record in the topics went through the whole chain.</summary>
    /// <returns>False where the time was too short: the broker's memory goes with the process, and with it the rest.</returns>
    private async Task<bool> FinishAsync(KafkaStream stream, ArticleFeed feed)
    {
        const int quietChecks = 4;
        var startedAt = context.Time.GetTimestamp();
        var quiet = 0;
        while (context.Time.GetElapsedTime(startedAt) < ChainBudget)
        {
            // Several in a row: an output that was committed a moment ago may not be fetched by the next node yet.
            quiet = feed.InFlight == 0 && stream.GetSnapshot().IsDrained ? quiet + 1 : 0;
            if (quiet == quietChecks) return true;
            await Task.Delay(TimeSpan.FromMilliseconds(40), context.Time);
        }
        var left = stream.GetSnapshot().SubTopologies.Sum(node => Math.Max(0, node.Lag));
        context.Error.WriteLine($"streamscoring: about {left:N0} records were not finished in time and are gone with the embedded broker.");
        return false;
    }

    private void Summarise(StreamMonitor monitor, TailSnapshot tail, IReadOnlyList<SinkSettings> sinks, int exitCode)
    {
        if (exitCode != ExitCodes.Done) return;
        var state = monitor.Take();
        var rate = state.Uptime.TotalSeconds > 0 ? tail.Articles / state.Uptime.TotalSeconds : 0;
        context.Error.WriteLine(string.Create(System.Globalization.CultureInfo.InvariantCulture,
            $"{tail.Articles:N0} articles enriched in {state.Uptime.TotalSeconds:0} s ({rate:0.0}/s), {tail.DeadLetters:N0} dead letters. Kept in {string.Join(", ", sinks.Select(sink => sink.Plan.Target))}."));
    }
}
