using StreamScoring.Schemas;

namespace StreamScoring.Client;

/// <summary>How a <see cref="ScoringClient"/> works. Immutable; <see cref="Validate"/> reports every mistake at once.</summary>
public sealed record ScoringClientOptions
{
    /// <summary>host:port of one or more brokers, comma-separated. Required.</summary>
    public required string BootstrapServers { get; init; }

    /// <summary>Topic for the answers; the stream must allow it (<c>Replies:AllowedTopics</c>). Required.</summary>
    public required string ReplyTopic { get; init; }

    /// <summary>
    /// The partition of <see cref="ReplyTopic"/> that this process reads. Default null: any one. Clients may share a
    /// partition: each knows its answers by their correlation ids.
    /// </summary>
    public int? ReplyPartition { get; init; }

    /// <summary>Where articles go in. Default "articles".</summary>
    public string RequestTopic { get; init; } = "articles";

    /// <summary>How articles are sent. Default: Avro; JSON where the stream reads nothing else.</summary>
    public ArticleFormat Format { get; init; } = ArticleFormat.Avro;

    /// <summary>Writes requests and reads answers. Default: no Schema Registry.</summary>
    public ArticleSerde Serde { get; init; } = ArticleSerde.Default;

    /// <summary>Calls sent and not yet answered, 1 to 1,000,000; further calls wait. Default 4,096.</summary>
    public int MaxInFlight { get; init; } = 4_096;

    /// <summary>Bytes of articles in those calls, 1 MiB to 1 TiB; further calls wait. Default 256 MiB.</summary>
    public long MaxInFlightBytes { get; init; } = 256L << 20;

    /// <summary>How long <see cref="ScoringClient.DisposeAsync"/> waits for calls in flight, 0 to 10 min. Default 10 s.</summary>
    public TimeSpan DrainTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Further librdkafka properties for producer and consumer alike (security, timeouts). Those the client rests on
    /// cannot be set here.
    /// </summary>
    public IReadOnlyDictionary<string, string> Properties { get; init; } = new Dictionary<string, string>();

    /// <summary>Every mistake in these options, in words; empty where there is none.</summary>
    public IReadOnlyList<string> Validate()
    {
        var mistakes = new List<string>();
        if (string.IsNullOrWhiteSpace(BootstrapServers)) mistakes.Add("BootstrapServers is empty: give host:port of a broker.");
        if (string.IsNullOrWhiteSpace(ReplyTopic)) mistakes.Add("ReplyTopic is empty: name a topic that the stream may answer to.");
        if (string.IsNullOrWhiteSpace(RequestTopic)) mistakes.Add("RequestTopic is empty.");
        else if (RequestTopic == ReplyTopic) mistakes.Add("RequestTopic and ReplyTopic are the same.");
        if (ReplyPartition < 0) mistakes.Add($"ReplyPartition is {ReplyPartition}: 0 or more.");
        if (MaxInFlight is < 1 or > 1_000_000) mistakes.Add($"MaxInFlight is {MaxInFlight}: 1 to 1,000,000.");
        if (MaxInFlightBytes is < 1 << 20 or > 1L << 40) mistakes.Add($"MaxInFlightBytes is {MaxInFlightBytes}: 1 MiB to 1 TiB.");
        if (DrainTimeout < TimeSpan.Zero || DrainTimeout > TimeSpan.FromMinutes(10)) mistakes.Add($"DrainTimeout is {DrainTimeout}: 0 to 10 minutes.");
        foreach (var name in Properties.Keys)
        {
            if (ClientConfigs.IsReserved(name)) mistakes.Add($"Properties:{name} is set by the client itself.");
        }
        return mistakes;
    }
}
