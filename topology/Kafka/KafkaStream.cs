using Confluent.Kafka;
using Microsoft.Extensions.Logging;
using StreamScoring.Topology.Execution;
using StreamScoring.Topology.Kafka.Internal;

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
    private readonly PartitionOwnership _ownership = new();
    private readonly BatchPipeline _pipeline;
    private readonly StreamTelemetry _telemetry;
    private readonly ILogger _logger;
    private readonly KafkaClientLog _clientLog;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationTokenSource _abandon = new();
    private readonly Lock _lock = new();
    private ICommitter? _committer;
    private ConsumerLoop? _loop;
    private volatile Exception? _failure;
    private KafkaStreamState _state;
    private bool _isAssigned;

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
        _logger = loggerFactory.CreateLogger<KafkaStream>();
        _time = time;
        _clientLog = new KafkaClientLog(_logger, time);
        _lanes = new SubTopologyLane[executors.Count];
        for (var i = 0; i < executors.Count; i++) _lanes[i] = new SubTopologyLane(executors[i]);
        _pipeline = new BatchPipeline(_lanes, options);
        _telemetry = new StreamTelemetry(GetSnapshot);
    }

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
        var owned = _ownership.Current;
        var subTopologies = new SubTopologySnapshot[_lanes.Length];
        for (var i = 0; i < _lanes.Length; i++) subTopologies[i] = _lanes[i].Snapshot(owned);
        var committer = Volatile.Read(ref _committer);
        return new KafkaStreamSnapshot(State, subTopologies, committer?.Commits ?? 0, committer?.Aborts ?? 0);
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
        var thread = new Thread(() => RunConsumerThread(completion, cancellationToken)) { Name = "streamscoring consumer" };
        thread.Start();
        return completion.Task;
    }

    /// <summary>Frees the executors. Stop the stream first.</summary>
    public void Dispose()
    {
        _telemetry.Dispose();
        foreach (var lane in _lanes) lane.Executor.Dispose();
        _stop.Dispose();
        _abandon.Dispose();
    }

    private void RunConsumerThread(TaskCompletionSource completion, CancellationToken cancellationToken)
    {
        using var registration = cancellationToken.Register(static state => ((KafkaStream)state!).RequestStop(), this);
        try
        {
            using var name = InstanceName.Acquire(_options, _logger);
            using var consumer = BuildConsumer();
            var guard = new OutputGuard(_options, _telemetry, _logger);
            using ICommitter committer = _options.Guarantee == ProcessingGuarantee.ExactlyOnce
                ? new ExactlyOnceCommitter(
                    _options, $"{_options.GroupId}-{name.Value}", consumer, _ownership, _pipeline, guard, _telemetry, _logger, _time)
                : new AtLeastOnceCommitter(_options, consumer, _ownership, _pipeline, guard, _clientLog);
            Run(consumer, committer);
        }
        catch (Exception exception)
        {
            Fail(exception);
        }

        if (_failure is null)
        {
            SetState(KafkaStreamState.NotRunning);
            completion.SetResult();
        }
        else
        {
            KafkaLog.Failed(_logger, _failure, _options.GroupId);
            SetState(KafkaStreamState.Error);
            completion.SetException(_failure);
        }
    }

    private void Run(IConsumer<byte[]?, byte[]?> consumer, ICommitter committer)
    {
        KafkaLog.Starting(
            _logger, _options.GroupId, _options.Guarantee, _options.ScorerThreads, string.Join(", ", _lanes.Select(lane => lane.Name)));
        // 1. The producer first: whoever owns partitions must be able to commit.
        committer.Connect();
        Volatile.Write(ref _committer, committer);
        var scorers = new ScorerThreads(_options.ScorerThreads, _pipeline, _telemetry, _time, _abandon.Token);
        var producerThread = new Thread(() => RunProducerThread(committer)) { IsBackground = true, Name = "streamscoring producer" };
        scorers.Start();
        producerThread.Start();

        _loop = new ConsumerLoop(consumer, _ownership, _pipeline, _lanes, _logger, _time);
        try
        {
            // 2. Poll until a stop or a failure.
            _loop.Run(_stop.Token);
        }
        catch (Exception exception)
        {
            Fail(exception);
        }

        // 3. Finish what scorers have begun; what they have not stays uncommitted.
        SetState(KafkaStreamState.PendingShutdown);
        _loop.DropGathered();
        _pipeline.DropWaiting();
        if (_failure is null)
        {
            _pipeline.BeginDrain();
            _pipeline.WaitFor(pipeline => pipeline.IsEmpty || _failure is not null, _options.DrainTimeout);
        }
        _abandon.Cancel();
        _pipeline.Close();
        producerThread.Join();
        scorers.Join();

        // 4. Leave the group: runs the revocation callback.
        var left = _ownership.Current.Sum(owned => owned.InFlight);
        consumer.Close();
        KafkaLog.Stopped(_logger, _options.GroupId, left);
    }

    private void RunProducerThread(ICommitter committer)
    {
        try
        {
            committer.Run();
        }
        catch (Exception exception) when (exception is OperationCanceledException && _abandon.IsCancellationRequested)
        {
            // A batch that a stop cut short: uncommitted, read again by the next owner.
        }
        catch (Exception exception)
        {
            Fail(exception);
        }
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

    private void Fail(Exception exception)
    {
        lock (_lock) _failure ??= exception;
        RequestStop();
        _pipeline.Pulse();
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

    private IConsumer<byte[]?, byte[]?> BuildConsumer() =>
        new ConsumerBuilder<byte[]?, byte[]?>(ClientConfigs.Consumer(_options))
            .SetErrorHandler((_, error) => _clientLog.Error("consumer", error))
            .SetLogHandler((_, message) => _clientLog.Log(message))
            .SetPartitionsAssignedHandler((_, partitions) => Guarded(() => Assigned(partitions)))
            .SetPartitionsRevokedHandler((_, partitions) => Guarded(() => Revoked(partitions)))
            .SetPartitionsLostHandler((_, partitions) => Guarded(() => Lost(partitions)))
            .Build();

    // A handler that throws makes Consume destroy the record it holds: nothing may leave it.
    private void Guarded(Action handler)
    {
        try
        {
            handler();
        }
        catch (Exception exception)
        {
            Fail(exception);
        }
    }

    private void Assigned(List<TopicPartition> partitions)
    {
        ChangeTasks(partitions, static (executor, numbers) => executor.OpenTasks(numbers));
        foreach (var partition in partitions) _ownership.Assign(partition, _loop!.LaneOf(partition.Topic));
        KafkaLog.Assigned(_logger, Names(partitions));
        _isAssigned = true;
        SetStateWhileAlive(KafkaStreamState.Running);
    }

    private void Revoked(List<TopicPartitionOffset> offsets)
    {
        var partitions = offsets.ConvertAll(offset => offset.TopicPartition);
        if (_isAssigned) SetStateWhileAlive(KafkaStreamState.Rebalancing);
        // 1. Everything gathered goes to the scorers and through a commit: less to do again for the next owner.
        _loop!.FlushGathered();
        _pipeline.BeginDrain();
        var going = _ownership.Current.Where(owned => partitions.Contains(owned.TopicPartition)).ToArray();
        _pipeline.WaitFor(_ => going.All(owned => owned.InFlight == 0) || _stop.IsCancellationRequested, _options.DrainTimeout);
        _pipeline.EndDrain();
        // 2. Close the gate: from here on nothing of these partitions is committed.
        _ownership.Lose(partitions);
        ChangeTasks(partitions, static (executor, numbers) => executor.CloseTasks(numbers));
        KafkaLog.Revoked(_logger, Names(partitions), going.Sum(owned => owned.InFlight));
    }

    private void Lost(List<TopicPartitionOffset> offsets)
    {
        var partitions = offsets.ConvertAll(offset => offset.TopicPartition);
        SetStateWhileAlive(KafkaStreamState.Rebalancing);
        _ownership.Lose(partitions);
        // Gathered records of partitions that stay must go on; those of the lost ones are dropped at the commit.
        _loop!.FlushGathered();
        ChangeTasks(partitions, static (executor, numbers) => executor.CloseTasks(numbers));
        KafkaLog.Lost(_logger, Names(partitions));
    }

    private static string Names(List<TopicPartition> partitions) =>
        string.Join(", ", partitions.ConvertAll(static partition => $"{partition.Topic}-{partition.Partition.Value}"));

    private void SetStateWhileAlive(KafkaStreamState state)
    {
        if (!_stop.IsCancellationRequested) SetState(state);
    }

    // Tasks hold processors with state: they are opened and closed by the thread that runs them, in order with batches.
    // A task is a partition number; it lives as long as any source topic's partition of that number is owned.
    private void ChangeTasks(List<TopicPartition> partitions, Action<IBatchExecutor, IReadOnlyCollection<int>> change)
    {
        foreach (var lane in _lanes)
        {
            if (lane.Executor.IsStateless) continue;
            var numbers = partitions
                .Where(partition => lane.Executor.SourceTopics.Contains(partition.Topic))
                .Select(partition => partition.Partition.Value).Distinct()
                .Where(number => !_ownership.Current.Any(
                    owned => owned.Lane == lane && owned.TopicPartition.Partition.Value == number)).ToArray();
            if (numbers.Length == 0) continue;
            if (_pipeline.IsClosed)
            {
                change(lane.Executor, numbers);
                continue;
            }
            _pipeline.Dispatch(new RecordBatch(lane, executor =>
            {
                change(executor, numbers);
                return [];
            }));
        }
    }
}
