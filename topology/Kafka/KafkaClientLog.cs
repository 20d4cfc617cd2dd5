using Confluent.Kafka;
using Microsoft.Extensions.Logging;
using StreamScoring.Topology.Kafka.Internal;

namespace StreamScoring.Topology.Kafka;

/// <summary>
/// What librdkafka reports by its callbacks, brought to a logger. A broker that is away is reported many times a second:
/// the same error of the same client is logged once in half a minute.
/// </summary>
/// <param name="logger">Where it goes.</param>
/// <param name="time">The clock.</param>
/// <param name="refused">
/// Called, on a thread of librdkafka's or the poll's, each time that broker and client do not accept each other's credentials
/// or certificates.
/// </param>
public sealed class KafkaClientLog(ILogger logger, TimeProvider time, Action<Error>? refused = null)
{
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Recent = TimeSpan.FromSeconds(15);
    private readonly Lock _lock = new();
    private readonly Dictionary<(string Client, ErrorCode Code), long> _logged = [];
    private string? _reason;
    private long _reasonAt;

    /// <summary>The reason of the latest error, null before the first.</summary>
    public string? LastError { get; private set; }

    /// <summary>
    /// The latest reason, other than that all brokers are down, where it was given a moment ago: an error that lasts is
    /// reported every second or so.
    /// </summary>
    internal string? RecentError
    {
        get
        {
            lock (_lock) return time.GetElapsedTime(_reasonAt) < Recent ? _reason : null;
        }
    }

    /// <summary>
    /// The latest error by which broker and client did not accept each other's credentials or certificates; null before the
    /// first.
    /// </summary>
    public Error? LastRefusal { get; private set; }

    /// <summary>For <c>SetErrorHandler</c>.</summary>
    /// <param name="client">Which client, in words.</param>
    /// <param name="error">What it reports.</param>
    public void Error(string client, Error error)
    {
        ArgumentNullException.ThrowIfNull(error);
        if (AccessRefusal.IsOfCredentials(error))
        {
            LastRefusal = error;
            refused?.Invoke(error);
        }
        lock (_lock)
        {
            LastError = error.Reason;
            var now = time.GetTimestamp();
            if (error.Code != ErrorCode.Local_AllBrokersDown) (_reason, _reasonAt) = (error.Reason, now);
            if (_logged.TryGetValue((client, error.Code), out var before) && time.GetElapsedTime(before, now) < Silence) return;
            _logged[(client, error.Code)] = now;
        }
        // A broker that is away comes back by itself; what needs somebody to act is louder.
        if (error.Code is ErrorCode.Local_AllBrokersDown or ErrorCode.Local_Transport or ErrorCode.Local_Resolve or ErrorCode.Local_TimedOut)
        {
            KafkaLog.ClientDisconnected(logger, client, error.Code, error.Reason);
        }
        else
        {
            KafkaLog.ClientError(logger, client, error.Code, error.Reason);
        }
    }

    /// <summary>For <c>SetLogHandler</c>.</summary>
    /// <param name="message">librdkafka's own log line.</param>
    public void Log(LogMessage message)
    {
        ArgumentNullException.ThrowIfNull(message);
        KafkaLog.ClientLog(logger, message.Facility, message.Message);
    }
}
