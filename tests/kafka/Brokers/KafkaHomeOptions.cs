namespace StreamScoring.Testing.Brokers;

/// <summary>How a <see cref="KafkaHomeBroker"/> is set up.</summary>
public sealed record KafkaHomeOptions
{
    /// <summary>Folder of an Apache Kafka 4 distribution. Default: the environment variable <c>KAFKA_HOME</c>.</summary>
    public string? Home { get; init; }

    /// <summary>Broker settings that replace or add to those of <c>server.properties</c>. Default: none.</summary>
    public IReadOnlyDictionary<string, string> Properties { get; init; } = new Dictionary<string, string>();

    /// <summary>
    /// Listeners beside the one at <see cref="KafkaHomeBroker.BootstrapServers"/>, which asks for nothing: name to security
    /// protocol (SSL, SASL_PLAINTEXT, SASL_SSL). Each gets a port of its own. Certificates and users are
    /// <see cref="Properties"/>, <c>listener.name.{name in lower case}.…</c>. Default: none.
    /// </summary>
    public IReadOnlyDictionary<string, string> Listeners { get; init; } = new Dictionary<string, string>();

    /// <summary>
    /// Where clients are told to connect, on 127.0.0.1, given the broker's own port: a proxy's port. It must lead to the
    /// broker from then on, since clients that look whether the broker answers go there too. Default: the broker's own.
    /// </summary>
    public Func<int, int>? AdvertisedPort { get; init; }

    /// <summary>How long the broker may take to answer. Default 90 seconds.</summary>
    public TimeSpan StartTimeout { get; init; } = TimeSpan.FromSeconds(90);
}
