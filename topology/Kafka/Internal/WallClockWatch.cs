using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace StreamScoring.Topology.Kafka.Internal;

/// <summary>
/// Sees when the machine's clock is set back, and wakes the clients. librdkafka waits until a time of the wall clock
/// (librdkafka issue 2145, so in 2.15.1): its threads would stand still for as long as the clock was set back, without
/// heartbeats. Each thread that is woken looks at the clock anew.
/// </summary>
internal sealed class WallClockWatch : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Tolerance = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Func<IEnumerable<Handle?>> _clients;
    private readonly ITimer _timer;
    private Task _waking = Task.CompletedTask;
    private DateTimeOffset _wall;
    private long _monotonic;

    internal WallClockWatch(TimeProvider time, ILogger logger, Func<IEnumerable<Handle?>> clients)
    {
        (_time, _logger, _clients) = (time, logger, clients);
        (_wall, _monotonic) = (time.GetUtcNow(), time.GetTimestamp());
        _timer = time.CreateTimer(static state => ((WallClockWatch)state!).Look(), this, Interval, Interval);
    }

    /// <summary>Before the clients are freed.</summary>
    public void Dispose()
    {
        _timer.Dispose();
        _waking.Wait(Timeout + Interval);
    }

    /// <summary>Wakes a client's main thread and one of its connections, by asking a broker something.</summary>
    private static void Wake(Handle client)
    {
        try
        {
            using var admin = new DependentAdminClientBuilder(client).Build();
            admin.GetMetadata(Timeout);
        }
        catch (Exception exception) when (exception is KafkaException or ObjectDisposedException)
        {
            // No broker answers, or the client was replaced: then it is awake.
        }
    }

    private void Look()
    {
        var (wall, monotonic) = (_time.GetUtcNow(), _time.GetTimestamp());
        var setBy = wall - _wall - _time.GetElapsedTime(_monotonic, monotonic);
        (_wall, _monotonic) = (wall, monotonic);
        if (setBy > -Tolerance) return;
        KafkaLog.ClockSetBack(_logger, -setBy.TotalSeconds);
        _waking = Task.WhenAll(_clients().OfType<Handle>().Select(static client => Task.Run(() => Wake(client))));
    }
}
