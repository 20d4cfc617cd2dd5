using Microsoft.Extensions.Logging;
using StreamScoring.Topology.Graph;
using StreamScoring.Topology.Processing;

namespace StreamScoring.Topology.Execution;

/// <summary>One partition's share of a sub-topology: its processors, their punctuators and its stream time.</summary>
internal sealed class StreamTask
{
    private readonly Action _requestCommit;
    private readonly SteadyClock _steadyClock;
    private readonly List<Schedule> _streamTime = [];
    private readonly List<Schedule> _wallClock = [];

    public StreamTask(
        TaskId id, IReadOnlyList<IProcessNode> nodes, TimeProvider timeProvider, SteadyClock steadyClock, Action requestCommit, ILogger logger)
    {
        Id = id;
        TimeProvider = timeProvider;
        _steadyClock = steadyClock;
        _requestCommit = requestCommit;
        var instances = new List<IProcessorInstance>(nodes.Count);
        for (var i = 0; i < nodes.Count; i++)
        {
            try
            {
                var instance = nodes[i].CreateInstance(this);
                instances.Add(instance);
                instance.Init();
            }
            catch (Exception exception)
            {
                Instances = [.. instances];
                Close(logger);
                throw new StreamProcessingException(
                    nodes[i].Name, null, $"task {id} could not start: {exception.Message}", exception);
            }
        }
        Instances = [.. instances];
    }

    public TaskId Id { get; }

    public TimeProvider TimeProvider { get; }

    public IProcessorInstance[] Instances { get; }

    /// <summary>Largest record timestamp so far, Unix milliseconds; -1 before the first.</summary>
    public long StreamTimeMs { get; private set; } = -1;

    public List<Schedule> StreamTimeSchedules => _streamTime;

    public List<Schedule> WallClockSchedules => _wallClock;

    public void AdvanceStreamTime(long timestampMs) => StreamTimeMs = Math.Max(StreamTimeMs, timestampMs);

    public void RequestCommit() => _requestCommit();

    public Schedule AddSchedule(
        IProcessorInstance instance, long intervalMs, PunctuationType type, Punctuator punctuator)
    {
        var isStreamTime = type == PunctuationType.StreamTime;
        var firstMs = isStreamTime ? 0 : _steadyClock.NowMs + intervalMs;
        var schedule = new Schedule(instance, intervalMs, firstMs, punctuator);
        (isStreamTime ? _streamTime : _wallClock).Add(schedule);
        return schedule;
    }

    /// <summary>When a wall-clock punctuator is next due, by the steady clock; <see cref="long.MaxValue"/>: never.</summary>
    public long NextWallClockMs()
    {
        var next = long.MaxValue;
        foreach (var schedule in _wallClock)
        {
            if (!schedule.IsCancelled && schedule.NextMs < next) next = schedule.NextMs;
        }
        return next;
    }

    /// <summary>Closes every processor; one that throws does not keep the others from closing.</summary>
    public void Close(ILogger logger)
    {
        foreach (var instance in Instances)
        {
            try
            {
                instance.Close();
            }
            catch (Exception exception)
            {
                ExecutionLog.CloseFailed(logger, instance.Node.Name, Id.ToString(), exception);
            }
        }
    }

    public void RemoveCancelled()
    {
        _streamTime.RemoveAll(static schedule => schedule.IsCancelled);
        _wallClock.RemoveAll(static schedule => schedule.IsCancelled);
    }
}

/// <summary>
/// Milliseconds since its creation. Wall-clock punctuators are due by it: neither do they stand still for an hour when
/// somebody sets the machine's clock back, nor come too early when it is set forward.
/// </summary>
internal sealed class SteadyClock(TimeProvider time)
{
    private readonly long _startedAt = time.GetTimestamp();

    public long NowMs => time.GetElapsedTime(_startedAt).Ticks / TimeSpan.TicksPerMillisecond;
}

/// <summary>A punctuator and when it is next due.</summary>
internal sealed class Schedule(IProcessorInstance instance, long intervalMs, long firstMs, Punctuator punctuator)
    : ICancellable
{
    public IProcessorInstance Instance => instance;

    public Punctuator Punctuator => punctuator;

    public long NextMs { get; private set; } = firstMs;

    public bool IsCancelled { get; private set; }

    public void Cancel() => IsCancelled = true;

    public bool IsDue(long nowMs) => !IsCancelled && NextMs <= nowMs && NextMs != long.MaxValue;

    /// <summary>The next multiple of the interval after now: missed calls are not made up for.</summary>
    public void MoveOn(long nowMs) => NextMs = nowMs > long.MaxValue - intervalMs
        ? long.MaxValue
        : NextMs + ((nowMs - NextMs) / intervalMs + 1) * intervalMs;
}
