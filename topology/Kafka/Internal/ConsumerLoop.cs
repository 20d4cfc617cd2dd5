using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace StreamScoring.Topology.Kafka.Internal;

/// <summary>
/// The consumer thread (P): polls, gathers micro-batches, keeps the group membership alive while the scorers are busy,
/// and answers rebalances. It alone calls the consumer, but for StoreOffset, Committed and the group metadata. Steps P1 to P4
/// of ARCHITECTURE.md.
/// </summary>
internal sealed class ConsumerLoop : IDisposable
{
    private static readonly TimeSpan IdlePoll = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan RoomSlice = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LongestPauseAfter = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LagInterval = TimeSpan.FromMilliseconds(500);

    // Each time the whole group shares its partitions anew.
    private static readonly TimeSpan JoinInterval = TimeSpan.FromSeconds(1);
    private const int RecordsPerPass = 1024;

    // As librdkafka 2.15.1 words it, with a topic and without.
    private const string OffsetsUnknown = "Failed to fetch committed offset";

    private readonly KafkaStreamOptions _options;
    private readonly IConsumer<byte[]?, byte[]?> _consumer;
    private readonly MessageReader _reader;
    private readonly PartitionOwnership _ownership;
    private readonly BatchPipeline _pipeline;
    private readonly Dictionary<string, BatchAssembler> _assemblers = new(StringComparer.Ordinal);
    private readonly BatchAssembler[] _lanes;
    private readonly WaitingPartitions _waiting;
    private readonly TimeSpan _pauseAfter;
    private readonly LoopWatch _watch;
    private readonly KafkaClientLog _clientLog;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private OwnedPartition? _owner;
    private nint _ownersTopic;
    private int _ownersPartition;
    private long _lagAt;
    private bool _isPaused;
    private int _pausedCount;
    private int _pausedLosses;
    private bool _areResultsStuck;
    private bool _areOffsetsUnknown;
    private long _joinedAgainAt;

    internal ConsumerLoop(
        KafkaStreamOptions options, IConsumer<byte[]?, byte[]?> consumer, PartitionOwnership ownership, BatchPipeline pipeline,
        IReadOnlyList<SubTopologyLane> lanes, LoopWatch watch, KafkaClientLog clientLog, ILogger logger,
        TimeProvider time)
    {
        _options = options;
        // A user's max.poll.interval.ms may be short: polls go on well before it is over.
        var maxPoll = TimeSpan.FromMilliseconds(ClientConfigs.Consumer(options).MaxPollIntervalMs ?? 300_000);
        _pauseAfter = maxPoll / 3 < LongestPauseAfter ? maxPoll / 3 : LongestPauseAfter;
        _consumer = consumer;
        _reader = new MessageReader(consumer.Handle);
        _ownership = ownership;
        _pipeline = pipeline;
        _watch = watch;
        _clientLog = clientLog;
        _logger = logger;
        _time = time;
        _waiting = new WaitingPartitions(consumer, ownership, logger, time);
        _lanes = new BatchAssembler[lanes.Count];
        for (var i = 0; i < lanes.Count; i++)
        {
            _lanes[i] = lanes[i].Assembler = new BatchAssembler(lanes[i], pipeline, time);
            foreach (var topic in lanes[i].Executor.SourceTopics) _assemblers.Add(topic, _lanes[i]);
        }
    }

    /// <summary>Polls until asked to stop. Gathered records that no batch has taken are left uncommitted.</summary>
    internal void Run(CancellationToken stop)
    {
        _consumer.Subscribe(_assemblers.Keys);
        while (!stop.IsCancellationRequested)
        {
            Turn();
            if (_areOffsetsUnknown && _time.GetElapsedTime(_joinedAgainAt) >= JoinInterval) JoinAgain();
            if (!_pipeline.HasRoom) WaitForRoom(stop);
            else Poll();
        }
        DropGathered();
    }

    /// <summary>
    /// Gives the partitions back and asks for them again. Where a coordinator that comes or goes does not tell what was committed,
    /// librdkafka does not ask again (its issue 5586), and the partitions that were to start there would never be read.
    /// </summary>
    private void JoinAgain()
    {
        (_areOffsetsUnknown, _joinedAgainAt) = (false, _time.GetTimestamp());
        _consumer.Unsubscribe();
        _consumer.Subscribe(_assemblers.Keys);
    }

    /// <summary>The lane of a source topic, for the assignment callback.</summary>
    internal SubTopologyLane LaneOf(string topic) => _assemblers[topic].Lane;

    /// <summary>At the end: leaves what was gathered to the next owner.</summary>
    internal void DropGathered()
    {
        foreach (var lane in _lanes) lane.Drop();
    }

    public void Dispose() => _reader.Dispose();

    /// <summary>Dispatches what was gathered, so that a drain covers it. Inside a rebalance callback.</summary>
    internal void FlushGathered()
    {
        foreach (var lane in _lanes) lane.Flush();
    }

    private void Turn()
    {
        _watch.ConsumerTurns();
        var untaken = _watch.FindUntaken();
        if (untaken is not null == _areResultsStuck) return;
        _areResultsStuck = untaken is not null;
        if (_areResultsStuck) KafkaLog.ResultsStuck(_logger, untaken!.Value.TotalSeconds, _clientLog.RecentError ?? "it does not say why", _options.DeliveryTimeout.TotalSeconds);
        else KafkaLog.ResultsTaken(_logger);
    }

    private void Poll()
    {
        // P1. Wait for a record, no longer than the first gathered batch may.
        Read(1, UntilDue());
        // P2. Take what is there already.
        for (var read = 0; read < RecordsPerPass && _pipeline.MayHaveRoom;)
        {
            var count = Read(_pipeline.RecordsToTake, TimeSpan.Zero);
            if (count == 0) break;
            read += count;
        }
        // P3. Dispatch what has waited long enough, or need not wait because a scorer has nothing to do.
        var isScorerIdle = _pipeline.HasIdleScorer;
        foreach (var lane in _lanes)
        {
            if (isScorerIdle) lane.Flush();
            else lane.FlushIfDue();
        }
        Punctuate();
        MeasureLag();
        // P4. Hold what cannot be read yet, and read it again when it is time.
        _waiting.Serve();
    }

    /// <summary>Takes so many messages at most. Rebalances are answered inside.</summary>
    /// <returns>How many there were.</returns>
    private int Read(int most, TimeSpan timeout)
    {
        try
        {
            var changes = _ownership.Changes;
            var count = _reader.Read(most, timeout);
            if (_ownership.Changes != changes) CheckAssignment();
            _owner = null;
            for (var i = 0; i < count; i++) Accept(in _reader[i]);
            return count;
        }
        finally
        {
            _reader.Free();
            _pipeline.CountPoll();
        }
    }

    /// <summary>What follows our callbacks, in Confluent.Kafka's, tells of its failures only in its own Consume.</summary>
    private void CheckAssignment()
    {
        var assigned = _consumer.Assignment.Count;
        var owned = _ownership.Current.Length;
        if (assigned == owned) return;
        throw new KafkaStreamException(
            $"The client of group '{_options.GroupId}' did not take its assignment: it reads {assigned} partitions where {owned} were assigned.", canRetry: true);
    }

    private void Accept(ref readonly NativeMessage message)
    {
        var code = (ErrorCode)message.Error;
        if (code is not (ErrorCode.NoError or ErrorCode.Local_PartitionEOF))
        {
            Heed(_reader.ErrorOf(in message), _reader.TopicOf(in message));
            return;
        }
        if (_owner is null || message.Topic != _ownersTopic || message.Partition != _ownersPartition)
        {
            // Partitions come in runs.
            _owner = _ownership.Find(new TopicPartition(_reader.TopicOf(in message), message.Partition));
            (_ownersTopic, _ownersPartition) = (message.Topic, message.Partition);
        }
        if (_owner is not { IsWaiting: false } owner) return;
        if (code == ErrorCode.Local_PartitionEOF)
        {
            owner.Position = message.Offset;
            owner.End = Math.Max(owner.End, message.Offset);
            return;
        }
        owner.Position = message.Offset + 1;
        owner.Lane.Assembler!.Add(_reader.ToRecord(in message, owner.TopicPartition.Topic), owner);
    }

    /// <exception cref="KafkaException">The consumer, or a right of it, is gone for good.</exception>
    private void Heed(Error error, string? topic)
    {
        if (error.Code == ErrorCode.GroupAuthorizationFailed)
            throw new KafkaStreamException(AccessRefusal.ToJoin(_options.BootstrapServers, _options.GroupId), canRetry: false, new KafkaException(error));
        if (AccessRefusal.Is(error.Code))
        {
            throw new KafkaStreamException(
                AccessRefusal.ToRead(_options.BootstrapServers, topic is null ? _assemblers.Keys : [topic]), canRetry: false, new KafkaException(error));
        }
        if (error.IsFatal) throw new KafkaException(error);
        // Max poll exceeded, a broker gone, a topic not there yet: the next polls bring the callbacks or the records.
        KafkaLog.ConsumeFailed(_logger, error.Code, error.Reason);
        _areOffsetsUnknown |= error.Reason.StartsWith(OffsetsUnknown, StringComparison.Ordinal);
    }

    private TimeSpan UntilDue()
    {
        var wait = IdlePoll;
        foreach (var lane in _lanes)
        {
            if (lane.UntilDue is { } due && due < wait) wait = due;
            if (lane.Lane.Executor.NextPunctuation is { } next)
            {
                var untilNext = next - _time.GetUtcNow();
                if (untilNext < wait) wait = untilNext;
            }
        }
        return wait < TimeSpan.Zero ? TimeSpan.Zero : wait;
    }

    private void WaitForRoom(CancellationToken stop)
    {
        var started = _time.GetTimestamp();
        while (!stop.IsCancellationRequested && !_pipeline.WaitForRoom(_isPaused ? TimeSpan.FromMilliseconds(50) : _pauseAfter < RoomSlice ? _pauseAfter : RoomSlice))
        {
            Turn();
            if (!_isPaused && _time.GetElapsedTime(started) >= _pauseAfter)
            {
                // Pausing throws the prefetched records away: only when the wait is long enough to endanger the poll.
                KafkaLog.Paused(_logger, TotalInFlight());
                PauseAll();
            }
            if (_isPaused)
            {
                Read(1, TimeSpan.Zero);
                PauseAll();
            }
        }
        if (_isPaused)
        {
            while (!stop.IsCancellationRequested && !_pipeline.WaitFor(static pipeline => pipeline.IsAtLowWatermark, TimeSpan.FromMilliseconds(50)))
            {
                Turn();
                Read(1, TimeSpan.Zero);
                PauseAll();
            }
            _consumer.Resume(_consumer.Assignment.FindAll(partition => _ownership.Find(partition) is not { IsWaiting: true }));
            _isPaused = false;
            KafkaLog.Resumed(_logger);
        }
    }

    // A rebalance while paused brings partitions that are not: pause again when the assignment is another one.
    private void PauseAll()
    {
        var owned = _ownership.Current;
        if (_isPaused && owned.Length == _pausedCount && _ownership.Losses == _pausedLosses) return;
        _pausedCount = owned.Length;
        _pausedLosses = _ownership.Losses;
        _consumer.Pause(_consumer.Assignment);
        _isPaused = true;
    }

    private void Punctuate()
    {
        foreach (var lane in _lanes)
        {
            if (lane.Lane.Executor.NextPunctuation is { } next && next <= _time.GetUtcNow() && !lane.Lane.IsPunctuating)
            {
                lane.Flush();
                lane.Lane.IsPunctuating = true;
                var state = lane.Lane;
                _pipeline.Dispatch(new RecordBatch(state, executor =>
                {
                    var outputs = executor.Punctuate(_time.GetUtcNow());
                    state.IsPunctuating = false;
                    return outputs;
                }));
            }
        }
    }

    private void MeasureLag()
    {
        if (_time.GetElapsedTime(_lagAt) < LagInterval) return;
        _lagAt = _time.GetTimestamp();
        foreach (var owned in _ownership.Current)
        {
            // Cached from fetch responses: no request.
            var watermarks = _consumer.GetWatermarkOffsets(owned.TopicPartition);
            if (watermarks.High.Value >= 0) owned.End = Math.Max(owned.End, watermarks.High.Value);
            if (owned.Position < 0 && watermarks.Low.Value >= 0 && watermarks.High.Value == 0) owned.Position = 0;
        }
    }

    private int TotalInFlight()
    {
        var total = 0;
        foreach (var owned in _ownership.Current) total += owned.InFlight;
        return total;
    }
}
