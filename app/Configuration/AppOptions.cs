using StreamScoring.Schemas.Registry;
using StreamScoring.Topology.Sinks;

namespace StreamScoring.App.Configuration;

/// <summary>Everything the program can be told, validated as a whole by <see cref="AppOptionsReader"/> and then fixed.</summary>
internal sealed record AppOptions
{
    /// <summary>Connection, group and guarantee.</summary>
    public KafkaSettings Kafka { get; init; } = new();

    /// <summary>Processing nodes, in the order in which they were given. Default: topic, entities, summary.</summary>
    public IReadOnlyList<NodeSettings> Nodes { get; init; } = NodeSettings.Defaults;

    /// <summary>Runs consecutive nodes in memory, with only the first and last topic. Default false.</summary>
    public bool Fuse { get; init; }

    /// <summary>Topic for records that cannot be processed. Default "articles.dlq".</summary>
    public string DeadLetterTopic { get; init; } = "articles.dlq";

    /// <summary>Where models are found.</summary>
    public ModelSettings Models { get; init; } = new();

    /// <summary>Databases and folders that take the results. Default none; the main job adds a SQLite file of its own.</summary>
    public IReadOnlyList<SinkSettings> Sinks { get; init; } = [];

    /// <summary>Answers to clients.</summary>
    public ReplySettings Replies { get; init; } = new();

    /// <summary>The main job's stream of bundled articles.</summary>
    public FeedSettings Feed { get; init; } = new();

    /// <summary>Section <c>SchemaRegistry</c>; null (default): none, Avro is written in single-object encoding.</summary>
    public SchemaRegistryOptions? SchemaRegistry { get; init; }

    /// <summary>Spelling and limits of articles on the wire.</summary>
    public CodecSettings Codec { get; init; } = new();

    /// <summary>Health checks over HTTP.</summary>
    public HealthSettings Health { get; init; } = new();

    /// <summary>Metrics and traces.</summary>
    public TelemetrySettings Telemetry { get; init; } = new();
}

/// <summary>Section <c>Kafka</c>.</summary>
internal sealed record KafkaSettings
{
    /// <summary>host:port, comma-separated. Default empty: the main job starts its embedded broker, other commands ask for it.</summary>
    public string BootstrapServers { get; init; } = "";

    /// <summary>Consumer group and prefix of transactional ids, 1 to 200 characters. Default "streamscoring".</summary>
    public string GroupId { get; init; } = "streamscoring";

    /// <summary>True: exactly-once (default). False: at-least-once.</summary>
    public bool ExactlyOnce { get; init; } = true;

    /// <summary>Longest time between two commits, 1 to 10,000 ms. Default 100 ms.</summary>
    public int CommitIntervalMs { get; init; } = 100;

    /// <summary>Where a group without committed offsets begins: the earliest (default) or the latest record.</summary>
    public bool FromEarliest { get; init; } = true;

    /// <summary>Threads that run batches, 1 to 256. Default: the cores this process may use.</summary>
    public int ScorerThreads { get; init; } = Math.Clamp(Environment.ProcessorCount, 1, 256);

    /// <summary>Records between consumption and the producer's queue, at most; 1 to 10,000,000. Default 32,768.</summary>
    public int MaxInFlightRecords { get; init; } = 32_768;

    /// <summary>Bytes between consumption and commit, at most; 1 MiB to 1 TiB. Default 128 MiB.</summary>
    public long MaxInFlightBytes { get; init; } = 128L << 20;

    /// <summary>How long a stop or a rebalance waits for records in flight, 0 to 30,000 ms. Default 3,000 ms.</summary>
    public int DrainTimeoutMs { get; init; } = 3_000;

    /// <summary>How long outputs may fail to reach Kafka before the stream stops, 10,000 to 3,600,000 ms. Default 300,000 ms.</summary>
    public int DeliveryTimeoutMs { get; init; } = 300_000;

    /// <summary>
    /// Name of this process within the group, stable over restarts; null (default): host name and the first free ordinal.
    /// </summary>
    public string? InstanceId { get; init; }

    /// <summary>Folder for what instances on this machine keep; null (default): <c>~/.local/state/streamscoring</c>.</summary>
    public string? StateFolder { get; init; }

    /// <summary>Crashes over one record before it is dead-lettered unrun, 0 (never) to 100. Default 2.</summary>
    public int MaxCrashesPerRecord { get; init; } = 2;

    /// <summary>
    /// True: after an exception that nobody handles the stream's threads are replaced. False (default): the process ends.
    /// </summary>
    public bool ReplacesWorker { get; init; }

    /// <summary>How long a loop or a batch may stand still before <c>/livez</c> fails, 10,000 to 3,600,000 ms. Default 300,000 ms.</summary>
    public int StallTimeoutMs { get; init; } = 300_000;

    /// <summary>librdkafka settings passed on as they are, e.g. <c>security.protocol</c>.</summary>
    public IReadOnlyDictionary<string, string> Properties { get; init; } = new Dictionary<string, string>();
}

/// <summary>One entry of <c>Nodes</c>.</summary>
internal sealed record NodeSettings
{
    /// <summary>Name: letters, digits, '-', '_' and '.', at most 64; unique.</summary>
    public required string Name { get; init; }

    /// <summary>Kind of processor, e.g. <c>text-classification</c>.</summary>
    public required string Kind { get; init; }

    /// <summary>Model folder below <c>Models:Root</c>, or null where the kind has no model.</summary>
    public string? Model { get; init; }

    /// <summary>Topic it reads.</summary>
    public required string Input { get; init; }

    /// <summary>Topic it writes.</summary>
    public required string Output { get; init; }

    /// <summary>Tokens read of one article, 16 to 1,000,000; what comes after is not scored, and a warning says so. Null: the processor's default.</summary>
    public int? MaxTokens { get; init; }

    /// <summary>Writes JSON instead of Avro. Default false.</summary>
    public bool WritesJson { get; init; }

    /// <summary>Records in a micro-batch, 1 to 4,096. Null: the topology's default.</summary>
    public int? BatchRecords { get; init; }

    /// <summary>Bytes of the records in a micro-batch, 1,024 to 1 GiB. Null: the topology's default.</summary>
    public int? BatchBytes { get; init; }

    /// <summary>How long a micro-batch waits for company, 0 to 10,000 ms. Null: the topology's default.</summary>
    public int? BatchLingerMs { get; init; }

    /// <summary>
    /// Rows of a micro-batch that the model computes together, sorted by length, 1 to 1,024. Null: 1, which alone keeps
    /// answers free of their neighbours, bit for bit; more pays off on a GPU.
    /// </summary>
    public int? BatchRows { get; init; }

    /// <summary>Tokens computed together, padding counted, where rows go together; 16 to 16,777,216. Null: 16,384.</summary>
    public int? BatchTokens { get; init; }

    /// <summary>
    /// Threads that share one call of the model, 1 to 256; as many calls go on at once as the cores then allow. Null
    /// (default, <c>"Batch": "auto"</c>): found out by trying at the first start.
    /// </summary>
    public int? BatchThreads { get; init; }

    /// <summary>The three bundled nodes.</summary>
    public static IReadOnlyList<NodeSettings> Defaults { get; } =
    [
        new() { Name = "topic", Kind = "text-classification", Model = "topic", Input = "articles", Output = "articles.topic" },
        new() { Name = "entities", Kind = "token-classification", Model = "entities", Input = "articles.topic", Output = "articles.entities" },
        new() { Name = "summary", Kind = "extractive-summarization", Model = "summary", Input = "articles.entities", Output = "articles.summary" },
    ];
}

/// <summary>Section <c>Models</c>.</summary>
internal sealed record ModelSettings
{
    /// <summary>
    /// Folder with one folder for each model. A relative path is looked for in the working directory, then beside the
    /// program. Default "models".
    /// </summary>
    public string Root { get; init; } = "models";

    /// <summary>
    /// File that remembers how each model uses this machine best. Default: <c>streamscoring/plans.json</c> in the user's
    /// cache folder (XDG_CACHE_HOME, else ~/.cache).
    /// </summary>
    public string? PlanCache { get; init; }
}

/// <summary>One entry of <c>Sinks</c>.</summary>
internal sealed record SinkSettings
{
    internal const int DefaultBatchRecords = 500;
    internal const long DefaultBatchBytes = 8L << 20;
    internal const int DefaultBatchLingerMs = 200;

    /// <summary>Name: letters, digits, '-', '_' and '.', at most 64; unique. Its group is <c>&lt;group&gt;.sink.&lt;name&gt;</c>. Default: the kind.</summary>
    public required string Name { get; init; }

    /// <summary>Kind of sink, e.g. <c>sqlite</c>.</summary>
    public required string Kind { get; init; }

    /// <summary>Topics it stores. Default: the topics that nodes write and no node reads.</summary>
    public IReadOnlyList<string> Topics { get; init; } = [];

    /// <summary>Records in one transaction, at most; 1 to 100,000. Default 500.</summary>
    public int BatchRecords { get; init; } = DefaultBatchRecords;

    /// <summary>Value bytes in one transaction, at most; 1 KiB to 1 GiB. Default 8 MiB.</summary>
    public long BatchBytes { get; init; } = DefaultBatchBytes;

    /// <summary>How long a record waits for company, 0 to 60,000 ms. Default 200 ms.</summary>
    public int BatchLingerMs { get; init; } = DefaultBatchLingerMs;

    /// <summary>What the kind has read: the target, and how to make the sink.</summary>
    public required SinkPlan Plan { get; init; }
}

/// <summary>Section <c>Feed</c>: what the main job streams when nobody else sends anything.</summary>
internal sealed record FeedSettings
{
    /// <summary>JSON lines. Default "samples/articles.jsonl"; empty: no feed, only other clients' records.</summary>
    public string File { get; init; } = "samples/articles.jsonl";

    /// <summary>Articles sent and not yet through the whole chain, 1 to 256. Default 12: well within what the embedded broker keeps.</summary>
    public int MaxInFlight { get; init; } = 12;

    /// <summary>Articles a second, 0 to 100,000; 0 (default): as fast as the nodes answer.</summary>
    public double MaxPerSecond { get; init; }
}

/// <summary>Section <c>Health</c>.</summary>
internal sealed record HealthSettings
{
    /// <summary>Port of <c>/livez</c> and <c>/readyz</c>, 1 to 65,535; 0 (default): none.</summary>
    public int Port { get; init; }

    /// <summary>Address they listen at: a host name or address of this machine, or * for all. Default 127.0.0.1.</summary>
    public string Host { get; init; } = "127.0.0.1";
}

/// <summary>Section <c>Telemetry</c>.</summary>
internal sealed record TelemetrySettings
{
    /// <summary>OTLP collector, e.g. http://localhost:4317. Default empty: nothing is exported.</summary>
    public string OtlpEndpoint { get; init; } = "";

    /// <summary>True: OTLP over HTTP/protobuf; false (default): over gRPC.</summary>
    public bool OtlpHttp { get; init; }

    /// <summary>How often metrics are exported, 100 to 3,600,000 ms. Default 10,000 ms.</summary>
    public int ExportIntervalMs { get; init; } = 10_000;
}
