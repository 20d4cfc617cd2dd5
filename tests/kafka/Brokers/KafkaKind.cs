namespace StreamScoring.Testing.Brokers;

/// <summary>The two sorts of Kafka that a test can run on.</summary>
public enum KafkaKind
{
    /// <summary>The broker inside the test process; always there.</summary>
    Embedded,

    /// <summary>Apache Kafka, where this machine has one; see <see cref="RealKafka"/>.</summary>
    Real,
}
