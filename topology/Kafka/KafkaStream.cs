using Microsoft.Extensions.Logging;
using StreamScoring.Topology.Execution;
using StreamScoring.Topology.Kafka.Internal;
using StreamScoring.Topology.Kafka.Replies;
using StreamScoring.Topology.Replies;

namespace StreamScoring.Topology.Kafka;

/// <summary>
/// A topology running against a Kafka: one consumer, one producer, a few scorer threads. Start the same program again,
/// with the same group, to share the partitions.
/// </summary>
public sealed class KafkaStream : IDisposable
{
    /// <summary>Name of the stream's <c>Meter</c> and <c>ActivitySource</c>.</summary>
    public const string TelemetryName = "StreamScoring";

    private readonly KafkaStreamOptions _options;
    private readonly SubTopologyLane[] _lanes;
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    private readonly StreamTelemetry _telemetry;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private readonly ReplyDesk? _replies;
    private readonly AnswerFailures? _answerFailures;
    private readonly TopologyTopics? _topics;
    private readonly TopicLimits _limits;
    private StreamWorker? _worker;
    private KafkaStreamState _state;
    private UncaughtExceptionResponse? _answer;
    private long _earlierCommits;
    private long _earlierAborts;

    /// <summary>A stream of the given sub-topologies; nothing is connected yet.</summary>
    /// <param name="executors">The sub-topologies to run. Disposed with the stream.</param>
    /// <param name="options">Validated here.</param>
    /// <param name="loggerFactory">Where log messages go.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="ArgumentException">The options have mistakes; the message names them all.</exception>
    public KafkaStream(
        IReadOnlyList<IBatchExecutor> executors, KafkaStreamOptions options, ILoggerFactory loggerFactory, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(executors);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(loggerFactory);
        var mistakes = options.Validate();
        if (mistakes.Count > 0) throw new ArgumentException(string.Join(Environment.NewLine, mistakes), nameof(options));
        if (executors.Count == 0) throw new ArgumentException("The topology reads no topic.", nameof(executors));

        _options = options;
        _limits = new TopicLimits(options);
        _logger = loggerFactory.CreateLogger<KafkaStream>();
        _time = time;
        if (options.Replies is { AllowedTopics.Count: > 0 } replies)
        {
            var replyTelemetry = new ReplyTelemetry(_logger, time);
            var topics = new KafkaReplyTopics(options, replyTelemetry, time);
            _replies = new ReplyDesk(replies, executors, topics, TopicLimits.LargestOf(options), replyTelemetry, time);
            _answerFailures = new AnswerFailures(topics, replyTelemetry);
        }
        _lanes = new SubTopologyLane[executors.Count];
        for (var i = 0; i < executors.Count; i++)
            _lanes[i] = new SubTopologyLane(_replies is null ? executors[i] : new ReplyingExecutor(executors[i], _replies));
        _telemetry = new StreamTelemetry(GetSnapshot);
    }

    /// <summary>
    /// A stream of a topology. At its start it creates the topology's repartition topics where they are missing, and it
    /// finds out by itself how many partitions topics have; nothing is connected yet.
    /// </summary>
    /// <param name="topology">What to run.</param>
    /// <param name="options">Validated here.</param>
    /// <param name="loggerFactory">Where log messages go.</param>
    /// <param name="time">The clock.</param>
    /// <param name="executors">
    /// How records are handled: dead-letter topic, exception handlers. Null: the defaults, with this logger and clock.
    /// </param>
    /// <exception cref="ArgumentException">The options have mistakes; the message names them all.</exception>
    /// <exception cref="TopologyException">The executor options do not fit the topology; carries every mistake.</exception>
    public KafkaStream(
        StreamTopology topology, KafkaStreamOptions options, ILoggerFactory loggerFactory, TimeProvider time,
        ExecutorOptions? executors = null)
        : this(topology, options, loggerFactory, time, executors, TopicsOf(topology, options, loggerFactory, time))
    {
    }

    private KafkaStream(
        StreamTopology topology, KafkaStreamOptions options, ILoggerFactory loggerFactory, TimeProvider time,
        ExecutorOptions? executors, TopologyTopics topics)
        : this(topology.CreateExecutors(ExecutorsOf(executors, topics, loggerFactory, time)), options, loggerFactory, time) =>
        _topics = topics;

    /// <summary>Raised after every change of <see cref="State"/>, on one of the stream's threads: return soon.</summary>
    public event Action<KafkaStreamState>? StateChanged;

    /// <summary>Where the stream is in its life.</summary>
    public KafkaStreamState State
    {
        get { lock (_lock) return _state; }
    }

    /// <summary>What the stream is doing now. Cheap enough to ask a few times a second.</summary>
    public KafkaStreamSnapshot GetSnapshot()
    {
        KafkaStreamState state;
        StreamWorker? worker;
        long commits, aborts;
        lock (_lock)
        {
            (state, worker) = (_state, _worker);
            (commits, aborts) = (_earlierCommits + (worker?.Commits ?? 0), _earlierAborts + (worker?.Aborts ?? 0));
        }
        var owned = worker?.Ownership.Current ?? [];
        var subTopologies = new SubTopologySnapshot[_lanes.Length];
        for (var i = 0; i < _lanes.Length; i++) subTopologies[i] = _lanes[i].Snapshot(owned);
        return new KafkaStreamSnapshot(state, subTopologies, commits, aborts);
    }

    /// <summary>Whether the stream is alive and ready, for health checks. Any thread.</summary>
    public KafkaStreamHealth GetHealth()
    {
        KafkaStreamState state;
        StreamWorker? worker;
        lock (_lock) (state, worker) = (_state, _worker);
        if (state == KafkaStreamState.Error) return new KafkaStreamHealth(false, false, "the stream has failed");
        if (worker?.Watch.FindStalled(_options.StallTimeout) is { } stalled) return new KafkaStreamHealth(false, false, stalled);
        if (state is KafkaStreamState.Running or KafkaStreamState.Rebalancing && worker?.FindTrouble(state == KafkaStreamState.Running) is { } trouble)
            return new KafkaStreamHealth(true, false, trouble);
        return state switch
        {
            KafkaStreamState.Running => new KafkaStreamHealth(true, true, "running"),
            KafkaStreamState.Rebalancing => new KafkaStreamHealth(true, false, "waiting for partitions to be assigned"),
            KafkaStreamState.Created => new KafkaStreamHealth(true, false, "starting"),
            _ => new KafkaStreamHealth(true, false, "stopping"),
        };
    }

    /// <summary>
    /// Runs until cancelled, then stops cleanly: batches that a scorer has begun are finished and committed, the rest
    /// stays uncommitted, the group is left.
    /// </summary>
    /// <returns>Completes after the clean stop.</returns>
    /// <exception cref="KafkaStreamException">The stream cannot go on; nothing unfinished was committed.</exception>
    /// <exception cref="StreamProcessingException">A node failed and its handler answered FAIL.</exception>
    public Task RunAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (_state != KafkaStreamState.Created) throw new InvalidOperationException("A stream runs once: make a new one.");
            _state = KafkaStreamState.Rebalancing;
        }
        StateChanged?.Invoke(KafkaStreamState.Rebalancing);

        var completion = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(() => RunUntilStopped(completion, cancellationToken)) { Name = "streamscoring consumer" };
        thread.Start();
        return completion.Task;
    }

    /// <summary>Frees the executors. Stop the stream first.</summary>
    public void Dispose()
    {
        _telemetry.Dispose();
        foreach (var lane in _lanes) lane.Executor.Dispose();
        _replies?.Dispose();
        _stop.Dispose();
    }

    private void RunUntilStopped(TaskCompletionSource completion, CancellationToken cancellationToken)
    {
        using var registration = cancellationToken.Register(static state => ((KafkaStream)state!).RequestStop(), this);
        var failure = RunWorkers();
        if (failure is null)
        {
            SetState(KafkaStreamState.NotRunning);
            completion.SetResult();
        }
        else
        {
            KafkaLog.Failed(_logger, failure, _options.GroupId);
            SetState(KafkaStreamState.Error);
            completion.SetException(failure);
        }
    }

    /// <summary>Runs one worker after the other, until one is stopped or must not be replaced.</summary>
    /// <returns>Why the stream ends, or null where it was asked to.</returns>
    private Exception? RunWorkers()
    {
        try
        {
            using var name = InstanceName.Acquire(_options, _logger);
            KafkaLog.Starting(
                _logger, _options.GroupId, _options.Guarantee, _options.ScorerThreads, string.Join(", ", _lanes.Select(lane => lane.Name)));
            using var attempts = AttemptsJournal.Open(
                _options, name.Value, [.. _lanes.SelectMany(lane => lane.Executor.SourceTopics)], _logger);
            _topics?.Prepare(_stop.Token);
            var pause = FirstPause;
            while (true)
            {
                var startedAt = _time.GetTimestamp();
                if (RunWorker($"{_options.GroupId}-{name.Value}", attempts) is not { } failure) return null;
                if (AnswerTo(failure) == UncaughtExceptionResponse.ShutdownClient) return failure;

                if (_time.GetElapsedTime(startedAt) > LongestPause) pause = FirstPause;
                KafkaLog.WorkerReplaced(_logger, failure, _options.GroupId, pause.TotalSeconds);
                if (_stop.Token.WaitHandle.WaitOne(pause)) return null;
                pause = pause * 2 > LongestPause ? LongestPause : pause * 2;
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // Stopped while it waited for a broker.
            return null;
        }
        catch (Exception exception)
        {
            return exception;
        }
    }

    private Exception? RunWorker(string transactionalId, AttemptsJournal? attempts)
    {
        using var worker = new StreamWorker(
            _options, _lanes, _limits, attempts, _telemetry, SetState, _logger, _time, _answerFailures, _stop.Token);
        _answer = null;
        lock (_lock) _worker = worker;
        var failure = worker.Run(transactionalId, WindUp);
        lock (_lock)
        {
            _earlierCommits += worker.Commits;
            _earlierAborts += worker.Aborts;
            _worker = null;
        }
        return failure;
    }

    private void WindUp(Exception? failure) => SetState(
        failure is not null && AnswerTo(failure) == UncaughtExceptionResponse.ReplaceThread
            ? KafkaStreamState.Rebalancing
            : KafkaStreamState.PendingShutdown);

    /// <summary>Asks once for each worker: it may fail again while it winds up.</summary>
    private UncaughtExceptionResponse AnswerTo(Exception failure) =>
        _answer ??= _stop.IsCancellationRequested ? UncaughtExceptionResponse.ShutdownClient : AskHandler(failure);

    private UncaughtExceptionResponse AskHandler(Exception failure)
    {
        if (failure is TopicLimitException) return UncaughtExceptionResponse.ReplaceThread;
        try
        {
            return _options.UncaughtExceptionHandler?.Invoke(failure) ?? UncaughtExceptionResponse.ShutdownClient;
        }
        catch (Exception exception)
        {
            KafkaLog.HandlerFailed(_logger, exception);
            return UncaughtExceptionResponse.ShutdownClient;
        }
    }

    private static TopologyTopics TopicsOf(
        StreamTopology topology, KafkaStreamOptions options, ILoggerFactory loggerFactory, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(topology);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(loggerFactory);
        return new TopologyTopics(topology, options, loggerFactory.CreateLogger<KafkaStream>(), time);
    }

    private static ExecutorOptions ExecutorsOf(
        ExecutorOptions? given, TopologyTopics topics, ILoggerFactory loggerFactory, TimeProvider time)
    {
        var options = given ?? new ExecutorOptions { LoggerFactory = loggerFactory, TimeProvider = time };
        return options.PartitionCount is null ? options with { PartitionCount = topics.PartitionsOf } : options;
    }

    private void RequestStop()
    {
        try
        {
            _stop.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // Stopped and disposed already.
        }
    }

    private void SetState(KafkaStreamState state)
    {
        lock (_lock)
        {
            if (_state == state) return;
            _state = state;
        }
        StateChanged?.Invoke(state);
    }
}
