using Confluent.Kafka;
using Microsoft.Extensions.Logging;
using StreamScoring.App.Kafka;
using StreamScoring.Topology.Sinks;

namespace StreamScoring.App.Sinks;

/// <summary>
/// Feeds one sink from its topics, in a consumer group of its own: processes of one stream share the work, and a sink
/// that is down pauses alone. What is written is decided by the sink's stored positions, never by the group's offsets;
/// those are committed for people who look at lag.
/// </summary>
internal sealed class SinkRunner : IDisposable
{
    private static readonly TimeSpan FirstBackoff = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LongestBackoff = TimeSpan.FromSeconds(30);

    private readonly SinkRunnerOptions _options;
    private readonly Func<ISink> _create;
    private readonly KafkaClients _clients;
    private readonly RecordDecoder _decode;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _drain = new();
    private readonly CancellationTokenSource _abandon = new();
    private readonly Dictionary<SinkPartition, long> _gapEnds = [];
    private SinkSession? _session;
    private string? _trouble;
    private long _written;
    private long _rejected;

    /// <summary>A runner that is not started.</summary>
    /// <param name="options">Name, topics, group, batch bounds.</param>
    /// <param name="create">Makes the sink; called again after each failure.</param>
    /// <param name="clients">How to connect.</param>
    /// <param name="decode">From a record to an article.</param>
    /// <param name="logger">Where messages go.</param>
    /// <param name="time">The clock.</param>
    internal SinkRunner(
        SinkRunnerOptions options, Func<ISink> create, KafkaClients clients, RecordDecoder decode, ILogger logger, TimeProvider time)
    {
        (_options, _create, _clients, _decode, _logger, _time) = (options, create, clients, decode, logger, time);
    }

    /// <summary>Where the runner stands. Cheap; may be asked from any thread.</summary>
    internal SinkSnapshot GetSnapshot() => new(
        _options.Name, _options.Target, Interlocked.Read(ref _written), Interlocked.Read(ref _rejected),
        Volatile.Read(ref _session)?.Lag ?? -1, Volatile.Read(ref _trouble));

    /// <summary>Runs until <see cref="DrainAsync"/> or until cancelled; never throws for a sink's sake.</summary>
    internal Task RunAsync(CancellationToken cancellationToken)
    {
        cancellationToken.UnsafeRegister(static state => ((CancellationTokenSource)state!).Cancel(), _abandon);
        return Task.Factory.StartNew(Run, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    /// <summary>Writes what is in the topics now, then stops.</summary>
    /// <param name="running">What <see cref="RunAsync"/> gave.</param>
    /// <param name="budget">How long to go on, at most.</param>
    internal async Task DrainAsync(Task running, TimeSpan budget)
    {
        _abandon.CancelAfter(budget);
        await _drain.CancelAsync();
        await running;
    }

    /// <summary>Frees what is left after the end of <see cref="RunAsync"/>.</summary>
    public void Dispose()
    {
        _drain.Dispose();
        _abandon.Dispose();
    }

    private void Run()
    {
        AppLog.SinkStarts(_logger, _options.Name, string.Join(", ", _options.Topics), _options.Target);
        var failures = 0;
        while (!_abandon.IsCancellationRequested)
        {
            try
            {
                RunSession(() =>
                {
                    if (failures > 0) AppLog.SinkResumed(_logger, _options.Name, failures);
                    failures = 0;
                    Volatile.Write(ref _trouble, null);
                });
                if (_drain.IsCancellationRequested) break;
            }
            catch (OperationCanceledException) when (_abandon.IsCancellationRequested)
            {
                break;
            }
            catch (SinkGapException gap)
            {
                // Logged where it was found; a new session, because librdkafka cannot seek a partition that has failed.
                _gapEnds[gap.Partition] = gap.End;
            }
            catch (Exception exception)
            {
                // Draining: one more try would only hold up the stop. The records stay in Kafka for the next start.
                var backoff = Backoff(failures++);
                Volatile.Write(ref _trouble, exception.Message);
                AppLog.SinkPaused(_logger, _options.Name, backoff.TotalSeconds, exception.Message);
                if (_drain.IsCancellationRequested) break;
                WaitHandle.WaitAny([_abandon.Token.WaitHandle, _drain.Token.WaitHandle], backoff);
            }
        }
        AppLog.SinkStopped(_logger, _options.Name, Interlocked.Read(ref _written));
    }

    private void RunSession(Action written)
    {
        var sink = _create();
        try
        {
            Wait(sink.OpenAsync(_abandon.Token));
            using var session = new SinkSession(_options, sink, _gapEnds, _clients, _decode, _logger, _time);
            Volatile.Write(ref _session, session);
            session.Run(
                batch =>
                {
                    Interlocked.Add(ref _written, batch.Records.Count);
                    Interlocked.Add(ref _rejected, batch.Records.Count(record => record.Article is null));
                    written();
                },
                _drain.Token, _abandon.Token);
        }
        finally
        {
            Volatile.Write(ref _session, null);
            Wait(sink.DisposeAsync());
        }
    }

    private static TimeSpan Backoff(int failures) =>
        TimeSpan.FromMilliseconds(Math.Min(LongestBackoff.TotalMilliseconds, FirstBackoff.TotalMilliseconds * Math.Pow(2, Math.Min(failures, 16))));

    // The runner's thread is its own: a sink that waits for its database waits here.
    internal static void Wait(ValueTask task) => task.AsTask().GetAwaiter().GetResult();

    /// <summary>Waits for the end of a call, whatever it is.</summary>
    internal static void Settle(Task task) =>
        task.ContinueWith(static ended => _ = ended.Exception, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default).Wait();
}

/// <summary>What a runner does.</summary>
internal sealed record SinkRunnerOptions
{
    /// <summary>Name of the sink.</summary>
    public required string Name { get; init; }

    /// <summary>What people see as its target, e.g. a file name.</summary>
    public required string Target { get; init; }

    /// <summary>Topics to store.</summary>
    public required IReadOnlyList<string> Topics { get; init; }

    /// <summary>Consumer group.</summary>
    public required string GroupId { get; init; }

    /// <summary>Records in one transaction, at most. Default 500.</summary>
    public int MaxBatchRecords { get; init; } = Configuration.SinkSettings.DefaultBatchRecords;

    /// <summary>Value bytes in one transaction, at most; one larger record makes a batch of its own. Default 8 MiB.</summary>
    public long MaxBatchBytes { get; init; } = Configuration.SinkSettings.DefaultBatchBytes;

    /// <summary>How long a record waits for company. Default 200 ms.</summary>
    public TimeSpan Linger { get; init; } = TimeSpan.FromMilliseconds(Configuration.SinkSettings.DefaultBatchLingerMs);
}

/// <summary>A runner at one moment.</summary>
/// <param name="Name">Name of the sink.</param>
/// <param name="Target">What people see as its target.</param>
/// <param name="Written">Records written since the start.</param>
/// <param name="Rejected">Those among them that were no articles.</param>
/// <param name="Lag">Records in its partitions that are not written yet; -1 where that is not known.</param>
/// <param name="Trouble">Why it is paused; null while it works.</param>
internal sealed record SinkSnapshot(string Name, string Target, long Written, long Rejected, long Lag, string? Trouble);

/// <summary>
/// From a record's value and headers to an article, or to the reason why it is none. Throws where that cannot be told
/// now: the sink pauses then and reads the record again.
/// </summary>
internal delegate (Schemas.Article? Article, string? Error) RecordDecoder(byte[]? value, Headers? headers);
