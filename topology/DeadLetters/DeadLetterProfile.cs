namespace StreamScoring.Topology.DeadLetters;

/// <summary>Whose headers a dead letter carries. <c>streamscoring_node</c> is added in each.</summary>
public enum DeadLetterProfile
{
    /// <summary>
    /// Kafka Streams, KIP-1034: <c>__streams.errors.exception, .message, .stacktrace, .topic, .partition, .offset</c>,
    /// all UTF-8 text.
    /// </summary>
    KafkaStreams,

    /// <summary>
    /// Spring for Apache Kafka: <c>kafka_dlt-exception-fqcn, -exception-message, -exception-stacktrace,
    /// -original-topic</c> as text; <c>-original-partition</c> (4 bytes), <c>-original-offset</c> and
    /// <c>-original-timestamp</c> (8 bytes) big-endian.
    /// </summary>
    Spring,

    /// <summary>
    /// Kafka Connect, KIP-298: <c>__connect.errors.topic, .partition, .offset, .connector.name, .task.id, .stage,
    /// .class.name, .exception.class.name, .exception.message, .exception.stacktrace</c>, all UTF-8 text. The
    /// connector's name is the node's.
    /// </summary>
    Connect,
}
