using Confluent.Kafka;
using Microsoft.Extensions.Logging;
using StreamScoring.App.Kafka;
using StreamScoring.Topology.Kafka.Internal;
using StreamScoring.Topology.Sinks;

namespace StreamScoring.App.Sinks;

/// <summary>
/// One stretch of work between two failures: an open sink, a member of its group, and the positions of the partitions
/// that the group gave it. All calls but <see cref="Lag"/> come from the runner's thread, the consumer's callbacks too, except while
/// it waits for the consumer to close.
/// </summary>
internal sealed class SinkSession : IDisposable
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Watermarks = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan TickInterval = TimeSpan.FromSeconds(1);

    /// <summary>A write that takes longer no longer keeps the consumer from polling, or a rebalance from its end.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan RebalancePatience = TimeSpan.FromSeconds(10);

    private readonly SinkRunnerOptions _options;
    private readonly string _bootstrapServers;
    private readonly ISink _sink;
    private readonly IReadOnlyDictionary<SinkPartition, long> _gapEnds;
    private readonly RecordDecoder _decode;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly IConsumer<byte[]?, byte[]?> _consumer;
    private readonly WallClockWatch _clock;
    private readonly Dictionary<SinkPartition, Place> _places = [];
    private readonly CancellationTokenSource _end = new();
    private readonly GroupLeave _leave = new();
    private List<SinkRecord> _pending = [];
    private Task? _writing;
    private long _pendingBytes;
    private long _tickedAt;
    private bool _hasLeft;
    private bool _isLeftBehind;
    private long _pendingSince;
    private Exception? _callbackFailure;
    private long _lag = -1;

    internal SinkSession(
        SinkRunnerOptions options, ISink sink, IReadOnlyDictionary<SinkPartition, long> gapEnds, KafkaClients clients, RecordDecoder decode,
        ILogger logger, TimeProvider time)
    {
        (_options, _sink, _gapEnds, _decode, _logger, _time) = (options, sink, gapEnds, decode, logger, time);
        _bootstrapServers = clients.BootstrapServers;
        _consumer = clients.Consumer("sink-" + options.Name, new ConsumerConfig
            {
                GroupId = options.GroupId,
                EnableAutoCommit = true,
                EnableAutoOffsetStore = false,
                AutoCommitIntervalMs = 1000,
                // A stored position that Kafka no longer has is for us to explain, never to skip.
                AutoOffsetReset = AutoOffsetReset.Error,
                EnablePartitionEof = true,
                SessionTimeoutMs = 10_000,
                PartitionAssignmentStrategy = PartitionAssignmentStrategy.CooperativeSticky,
            })
            .SetPartitionsAssignedHandler((_, partitions) => Assigned(partitions))
            .SetPartitionsRevokedHandler((_, partitions) => _leave.Call(() => Gone(partitions)))
            .SetPartitionsLostHandler((_, partitions) => _leave.Call(() => Gone(partitions)))
            .Build();
        _clock = clients.WatchClock(_consumer);
    }

    /// <summary>Records not written yet, as of a moment ago; -1 before anything is known.</summary>
    internal long Lag => Interlocked.Read(ref _lag);

    /// <summary>Works until drained, abandoned or failed.</summary>
    internal void Run(Action<SinkBatch> written, CancellationToken drain, CancellationToken abandon)
    {
        using var linked = abandon.UnsafeRegister(static end => ((CancellationTokenSource)end!).Cancel(), _end);
        _consumer.Subscribe(_options.Topics);
        _tickedAt = _time.GetTimestamp();
        Dictionary<SinkPartition, long>? ends = null;
        while (!abandon.IsCancellationRequested)
        {
            // 1. Take what is there, no longer than the oldest pending record may wait.
            var result = Consume(_pending.Count == 0 ? Poll : TimeSpan.FromMilliseconds(10));
            if (_callbackFailure is { } failure) throw failure;
            if (result is not null) Accept(result, written);

            // 2. Write.
            if (IsDue(result is null)) Write(written);
            Tick();

            // 3. Drained when everything that stood in the topics when the drain began is written.
            if (!drain.IsCancellationRequested || _places.Count == 0) continue;
            ends ??= QueryEnds();
            if (_pending.Count == 0 && ends.All(end => !_places.TryGetValue(end.Key, out var place) || place.Next >= end.Value)) break;
        }
        Leave();
        if (_callbackFailure is { } lastFailure) throw lastFailure;
    }

    public void Dispose()
    {
        // Whoever disposes the sink next must find no call in it.
        _end.Cancel();
        if (_writing is { } writing) SinkRunner.Settle(writing);
        try
        {
            // A member that just vanished would keep its partitions until its session times out.
            Leave();
        }
        catch (KafkaException)
        {
            // Then it times out.
        }
        _clock.Dispose();
        if (!_isLeftBehind) _consumer.Dispose();
        _end.Dispose();
    }

    private void Leave()
    {
        if (_hasLeft) return;
        _hasLeft = true;
        _isLeftBehind = !_leave.TryClose(_consumer);
    }

    private ConsumeResult<byte[]?, byte[]?>? Consume(TimeSpan wait)
    {
        try
        {
            return _consumer.Consume(wait);
        }
        catch (ConsumeException exception) when (exception.Error.Code == ErrorCode.Local_AutoOffsetReset && exception.ConsumerRecord is { } record)
        {
            throw GapAt(new SinkPartition(record.Topic, record.Partition.Value), exception);
        }
        catch (ConsumeException exception) when (exception.Error.Code == ErrorCode.GroupAuthorizationFailed)
        {
            throw new SinkUnavailableException(AccessRefusal.ToJoin(_bootstrapServers, _options.GroupId), exception);
        }
        catch (ConsumeException exception) when (exception.Error.Code == ErrorCode.TopicAuthorizationFailed)
        {
            throw new SinkUnavailableException(AccessRefusal.ToRead(_bootstrapServers, _options.Topics), exception);
        }
        catch (ConsumeException exception) when (!exception.Error.IsFatal)
        {
            throw new SinkUnavailableException($"its topic cannot be read: {exception.Error.Reason}.", exception);
        }
    }

    private void Accept(ConsumeResult<byte[]?, byte[]?> result, Action<SinkBatch>? written)
    {
        var partition = new SinkPartition(result.Topic, result.Partition.Value);
        if (!_places.TryGetValue(partition, out var place)) return;
        if (result.IsPartitionEOF)
        {
            // Transaction markers take offsets too: the end is further than the last record.
            place.Next = place.End = Math.Max(place.Next, result.Offset.Value);
            UpdateLag();
            return;
        }
        if (result.Offset.Value < place.Next) return;

        if (_pending.Count == 0) _pendingSince = _time.GetTimestamp();
        var (article, error) = Decode(result, written);
        if (article is null) AppLog.SinkReject(_logger, _options.Name, partition.ToString(), result.Offset.Value, error ?? "no value");
        _pending.Add(new SinkRecord(
            partition, result.Offset.Value, result.Message.Timestamp.UnixTimestampMs, article, article is null ? result.Message.Value : null, error));
        _pendingBytes += (result.Message.Value?.Length ?? 0) + 256;
        place.Next = result.Offset.Value + 1;
    }

    private (Schemas.Article? Article, string? Error) Decode(
        ConsumeResult<byte[]?, byte[]?> result, Action<SinkBatch>? written)
    {
        try
        {
            return _decode(result.Message.Value, result.Message.Headers);
        }
        catch (Schemas.CodecException) when (_pending.Count > 0 && written is not null)
        {
            // What came before needs no registry: it is written before the sink pauses.
            Write(written);
            throw;
        }
    }

    private bool IsDue(bool idle) =>
        _pending.Count >= _options.MaxBatchRecords || _pendingBytes >= _options.MaxBatchBytes
        || (_pending.Count > 0 && (idle || _time.GetElapsedTime(_pendingSince) >= _options.Linger));

    private void Write(Action<SinkBatch> written)
    {
        var advances = new List<SinkAdvance>();
        foreach (var (partition, place) in _places)
        {
            if (_pending.Exists(record => record.Partition == partition)) advances.Add(new SinkAdvance(partition, place.Stored, place.Next));
        }
        var batch = new SinkBatch(_pending, advances);
        (_pending, _pendingBytes) = ([], 0);
        try
        {
            WaitFor(() => _sink.WriteAsync(batch, _end.Token));
        }
        catch (SinkConflictException conflict)
        {
            AppLog.SinkConflict(_logger, _options.Name, conflict.Message);
            (_pending, _pendingBytes) = ([], 0);
            Reposition(_places.Keys.ToArray());
            return;
        }
        foreach (var advance in advances)
        {
            // One that was revoked meanwhile is the next owner's, who reads the stored position.
            if (!_places.TryGetValue(advance.Partition, out var place)) continue;
            place.Stored = advance.To;
            StoreForPeople(advance);
        }
        UpdateLag();
        written(batch);
    }

    /// <summary>
    /// Waits for the sink. Where that takes long, the consumer goes on polling, with its partitions paused: a slow sink slows
    /// its intake, and never costs the membership in the group.
    /// </summary>
    private void WaitFor(Func<ValueTask> call)
    {
        // On a thread of its own: a sink may work without ever giving its thread back.
        _writing = Task.Run(() => call().AsTask());
        var paused = false;
        try
        {
            while (!Finished(_writing, paused ? TimeSpan.Zero : Patience))
            {
                paused = true;
                // Again each time: partitions that have just come are not paused.
                _consumer.Pause(_consumer.Assignment);
                var late = Consume(Poll);
                if (_callbackFailure is { } failure) throw failure;
                // Fetched before the pause: part of the next batch.
                if (late is not null) Accept(late, written: null);
            }
        }
        finally
        {
            if (_writing.IsCompleted) _writing = null;
            if (paused) _consumer.Resume(_consumer.Assignment);
        }
    }

    /// <summary>True once the call has returned; throws what it threw.</summary>
    private static bool Finished(Task call, TimeSpan wait)
    {
        if (!call.IsCompleted && Task.WaitAny([call], wait) < 0) return false;
        call.GetAwaiter().GetResult();
        return true;
    }

    private void Tick()
    {
        if (_time.GetElapsedTime(_tickedAt) < TickInterval) return;
        WaitFor(() => _sink.TickAsync(_end.Token));
        _tickedAt = _time.GetTimestamp();
    }

    private void StoreForPeople(SinkAdvance advance)
    {
        try
        {
            _consumer.StoreOffset(new TopicPartitionOffset(advance.Partition.Topic, advance.Partition.Partition, advance.To));
        }
        catch (KafkaException)
        {
            // The partition has just moved away; nothing rests on the group's offsets.
        }
    }

    // Runs inside Consume: an exception that leaves a callback would make librdkafka's binding drop a record.
    private List<TopicPartitionOffset> Assigned(List<TopicPartition> partitions)
    {
        try
        {
            AwaitWrite();
            var wanted = partitions.ConvertAll(partition => new SinkPartition(partition.Topic, partition.Partition.Value));
            var positions = Positions(wanted);
            var offsets = new List<TopicPartitionOffset>(wanted.Count);
            foreach (var partition in wanted)
            {
                var stored = positions.TryGetValue(partition, out var next) ? next : (long?)null;
                var start = _gapEnds.TryGetValue(partition, out var gapEnd) && gapEnd > (stored ?? 0) ? gapEnd : stored;
                _places[partition] = new Place { Stored = stored, Next = start ?? 0 };
                offsets.Add(new TopicPartitionOffset(partition.Topic, partition.Partition, start is { } offset ? new Offset(offset) : Offset.Beginning));
                AppLog.SinkPositioned(_logger, _options.Name, partition.ToString(), start?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "beginning");
            }
            return offsets;
        }
        catch (Exception exception)
        {
            _callbackFailure = exception;
            return partitions.ConvertAll(partition => new TopicPartitionOffset(partition, Offset.End));
        }
    }

    private void Gone(List<TopicPartitionOffset> partitions)
    {
        var gone = partitions.ConvertAll(partition => new SinkPartition(partition.Topic, partition.Partition.Value));
        foreach (var partition in gone)
        {
            // Not written: the next owner reads them again from the stored position.
            _places.Remove(partition);
            _pending.RemoveAll(record => record.Partition == partition);
        }
        // A session that has failed leaves the sink alone: what it holds back is forgotten with it.
        if (_end.IsCancellationRequested) return;
        try
        {
            AwaitWrite();
            SinkRunner.Wait(_sink.ReleaseAsync(gone, _end.Token));
        }
        catch (Exception exception)
        {
            _callbackFailure = exception;
        }
    }

    /// <summary>Lets a write that is under way finish before the sink is asked for anything else.</summary>
    private void AwaitWrite()
    {
        if (_writing is not { } writing) return;
        try
        {
            if (Finished(writing, RebalancePatience)) return;
        }
        catch (Exception)
        {
            // Thrown again where the write was begun.
            return;
        }
        throw new SinkUnavailableException(
            $"the partitions were shared anew while a write had taken more than {RebalancePatience.TotalSeconds:0} s: it begins again with the partitions it has then.");
    }

    private void Reposition(SinkPartition[] partitions)
    {
        var positions = Positions(partitions);
        foreach (var partition in partitions)
        {
            var place = _places[partition];
            place.Stored = positions.TryGetValue(partition, out var next) ? next : null;
            place.Next = place.Stored ?? 0;
            _consumer.Seek(new TopicPartitionOffset(
                partition.Topic, partition.Partition, place.Stored is { } offset ? new Offset(offset) : Offset.Beginning));
        }
    }

    private IReadOnlyDictionary<SinkPartition, long> Positions(IReadOnlyCollection<SinkPartition> partitions) =>
        _sink.LoadPositionsAsync(partitions, _end.Token).AsTask().GetAwaiter().GetResult();

    /// <summary>What to do about a position that Kafka does not have.</summary>
    private Exception GapAt(SinkPartition partition, ConsumeException cause)
    {
        if (!_places.TryGetValue(partition, out var place)) return new SinkUnavailableException($"{partition} has just moved away.", cause);
        var bounds = _consumer.QueryWatermarkOffsets(new TopicPartition(partition.Topic, partition.Partition), Watermarks);
        if (place.Next > bounds.High.Value)
        {
            return new SinkUnavailableException(
                $"{partition} ends at offset {bounds.High.Value}, but the sink has already written up to {place.Next}: the topic was deleted and "
                + "made anew, or its log was truncated. Give the sink another Name (or file) to begin again.", cause);
        }
        if (place.Next >= bounds.Low.Value) return new SinkUnavailableException($"{partition} cannot be read at offset {place.Next}.", cause);
        AppLog.SinkGap(_logger, _options.Name, partition.ToString(), place.Next, bounds.Low.Value - 1);
        return new SinkGapException(partition, bounds.Low.Value);
    }

    private Dictionary<SinkPartition, long> QueryEnds()
    {
        var ends = new Dictionary<SinkPartition, long>();
        foreach (var partition in _places.Keys)
        {
            var bounds = _consumer.QueryWatermarkOffsets(new TopicPartition(partition.Topic, partition.Partition), Watermarks);
            // What retention took before we came is no reason to wait.
            if (bounds.High.Value > bounds.Low.Value) ends[partition] = bounds.High.Value;
        }
        return ends;
    }

    private void UpdateLag()
    {
        long lag = 0;
        foreach (var (partition, place) in _places)
        {
            var high = _consumer.GetWatermarkOffsets(new TopicPartition(partition.Topic, partition.Partition)).High;
            lag += Math.Max(0, (high.IsSpecial ? place.End : high.Value) - place.Next);
        }
        Interlocked.Exchange(ref _lag, lag);
    }

    /// <summary>Where a partition stands.</summary>
    private sealed class Place
    {
        /// <summary>Position in the store; null before its first.</summary>
        public long? Stored { get; set; }

        /// <summary>Next offset to take.</summary>
        public long Next { get; set; }

        /// <summary>End as the latest end-of-partition event told.</summary>
        public long End { get; set; }
    }
}

/// <summary>Kafka has dropped records that were not written: the next session begins behind them.</summary>
internal sealed class SinkGapException(SinkPartition partition, long end) : Exception($"{partition} begins at offset {end}.")
{
    /// <summary>The partition.</summary>
    internal SinkPartition Partition { get; } = partition;

    /// <summary>The first offset that is there.</summary>
    internal long End { get; } = end;
}
