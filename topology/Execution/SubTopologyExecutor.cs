using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using StreamScoring.Topology.DeadLetters;
using StreamScoring.Topology.Graph;
using StreamScoring.Topology.Handlers;
using StreamScoring.Topology.Processing;

namespace StreamScoring.Topology.Execution;

/// <summary>Runs one sub-topology. What a batch needs while it runs is in a <see cref="Pass"/>, and those are pooled.</summary>
internal sealed class SubTopologyExecutor : IBatchExecutor
{
    private const int MaxPooledPasses = 16;
    private const int RecordsLoggedPerInterval = 10;
    private static readonly TimeSpan LogInterval = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan WaitLogInterval = TimeSpan.FromSeconds(30);

    private readonly SubTopology _graph;
    private readonly ConcurrentQueue<Pass> _passes = new();
    private readonly SortedDictionary<int, StreamTask> _tasks = [];
    private readonly int[] _consecutiveFailures;
    private readonly IDeserializationExceptionHandler _deserialization;
    private readonly IProcessingExceptionHandler _processing;
    private readonly IProductionExceptionHandler _production;
    private readonly SteadyClock _steadyClock;
    private long _nextPunctuationMs = long.MaxValue;
    private int _isRunning;
    private int _isCommitRequested;

    public SubTopologyExecutor(SubTopology graph, ExecutorOptions options)
    {
        _graph = graph;
        Options = options;
        _steadyClock = new SteadyClock(options.TimeProvider);
        _consecutiveFailures = new int[graph.BatchNodeCount];
        DeadLetters = options.DeadLetterTopic is { } topic ? new DeadLetterWriter(topic, options.DeadLetterProfile) : null;
        var standard = DeadLetters is null ? FixedResponseHandler.Fail : FixedResponseHandler.DeadLetter;
        _deserialization = options.DeserializationExceptionHandler ?? standard;
        _processing = options.ProcessingExceptionHandler ?? standard;
        _production = options.ProductionExceptionHandler ?? standard;
        Logger = options.LoggerFactory.CreateLogger("StreamScoring.Topology.Execution");
        RecordLog = new LogThrottle(options.TimeProvider, RecordsLoggedPerInterval, LogInterval);
        WaitLog = new LogThrottle(options.TimeProvider, messagesPerInterval: 1, WaitLogInterval);
        SinkTopics = options.DeadLetterTopic is { } deadLetters && !graph.SinkTopics.Contains(deadLetters)
            ? [.. graph.SinkTopics, deadLetters]
            : graph.SinkTopics;
    }

    public int SubTopologyId => _graph.Id;

    public IReadOnlyList<string> SourceTopics => _graph.SourceTopics;

    public IReadOnlyList<string> SinkTopics { get; }

    public BatchLimits Limits => _graph.Limits;

    public bool IsStateless => _graph.ProcessNodes.Count == 0;

    public ExecutorOptions Options { get; }

    public DeadLetterWriter? DeadLetters { get; }

    public ILogger Logger { get; }

    /// <summary>Bounds what is logged about single records.</summary>
    public LogThrottle RecordLog { get; }

    /// <summary>Bounds what is logged about records that wait to be read.</summary>
    public LogThrottle WaitLog { get; }

    /// <summary>May be read by another thread than the one that runs the batches.</summary>
    public DateTimeOffset? NextPunctuation
    {
        get
        {
            var next = Volatile.Read(ref _nextPunctuationMs);
            return next == long.MaxValue ? null : Options.TimeProvider.GetUtcNow().AddMilliseconds(next - _steadyClock.NowMs);
        }
    }

    public void OpenTasks(IReadOnlyCollection<int> partitions)
    {
        if (IsStateless) return;
        foreach (var partition in partitions)
        {
            if (_tasks.ContainsKey(partition)) continue;
            _tasks.Add(partition, new StreamTask(
                new TaskId(SubTopologyId, partition), _graph.ProcessNodes, Options.TimeProvider, _steadyClock, RequestCommit, Logger));
        }
        FindNextPunctuation();
    }

    public void CloseTasks(IReadOnlyCollection<int> partitions)
    {
        foreach (var partition in partitions)
        {
            if (_tasks.Remove(partition, out var task)) task.Close(Logger);
        }
        FindNextPunctuation();
    }

    public BatchResult Execute(IReadOnlyList<ConsumedRecord> batch, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(batch);
        Enter();
        try
        {
            var pass = RentPass();
            pass.Begin(batch.Count, cancellationToken);
            for (var i = 0; i < batch.Count; i++)
            {
                if (pass.WaitsBehindAnother(i, batch[i])) continue;
                RunFirstStage(i, batch[i], pass);
                pass.PunctuateStreamTime(stage: 0, order: i);
            }
            RunStages(pass);
            var result = pass.Finish();
            ReturnPass(pass);
            return result;
        }
        finally
        {
            Leave();
        }
    }

    public IReadOnlyList<ProducedRecord> Punctuate(DateTimeOffset now)
    {
        if (IsStateless) return [];
        Enter();
        try
        {
            var dueMs = _steadyClock.NowMs;
            var pass = RentPass();
            pass.Begin(0, CancellationToken.None);
            foreach (var task in _tasks.Values)
            {
                var count = task.WallClockSchedules.Count;
                for (var i = 0; i < count; i++)
                {
                    var schedule = task.WallClockSchedules[i];
                    if (!schedule.IsDue(dueMs)) continue;
                    pass.Fire(schedule, dueMs, now.ToUnixTimeMilliseconds(), order: 0, task);
                    RunStages(pass);
                }
                task.RemoveCancelled();
            }
            var records = pass.FinishPunctuation();
            ReturnPass(pass);
            return records;
        }
        finally
        {
            Leave();
        }
    }

    public ProducedRecord? CreateDeadLetter(ConsumedRecord record, Exception error)
    {
        ArgumentNullException.ThrowIfNull(record);
        ArgumentNullException.ThrowIfNull(error);
        var stage = error is ProcessCrashException ? ProcessingStage.Processing : ProcessingStage.Production;
        return DeadLetters?.Write(new DeadLetter(record, ReaderOf(record), TaskIdOf(record, null), stage, error));
    }

    public ErrorResponse DecideProcessing(ConsumedRecord record, Exception error)
    {
        ArgumentNullException.ThrowIfNull(record);
        ArgumentNullException.ThrowIfNull(error);
        return Decide(new ErrorContext(ReaderOf(record), TaskIdOf(record, null), record), ProcessingStage.Processing, "", error);
    }

    public ProductionResponse DecideProduction(ConsumedRecord record, ProducedRecord output, Exception error)
    {
        ArgumentNullException.ThrowIfNull(record);
        return _production.Handle(new ErrorContext(ReaderOf(record), TaskIdOf(record, null), record), output, error);
    }

    public bool TakeCommitRequest() => Interlocked.Exchange(ref _isCommitRequested, 0) != 0;

    public void Dispose()
    {
        foreach (var task in _tasks.Values) task.Close(Logger);
        _tasks.Clear();
        _passes.Clear();
    }

    public TaskId TaskIdOf(ConsumedRecord? input, StreamTask? task) =>
        task?.Id ?? new TaskId(SubTopologyId, input?.Partition ?? -1);

    public int PartitionCount(string topic)
    {
        var count = Options.PartitionCount!(topic);
        return count > 0 ? count : throw new InvalidOperationException(
            $"Topic '{topic}' is said to have {count} partitions: its partitioner cannot choose one.");
    }

    /// <summary>Asks the handler whose business it is.</summary>
    public ErrorResponse Decide(ErrorContext context, ProcessingStage doing, string topic, Exception exception)
    {
        try
        {
            return doing switch
            {
                ProcessingStage.Deserialization => _deserialization.Handle(context, context.Record!, exception),
                ProcessingStage.Serialization => _production.HandleSerialization(context, topic, exception) switch
                {
                    ProductionResponse.Continue => ErrorResponse.Continue,
                    ProductionResponse.DeadLetter => ErrorResponse.DeadLetter,
                    _ => ErrorResponse.Fail,
                },
                _ => _processing.Handle(context, exception),
            };
        }
        catch (Exception handlerException)
        {
            throw new StreamProcessingException(
                context.Node, context.Record,
                $"{exception.Message} (and its exception handler threw: {handlerException.Message})",
                new AggregateException(exception, handlerException));
        }
    }

    public void NoteBatchSuccess(int batchIndex) => Volatile.Write(ref _consecutiveFailures[batchIndex], 0);

    /// <exception cref="StreamProcessingException">Too many records in a row: the operator is at fault.</exception>
    public void NoteBatchFailure(GraphNode node, int batchIndex, ConsumedRecord? input, Exception exception)
    {
        var failures = Interlocked.Increment(ref _consecutiveFailures[batchIndex]);
        if (failures < Options.MaxConsecutiveFailures) return;
        throw new StreamProcessingException(
            node.ReportedName, input,
            $"{failures} records in a row failed and none succeeded: the node seems to be at fault, not the records. Last error: {exception.Message}",
            exception);
    }

    private void RunFirstStage(int index, ConsumedRecord input, Pass pass)
    {
        pass.TakeInput(index, input, TaskOf(input));
        var source = _graph.SourceOf(input.Topic) ?? throw new ArgumentException(
            $"Sub-topology {SubTopologyId} does not read topic '{input.Topic}' but {string.Join(", ", SourceTopics)}.",
            nameof(input));
        try
        {
            source.Run(input, pass);
            pass.ThrowSwallowedFailure();
        }
        catch (Exception exception) when (!pass.IsCancellation(exception))
        {
            pass.FailSelected(exception);
        }
    }

    private void RunStages(Pass pass)
    {
        for (var i = 0; i < _graph.Stages.Count; i++)
        {
            pass.CancellationToken.ThrowIfCancellationRequested();
            _graph.Stages[i].RunStage(pass);
            pass.StageStates[i].Clear();
        }
    }

    private StreamTask? TaskOf(ConsumedRecord input)
    {
        if (IsStateless) return null;
        return _tasks.TryGetValue(input.Partition, out var task) ? task : throw new InvalidOperationException(
            $"Task {SubTopologyId}_{input.Partition} is not open: {input.Topic}-{input.Partition} is not owned here.");
    }

    /// <summary>The node that answers for what happens outside the graph: the one that read the record.</summary>
    private string ReaderOf(ConsumedRecord record) => _graph.SourceOf(record.Topic)?.ReportedName ?? record.Topic;

    private void Enter()
    {
        if (!IsStateless && Interlocked.Exchange(ref _isRunning, 1) != 0)
            throw new InvalidOperationException(
                $"Sub-topology {SubTopologyId} has state: its batches must run one after the other.");
    }

    private void Leave()
    {
        if (IsStateless) return;
        FindNextPunctuation();
        Volatile.Write(ref _isRunning, 0);
    }

    private void FindNextPunctuation()
    {
        var next = long.MaxValue;
        foreach (var task in _tasks.Values) next = Math.Min(next, task.NextWallClockMs());
        Volatile.Write(ref _nextPunctuationMs, next);
    }

    private Pass RentPass() => _passes.TryDequeue(out var pass) ? pass : new Pass(this, _graph.Stages);

    /// <summary>Only after success: a pass that was cut short is left to the garbage collector.</summary>
    private void ReturnPass(Pass pass)
    {
        pass.Reset();
        if (_passes.Count < MaxPooledPasses) _passes.Enqueue(pass);
    }

    private void RequestCommit() => Interlocked.Exchange(ref _isCommitRequested, 1);
}
