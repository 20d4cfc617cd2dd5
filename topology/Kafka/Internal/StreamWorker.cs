using System.Globalization;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;
using StreamScoring.Topology.Execution;
using StreamScoring.Topology.Kafka.Replies;

namespace StreamScoring.Topology.Kafka.Internal;

/// <summary>
/// One life of a stream's threads, from joining the group to leaving it. After a failure a stream may go on with another
/// one; what outlives a worker (counters, executors, the instance's name) is the stream's.
/// </summary>
internal sealed class StreamWorker : IDisposable
{
    private readonly KafkaStreamOptions _options;
    private readonly SubTopologyLane[] _lanes;
    private readonly TopicLimits _limits;
    private readonly BatchPipeline _pipeline;
    private readonly AttemptsJournal? _attempts;
    private readonly StreamTelemetry _telemetry;
    private readonly Action<KafkaStreamState> _setState;
    private readonly AnswerFailures? _answerFailures;
    private readonly ILogger _logger;
    private readonly KafkaClientLog _clientLog;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stop;
    private readonly CancellationTokenSource _abandon = new();
    private readonly Lock _lock = new();
    private readonly GroupLeave _leave = new();
    private ICommitter? _committer;
    private ConsumerLoop? _loop;
    private volatile Exception? _failure;
    private volatile bool _isAssigned;
    private bool _isLeftBehind;

    internal StreamWorker(
        KafkaStreamOptions options, SubTopologyLane[] lanes, TopicLimits limits, AttemptsJournal? attempts, StreamTelemetry telemetry,
        Action<KafkaStreamState> setState, ILogger logger, TimeProvider time, AnswerFailures? answerFailures,
        CancellationToken stop)
    {
        _answerFailures = answerFailures;
        _options = options;
        _lanes = lanes;
        _limits = limits;
        _attempts = attempts;
        _telemetry = telemetry;
        _setState = setState;
        _logger = logger;
        _time = time;
        _clientLog = new KafkaClientLog(logger, time, CredentialsRefused);
        _stop = CancellationTokenSource.CreateLinkedTokenSource(stop);
        Watch = new LoopWatch(options, time);
        Ownership = new PartitionOwnership(Watch);
        foreach (var lane in lanes) lane.Reset();
        _pipeline = new BatchPipeline(lanes, options);
    }

    internal PartitionOwnership Ownership { get; }

    internal LoopWatch Watch { get; }

    /// <summary>Why the worker is not ready, in words; null where nothing is wrong.</summary>
    internal string? FindTrouble(bool isRunning)
    {
        var (untaken, error) = (Watch.FindUntaken(), _clientLog.RecentError);
        if (untaken is { } waited) return string.Create(CultureInfo.InvariantCulture, $"Kafka has taken no results for {waited.TotalSeconds:0} s: {error ?? "it does not say why"}");
        if (isRunning) return null;
        return "waiting for partitions to be assigned" + (error is null ? "" : $": {error}");
    }

    internal long Commits => Volatile.Read(ref _committer)?.Commits ?? 0;

    internal long Aborts => Volatile.Read(ref _committer)?.Aborts ?? 0;

    /// <summary>Joins the group and works until asked to stop or until something fails.</summary>
    /// <param name="transactionalId">Used exactly-once.</param>
    /// <param name="ending">Told the failure, or null, before the worker winds up.</param>
    /// <returns>Why it failed, or null.</returns>
    internal Exception? Run(string transactionalId, Action<Exception?> ending)
    {
        IConsumer<byte[]?, byte[]?>? consumer = null;
        try
        {
            consumer = BuildConsumer();
            var guard = new OutputGuard(_limits, _attempts, _telemetry, _logger);
            using ICommitter committer = _options.Guarantee == ProcessingGuarantee.ExactlyOnce
                ? new ExactlyOnceCommitter(
                    _options, transactionalId, consumer, Ownership, _pipeline, guard, _limits, Watch, _telemetry, _logger, _clientLog, _time,
                    _answerFailures)
                : new AtLeastOnceCommitter(_options, consumer, Ownership, _pipeline, guard, _limits, Watch, _clientLog, _time, _answerFailures);
            Run(consumer, committer, ending);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested && _failure is null)
        {
            // Stopped while it connected.
        }
        catch (Exception exception)
        {
            Fail(exception);
        }
        finally
        {
            if (!_isLeftBehind) consumer?.Dispose();
        }
        return _failure;
    }

    public void Dispose()
    {
        _stop.Dispose();
        _abandon.Dispose();
    }

    private void Run(IConsumer<byte[]?, byte[]?> consumer, ICommitter committer, Action<Exception?> ending)
    {
        // 1. The producer first: whoever owns partitions must be able to commit.
        committer.Connect(_stop.Token);
        Volatile.Write(ref _committer, committer);
        using var attempts = _attempts is null ? null : new AttemptsGuard(_attempts, _options.ScorerThreads);
        var scorers = new ScorerThreads(_options.ScorerThreads, _pipeline, attempts, Watch, _telemetry, _time, _abandon.Token);
        var producerThread = new Thread(() => RunProducerThread(committer)) { IsBackground = true, Name = "streamscoring producer" };
        scorers.Start();
        producerThread.Start();

        using var clock = new WallClockWatch(_time, _logger, () => [consumer.Handle, committer.Client]);
        using var loop = _loop = new ConsumerLoop(_options, consumer, Ownership, _pipeline, _lanes, Watch, _clientLog, _logger, _time);
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
        ending(_failure);
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
        var left = Ownership.Current.Sum(owned => owned.InFlight);
        _isLeftBehind = !_leave.TryClose(consumer);
        if (_isLeftBehind) KafkaLog.LeftBehind(_logger, _options.GroupId, _clientLog.RecentError ?? "it does not say why");
        KafkaLog.Stopped(_logger, _options.GroupId, left);
    }

    private void RunProducerThread(ICommitter committer)
    {
        try
        {
            committer.Run();
        }
        catch (Exception exception) when (exception is OperationCanceledException && _stop.IsCancellationRequested)
        {
            // What a stop cut short: uncommitted, read again by the next owner.
        }
        catch (Exception exception)
        {
            Fail(exception);
        }
    }

    // Only at the start: who was let in once may be let in again, e.g. when passwords change while brokers restart.
    private void CredentialsRefused(Error error)
    {
        if (!_isAssigned) Fail(new KafkaStreamException(AccessRefusal.OfCredentials(_options.BootstrapServers, _options.Properties, error), canRetry: false));
    }

    private void Fail(Exception exception)
    {
        lock (_lock) _failure ??= exception;
        try
        {
            _stop.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // By a consumer that was left behind.
        }
        _pipeline.WakeAll();
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
            _leave.Call(handler);
        }
        catch (Exception exception)
        {
            Fail(exception);
        }
    }

    private void Assigned(List<TopicPartition> partitions)
    {
        _attempts?.AdoptFromTheDead();
        ChangeTasks(partitions, static (executor, numbers) => executor.OpenTasks(numbers));
        foreach (var partition in partitions) Ownership.Assign(partition, _loop!.LaneOf(partition.Topic));
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
        var going = Ownership.Current.Where(owned => partitions.Contains(owned.TopicPartition)).ToArray();
        _pipeline.WaitFor(_ => going.All(owned => owned.InFlight == 0) || _stop.IsCancellationRequested, _options.DrainTimeout);
        _pipeline.EndDrain();
        // 2. Close the gate: from here on nothing of these partitions is committed.
        Ownership.Lose(partitions);
        ChangeTasks(partitions, static (executor, numbers) => executor.CloseTasks(numbers));
        KafkaLog.Revoked(_logger, Names(partitions), going.Sum(owned => owned.InFlight));
    }

    private void Lost(List<TopicPartitionOffset> offsets)
    {
        var partitions = offsets.ConvertAll(offset => offset.TopicPartition);
        SetStateWhileAlive(KafkaStreamState.Rebalancing);
        Ownership.Lose(partitions);
        // Gathered records of partitions that stay must go on; those of the lost ones are dropped at the commit.
        _loop!.FlushGathered();
        ChangeTasks(partitions, static (executor, numbers) => executor.CloseTasks(numbers));
        KafkaLog.Lost(_logger, Names(partitions));
    }

    private static string Names(List<TopicPartition> partitions) => partitions.Count == 0
        ? "none"
        : string.Join(", ", partitions.ConvertAll(static partition => $"{partition.Topic}-{partition.Partition.Value}"));

    private void SetStateWhileAlive(KafkaStreamState state)
    {
        if (!_stop.IsCancellationRequested) _setState(state);
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
                .Where(number => !Ownership.Current.Any(
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
