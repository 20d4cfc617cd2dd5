using Confluent.Kafka;

namespace StreamScoring.Topology.Kafka;

/// <summary>Which of a user's librdkafka properties go to which client: librdkafka warns about, or refuses, the others.</summary>
public static class KafkaProperties
{
    // Set by the stream: a user's value would break a promise.
    private static readonly HashSet<string> Reserved = new(StringComparer.Ordinal)
    {
        "group.id", "bootstrap.servers", "enable.auto.commit", "enable.auto.offset.store", "isolation.level",
        "transactional.id", "enable.idempotence", "acks", "request.required.acks", "enable.partition.eof",
        "auto.offset.reset", "delivery.report.only.error", "enabled_events", "enable_sasl_queue",
    };

    // librdkafka refuses these beside the other protocol.
    private static readonly string[] ClassicOnly =
        ["session.timeout.ms", "heartbeat.interval.ms", "partition.assignment.strategy", "group.protocol.type"];

    private static readonly string[] ConsumerOnly =
    [
        "group.", "partition.assignment.strategy", "session.timeout.ms", "heartbeat.interval.ms", "max.poll.interval.ms",
        "queued.", "fetch.", "max.partition.fetch.bytes", "check.crcs", "auto.commit.interval.ms",
    ];

    private static readonly string[] ProducerOnly =
    [
        "transaction.timeout.ms", "queue.buffering.", "linger.ms", "batch.", "compression.", "partitioner",
        "message.timeout.ms", "delivery.timeout.ms", "retries", "message.send.max.retries", "sticky.partitioning.linger.ms",
        "request.timeout.ms", "enable.gapless.guarantee",
    ];

    /// <summary>True for properties the guarantees rest on: the stream sets them itself.</summary>
    public static bool IsReserved(string property) => Reserved.Contains(property);

    /// <summary>Properties that do not go with the group protocol (KIP-848), and why.</summary>
    /// <param name="properties">librdkafka property names and values.</param>
    public static IEnumerable<KeyValuePair<string, string>> FindConflicts(IReadOnlyDictionary<string, string> properties)
    {
        ArgumentNullException.ThrowIfNull(properties);
        if (UsesConsumerProtocol(properties))
        {
            foreach (var property in ClassicOnly)
            {
                if (!properties.ContainsKey(property)) continue;
                yield return KeyValuePair.Create(
                    property, "cannot be set with group.protocol=consumer: the broker decides it for the group (kafka-configs.sh --entity-type groups)");
            }
        }
        else if (properties.ContainsKey("group.remote.assignor"))
        {
            yield return KeyValuePair.Create("group.remote.assignor", "is for group.protocol=consumer: set that too, or leave this out");
        }
    }

    internal static bool UsesConsumerProtocol(IReadOnlyDictionary<string, string> properties) =>
        properties.TryGetValue("group.protocol", out var protocol) && protocol.Equals("consumer", StringComparison.OrdinalIgnoreCase);

    /// <summary>Sets those properties that a client of this type knows; reserved ones are left as they are.</summary>
    /// <param name="config">A consumer's, a producer's or an admin client's configuration.</param>
    /// <param name="properties">librdkafka property names and values.</param>
    public static void Apply(ClientConfig config, IReadOnlyDictionary<string, string> properties)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(properties);
        foreach (var (key, value) in properties)
        {
            if (IsReserved(key)) continue;
            if (config is not ConsumerConfig && StartsWithAny(key, ConsumerOnly)) continue;
            if (config is not ProducerConfig && StartsWithAny(key, ProducerOnly)) continue;
            config.Set(key, value);
        }
    }

    private static bool StartsWithAny(string key, string[] prefixes)
    {
        foreach (var prefix in prefixes)
        {
            if (key.StartsWith(prefix, StringComparison.Ordinal)) return true;
        }
        return false;
    }
}
