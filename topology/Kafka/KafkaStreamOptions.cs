using Confluent.Kafka;
using StreamScoring.Topology.Replies;

namespace StreamScoring.Topology.Kafka;

/// <summary>How a stream runs against a Kafka. Immutable; <see cref="Validate"/> reports every mistake at once.</summary>
public sealed record KafkaStreamOptions
{
    /// <summary>host:port of one or more brokers, comma-separated. Required.</summary>
    public required string BootstrapServers { get; init; }

    /// <summary>Consumer group; also the prefix of the transactional id. Default "streamscoring".</summary>
    public string GroupId { get; init; } = "streamscoring";

    /// <summary>Default exactly-once.</summary>
    public ProcessingGuarantee Guarantee { get; init; } = ProcessingGuarantee.ExactlyOnce;

    /// <summary>
    /// How long outputs and offsets are gathered before they are committed, 1 ms to 10 s. Default 100 ms: short for
    /// people who wait; 500 to 1000 ms costs less for bulk work.
    /// </summary>
    public TimeSpan CommitInterval { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Where a group without committed offsets begins. Default earliest.</summary>
    public AutoOffsetReset AutoOffsetReset { get; init; } = AutoOffsetReset.Earliest;

    /// <summary>Threads that run batches, 1 to 256. Default: the cores this process may use.</summary>
    public int ScorerThreads { get; init; } = Math.Clamp(Environment.ProcessorCount, 1, 256);

    /// <summary>
    /// Records under way, at most; 1 to 10,000,000. Default 32,768. At-least-once from consumption to delivery; exactly-once
    /// until the producer has their outputs, of which bytes are kept until the commit.
    /// </summary>
    public int MaxInFlightRecords { get; init; } = 32_768;

    /// <summary>
    /// Bytes of the records between consumption and commit, at most; at least 1 MiB. Default 128 MiB. Outputs come on top, and
    /// what is read in one call, about 1 MiB; a transaction is committed once its inputs or its outputs are three quarters of this.
    /// </summary>
    public long MaxInFlightBytes { get; init; } = 128L << 20;

    /// <summary>
    /// Name of this instance within the group, stable over restarts: it makes the transactional id, so that a restarted
    /// instance ends its predecessor's open transaction at once. Default: host name and the first free ordinal on this
    /// machine.
    /// </summary>
    public string? InstanceId { get; init; }

    /// <summary>
    /// How long a rebalance or a stop waits for records in flight before it leaves them to the next owner,
    /// 0 to 30 s. Default 3 s.
    /// </summary>
    public TimeSpan DrainTimeout { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>
    /// How long outputs may fail to reach Kafka before the stream stops with an error, 10 s to 1 h. Default 5 min.
    /// </summary>
    public TimeSpan DeliveryTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// How often a record may be in work when the process dies (native crash, stack overflow, out of memory) before it is
    /// dead-lettered without another try, 1 to 100; 0 keeps no journal of attempts. Default 2. What was in work is written
    /// to a file of about 0.5 MB in <see cref="StateFolder"/>; a process that follows on this machine runs those records
    /// alone.
    /// </summary>
    public int MaxCrashesPerRecord { get; init; } = 2;

    /// <summary>
    /// Folder for the little that instances on this machine keep: the locks of their names, and the attempts journal.
    /// Default: <c>streamscoring</c> in <c>$XDG_STATE_HOME</c> or <c>~/.local/state</c>. In a container, a volume that
    /// outlives it. The stream runs without, with a warning.
    /// </summary>
    public string? StateFolder { get; init; }

    /// <summary>
    /// How long a loop or a batch may stand still before <see cref="KafkaStream.GetHealth"/> calls the stream dead,
    /// 10 s to 1 h. Default 5 min; longer than the longest batch.
    /// </summary>
    public TimeSpan StallTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// Answers what to do about an exception that stops the stream's threads; called on one of them. Null, the default:
    /// <see cref="UncaughtExceptionResponse.ShutdownClient"/>, as in Kafka Streams. After a stop was asked for it is not
    /// called: the stream ends.
    /// </summary>
    public Func<Exception, UncaughtExceptionResponse>? UncaughtExceptionHandler { get; init; }

    /// <summary>
    /// Answers to clients; null (default): none. With them the brokers are asked to create no topic by themselves, output
    /// topics included.
    /// </summary>
    public ReplyOptions? Replies { get; init; }

    /// <summary>
    /// Further librdkafka properties for consumer, producer and admin client alike (security, buffers, timeouts). Those
    /// the guarantees rest on cannot be set here.
    /// </summary>
    public IReadOnlyDictionary<string, string> Properties { get; init; } = new Dictionary<string, string>();

    /// <summary>Every mistake in these options, in words; empty where there is none.</summary>
    public IReadOnlyList<string> Validate()
    {
        var mistakes = new List<string>();
        if (string.IsNullOrWhiteSpace(BootstrapServers))
        {
            mistakes.Add("Kafka:BootstrapServers is empty: give host:port of a broker.");
        }
        if (string.IsNullOrWhiteSpace(GroupId) || GroupId.Length > 200)
        {
            mistakes.Add("Kafka:GroupId must have 1 to 200 characters.");
        }
        Range("Kafka:CommitIntervalMs", CommitInterval, TimeSpan.FromMilliseconds(1), TimeSpan.FromSeconds(10), mistakes);
        Range("Kafka:DrainTimeoutMs", DrainTimeout, TimeSpan.Zero, TimeSpan.FromSeconds(30), mistakes);
        Range("Kafka:DeliveryTimeoutMs", DeliveryTimeout, TimeSpan.FromSeconds(10), TimeSpan.FromHours(1), mistakes);
        Range("Kafka:StallTimeoutMs", StallTimeout, TimeSpan.FromSeconds(10), TimeSpan.FromHours(1), mistakes);
        if (ScorerThreads is < 1 or > 256) mistakes.Add($"Kafka:ScorerThreads is {ScorerThreads}: 1 to 256.");
        if (MaxCrashesPerRecord is < 0 or > 100) mistakes.Add($"Kafka:MaxCrashesPerRecord is {MaxCrashesPerRecord}: 0 to 100.");
        if (MaxInFlightRecords is < 1 or > 10_000_000)
        {
            mistakes.Add($"Kafka:MaxInFlightRecords is {MaxInFlightRecords}: 1 to 10,000,000.");
        }
        if (MaxInFlightBytes < 1 << 20) mistakes.Add($"Kafka:MaxInFlightBytes is {MaxInFlightBytes}: at least 1 MiB.");
        if (Replies is not null) mistakes.AddRange(Replies.Validate());
        foreach (var key in Properties.Keys)
        {
            if (KafkaProperties.IsReserved(key))
            {
                mistakes.Add($"Kafka:Properties:{key} is set by the stream itself: its guarantees rest on it.");
            }
        }
        mistakes.AddRange(KafkaProperties.FindConflicts(Properties).Select(static conflict => $"Kafka:Properties:{conflict.Key} {conflict.Value}."));
        return mistakes;
    }

    private static void Range(string name, TimeSpan value, TimeSpan low, TimeSpan high, List<string> mistakes)
    {
        if (value < low || value > high)
        {
            mistakes.Add($"{name} is {value.TotalMilliseconds:0}: {low.TotalMilliseconds:0} to {high.TotalMilliseconds:0}.");
        }
    }
}
