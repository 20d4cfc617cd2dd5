using Xunit;

namespace StreamScoring.Testing.Brokers;

/// <summary>
/// The brokers that the tests of an assembly share: <c>[assembly: AssemblyFixture(typeof(KafkaFixture))]</c>. Each is
/// started when the first test asks for it, so that a run without Kafka tests starts none.
/// </summary>
public sealed class KafkaFixture : IAsyncDisposable
{
    private readonly SemaphoreSlim _gate = new(1);
    private EmbeddedKafkaBroker? _embedded;
    private RealKafka? _real;

    /// <summary>The shared broker of that kind; the test is skipped with the reason where there is none.</summary>
    public async ValueTask<IKafkaBroker> UseAsync(KafkaKind kind)
    {
        await _gate.WaitAsync(TestContext.Current.CancellationToken);
        try
        {
            if (kind == KafkaKind.Embedded) return _embedded ??= new EmbeddedKafkaBroker();
            _real ??= await RealKafka.ResolveAsync();
        }
        finally
        {
            _gate.Release();
        }

        if (_real.Broker is null) Assert.Skip(_real.WhyNone);
        return _real.Broker;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _embedded?.Dispose();
        if (_real is not null) await _real.DisposeAsync();
        _gate.Dispose();
    }
}
