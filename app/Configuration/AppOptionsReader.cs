using Microsoft.Extensions.Configuration;
using StreamScoring.Topology.Kafka;

namespace StreamScoring.App.Configuration;

/// <summary>Turns layered configuration into <see cref="AppOptions"/>, or into the complete list of what is wrong with it.</summary>
internal static class AppOptionsReader
{
    private const long MiB = 1L << 20;
    private const int MaxNodes = 64;

    /// <summary>Reads and validates everything.</summary>
    /// <param name="root">The layers, from <see cref="ConfigurationLayers.Load"/>.</param>
    /// <param name="kinds">Kinds of node that are registered.</param>
    /// <param name="problems">Gets every mistake.</param>
    /// <param name="warnings">Gets what has no effect.</param>
    /// <returns>The options; to be used only where no problem was added.</returns>
    internal static AppOptions Read(
        IConfigurationRoot root, IReadOnlyCollection<string> kinds, List<string> problems, List<string> warnings)
    {
        var reader = new SettingsReader(root, "", problems, warnings);
        var options = new AppOptions
        {
            Kafka = ReadKafka(reader.Child("Kafka")),
            Nodes = ReadNodes(reader, kinds),
            Fuse = reader.Flag("Fuse", false),
            DeadLetterTopic = reader.Checked("DeadLetterTopic", "articles.dlq", Names.TopicComplaint),
            Models = ReadModels(reader.Child("Models")),
            Feed = ReadFeed(reader.Child("Feed")),
            SchemaRegistry = SchemaRegistryReader.Read(reader.Child("SchemaRegistry")),
            Codec = CodecSettings.Read(reader.Child("Codec")),
            Health = ReadHealth(reader.Child("Health")),
            Telemetry = ReadTelemetry(reader.Child("Telemetry")),
        };
        options = options with
        {
            Sinks = SinkSettingsReader.ReadAll(reader, options.Nodes),
            Replies = ReplyReader.Read(reader.Child("Replies"), options.Nodes, options.Fuse),
        };
        ReadReserved(reader);
        CheckGraph(reader, options);
        reader.WarnAboutUnknownKeys();
        return options;
    }

    private static KafkaSettings ReadKafka(SettingsReader reader)
    {
        var fallback = new KafkaSettings();
        var settings = new KafkaSettings
        {
            BootstrapServers = reader.Checked("BootstrapServers", "", Names.BootstrapComplaint),
            GroupId = reader.Checked("GroupId", fallback.GroupId,
                value => value.Length is 0 or > 200 ? "must have 1 to 200 characters" : null),
            ExactlyOnce = reader.Either("Guarantee", true, "exactly-once", "at-least-once"),
            CommitIntervalMs = (int)reader.Number("CommitIntervalMs", fallback.CommitIntervalMs, 1, 10_000, "ms"),
            FromEarliest = reader.Either("From", true, "earliest", "latest"),
            ScorerThreads = (int)reader.Number("ScorerThreads", fallback.ScorerThreads, 1, 256, "threads"),
            MaxInFlightRecords = (int)reader.Number("MaxInFlightRecords", fallback.MaxInFlightRecords, 1, 10_000_000, "records"),
            MaxInFlightBytes = reader.Number("MaxInFlightBytes", fallback.MaxInFlightBytes, MiB, MiB << 20, "bytes"),
            DrainTimeoutMs = (int)reader.Number("DrainTimeoutMs", fallback.DrainTimeoutMs, 0, 30_000, "ms"),
            DeliveryTimeoutMs = (int)reader.Number("DeliveryTimeoutMs", fallback.DeliveryTimeoutMs, 10_000, 3_600_000, "ms"),
            InstanceId = reader.OptionalText("InstanceId"),
            StateFolder = reader.OptionalText("StateFolder"),
            MaxCrashesPerRecord = (int)reader.Number("MaxCrashesPerRecord", fallback.MaxCrashesPerRecord, 0, 100, "crashes"),
            ReplacesWorker = reader.Either("UncaughtException", false, "replace", "stop"),
            StallTimeoutMs = (int)reader.Number("StallTimeoutMs", fallback.StallTimeoutMs, 10_000, 3_600_000, "ms"),
            Properties = reader.Map("Properties"),
        };
        if (settings.InstanceId is { } instance && Names.NameComplaint(instance) is { } complaint)
        {
            reader.Problem("InstanceId", complaint);
        }
        foreach (var (name, value) in settings.Properties)
        {
            if (Kafka.LibrdkafkaProperties.Complaint(name, value) is { } wrong) reader.Problem($"Properties:{name}", wrong);
        }
        foreach (var (name, conflict) in KafkaProperties.FindConflicts(settings.Properties)) reader.Problem($"Properties:{name}", conflict);
        reader.WarnAboutUnknownKeys();
        return settings;
    }

    private static IReadOnlyList<NodeSettings> ReadNodes(SettingsReader root, IReadOnlyCollection<string> kinds)
    {
        var entries = root.List("Nodes");
        if (entries.Count == 0)
        {
            if (root.Has("Nodes")) root.Problem("Nodes", "is empty: give at least one node, or leave it out for the bundled three");
            return NodeSettings.Defaults;
        }
        if (entries.Count > MaxNodes) root.Problem("Nodes", $"has {entries.Count} entries, at most {MaxNodes} are allowed");

        var nodes = new List<NodeSettings>(entries.Count);
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var entry in entries)
        {
            var node = ReadNode(entry, kinds);
            if (node.Name.Length > 0 && !names.Add(node.Name)) entry.Problem("Name", $"'{node.Name}' is the name of another node too");
            nodes.Add(node);
        }
        return nodes;
    }

    private static NodeSettings ReadNode(SettingsReader reader, IReadOnlyCollection<string> kinds)
    {
        var batch = reader.Child("Batch");
        var node = new NodeSettings
        {
            Name = reader.Checked("Name", "", Names.NameComplaint),
            Kind = reader.Checked("Kind", "", value => KindComplaint(value, kinds)),
            Model = reader.OptionalText("Model"),
            Input = reader.Checked("Input", "", Names.TopicComplaint),
            Output = reader.Checked("Output", "", Names.TopicComplaint),
            WritesJson = reader.Either("Format", false, "json", "avro"),
            MaxTokens = reader.OptionalNumber("MaxTokens", 16, 1_000_000, "tokens"),
            BatchRecords = batch.OptionalNumber("Records", 1, 4_096, "records"),
            BatchBytes = batch.OptionalNumber("Bytes", 1 << 10, 1 << 30, "bytes"),
            BatchLingerMs = batch.OptionalNumber("LingerMs", 0, 10_000, "ms"),
            BatchRows = batch.OptionalNumber("Rows", 1, 1_024, "rows"),
            BatchTokens = batch.OptionalNumber("Tokens", 16, 16_777_216, "tokens"),
            BatchThreads = batch.OptionalNumber("Threads", 1, 256, "threads"),
        };
        if (node.Model is null && kinds.Contains(node.Kind) && node.Kind != "identity")
        {
            reader.Problem("Model", $"is missing: a node of kind '{node.Kind}' needs a model folder below Models:Root");
        }
        if (node.Model is { } model && Names.NameComplaint(model) is { } complaint) reader.Problem("Model", complaint);
        if (reader.OptionalText("Batch") is { } word && !word.Equals("auto", StringComparison.OrdinalIgnoreCase))
        {
            reader.Problem("Batch", $"'{word}' must be auto, or a section with Records, Bytes, LingerMs, Rows, Tokens, Threads");
        }
        batch.WarnAboutUnknownKeys();
        reader.WarnAboutUnknownKeys();
        return node;
    }

    private static string? KindComplaint(string kind, IReadOnlyCollection<string> kinds)
    {
        if (kinds.Contains(kind)) return null;
        var known = string.Join(", ", kinds.Order(StringComparer.Ordinal));
        if (kind.Length == 0) return $"is missing: give one of {known}";
        return Spelling.Nearest(kind, kinds) is { } nearest
            ? $"there is no kind '{kind}', did you mean '{nearest}'? Known: {known}"
            : $"there is no kind '{kind}'. Known: {known}";
    }

    private static ModelSettings ReadModels(SettingsReader reader)
    {
        var settings = new ModelSettings
        {
            Root = reader.Checked("Root", new ModelSettings().Root, value => value.Length == 0 ? "must name a folder" : null),
            PlanCache = reader.OptionalText("PlanCache"),
        };
        reader.WarnAboutUnknownKeys();
        return settings;
    }

    private static FeedSettings ReadFeed(SettingsReader reader)
    {
        var fallback = new FeedSettings();
        var settings = new FeedSettings
        {
            File = reader.Text("File", fallback.File),
            MaxInFlight = (int)reader.Number("MaxInFlight", fallback.MaxInFlight, 1, 256, "articles"),
            MaxPerSecond = reader.Fraction("MaxPerSecond", fallback.MaxPerSecond, 0, 100_000, "articles a second"),
        };
        reader.WarnAboutUnknownKeys();
        return settings;
    }

    private static HealthSettings ReadHealth(SettingsReader reader)
    {
        var fallback = new HealthSettings();
        var settings = new HealthSettings
        {
            Port = (int)reader.Number("Port", fallback.Port, 0, 65_535, "(0: none)"),
            Host = reader.Checked("Host", fallback.Host, Names.ListenHostComplaint),
        };
        reader.WarnAboutUnknownKeys();
        return settings;
    }

    private static TelemetrySettings ReadTelemetry(SettingsReader reader)
    {
        var fallback = new TelemetrySettings();
        var settings = new TelemetrySettings
        {
            OtlpEndpoint = reader.Checked("OtlpEndpoint", "", Names.HttpAddressComplaint),
            OtlpHttp = reader.Either("OtlpProtocol", false, "http", "grpc"),
            ExportIntervalMs = (int)reader.Number("ExportIntervalMs", fallback.ExportIntervalMs, 100, 3_600_000, "ms"),
        };
        reader.WarnAboutUnknownKeys();
        return settings;
    }

    /// <summary>Sections of the contract that this version has no use for: said out loud where somebody fills them in.</summary>
    private static void ReadReserved(SettingsReader root)
    {
        if (root.Map("Dashboard").Count > 0) root.Problem("Dashboard", "there is no dashboard in this version: leave it empty");
    }

    private static void CheckGraph(SettingsReader reader, AppOptions options)
    {
        for (var i = 0; i < options.Nodes.Count; i++)
        {
            var node = options.Nodes[i];
            if (node.Input.Length > 0 && node.Input == node.Output) reader.Problem($"Nodes:{i}:Output", $"is the node's own input '{node.Input}'");
            if (node.Output.Length > 0 && node.Output == options.DeadLetterTopic) reader.Problem($"Nodes:{i}:Output", "is the dead-letter topic");
            if (node.Input.Length > 0 && node.Input == options.DeadLetterTopic) reader.Problem($"Nodes:{i}:Input", "is the dead-letter topic: a dead letter would come back for ever");
        }
        if (TopicGraph.FindCycle(options.Nodes) is { } cycle)
        {
            reader.Problem("Nodes", $"go round in a circle, so a record would never come out: {string.Join(" -> ", cycle)}");
        }
    }
}
