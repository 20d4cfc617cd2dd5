using StreamScoring.Testing.Internal;

namespace StreamScoring.Testing.Brokers;

/// <summary>
/// Finds this machine's Apache Kafka: the cluster at <c>KAFKA_BOOTSTRAP_SERVERS</c>, else a broker of our own from the
/// distribution in <c>KAFKA_HOME</c>, else one from docker-compose.kafka.yml where a Docker engine answers.
/// </summary>
public sealed class RealKafka : IAsyncDisposable
{
    private readonly IAsyncDisposable? _owned;

    private RealKafka(IKafkaBroker? broker, string whyNone, IAsyncDisposable? owned)
    {
        Broker = broker;
        WhyNone = whyNone;
        _owned = owned;
    }

    /// <summary>The broker, started and answering; null where there is none.</summary>
    public IKafkaBroker? Broker { get; }

    /// <summary>Why there is none, and what to do; empty where there is one.</summary>
    public string WhyNone { get; }

    /// <summary>Finds, starts and waits for it.</summary>
    /// <exception cref="InvalidOperationException">
    /// What the environment names does not work: that is a mistake, not a machine without Kafka.
    /// </exception>
    public static async Task<RealKafka> ResolveAsync(CancellationToken cancellationToken = default)
    {
        if (Environment.GetEnvironmentVariable(ExternalKafkaBroker.Variable) is { Length: > 0 } servers)
        {
            return new RealKafka(await ExternalKafkaBroker.ConnectAsync(servers, cancellationToken), "", null);
        }

        if (KafkaHome.Find(out var home, out var why))
        {
            var broker = await KafkaHomeBroker.StartAsync(new KafkaHomeOptions { Home = home }, cancellationToken);
            return new RealKafka(broker, "", broker);
        }

        var compose = await ComposeKafkaBroker.TryStartAsync(cancellationToken);
        if (compose.Broker is { } composed) return new RealKafka(composed, "", composed);

        return new RealKafka(
            null, $"no real Kafka: {ExternalKafkaBroker.Variable} is not set, {why}, {compose.WhyNone}", null);
    }

    /// <summary>Stops the broker if it is ours.</summary>
    public ValueTask DisposeAsync() => _owned?.DisposeAsync() ?? default;
}
