namespace StreamScoring.Testing.Brokers;

/// <summary>A running Kafka that tests can use.</summary>
public interface IKafkaBroker
{
    /// <summary>Which Kafka this is, for messages: "embedded", "KAFKA_HOME=/opt/kafka", …</summary>
    string Name { get; }

    /// <summary>host:port[,host:port…]: what clients take as <c>bootstrap.servers</c>.</summary>
    string BootstrapServers { get; }

    /// <summary>Creates a topic and waits until every partition has a leader.</summary>
    /// <param name="name">Topic name; it must not exist.</param>
    /// <param name="partitions">Number of partitions, at least 1.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <exception cref="Confluent.Kafka.KafkaException">The topic exists or the broker refused it.</exception>
    /// <exception cref="TimeoutException">No leader after 30 seconds.</exception>
    Task CreateTopicAsync(string name, int partitions, CancellationToken cancellationToken = default);
}
