using StreamScoring.Testing.Brokers;
using StreamScoring.Topology.Tests.Kafka.Security;

[assembly: AssemblyFixture(typeof(SecureBroker))]

namespace StreamScoring.Topology.Tests.Kafka.Security;

/// <summary>The broker that these tests share: nobody may do anything there without an ACL.</summary>
public sealed class SecureBroker : IAsyncDisposable
{
    private readonly SemaphoreSlim _gate = new(1);

    internal SecureKafka Kafka { get; } = new();

    internal async Task<SecureKafka> StartOrSkipAsync()
    {
        await _gate.WaitAsync(TestContext.Current.CancellationToken);
        try
        {
            await Kafka.StartOrSkipAsync();
        }
        finally
        {
            _gate.Release();
        }
        return Kafka;
    }

    public async ValueTask DisposeAsync()
    {
        await Kafka.DisposeAsync();
        _gate.Dispose();
    }
}
