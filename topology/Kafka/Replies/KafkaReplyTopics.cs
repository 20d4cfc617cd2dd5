using Confluent.Kafka;
using Confluent.Kafka.Admin;
using StreamScoring.Topology.Replies;

namespace StreamScoring.Topology.Kafka.Replies;

/// <summary>
/// Remembers what was seen of reply topics, at most so many, and looks again every few seconds of use. One look is under
/// way at a time and takes up to 100 topics, so that a stranger who makes names up costs one small request after another.
/// </summary>
internal sealed class KafkaReplyTopics(KafkaStreamOptions options, ReplyTelemetry telemetry, TimeProvider time) : IReplyTopics
{
    private const int TopicsPerLook = 100;

    /// <summary>Older knowledge is renewed on use, while it still serves.</summary>
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(2);

    /// <summary>Older knowledge serves no more: whoever asks waits for a look.</summary>
    private static readonly TimeSpan Stale = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan LimitsFresh = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(12);

    private readonly int _maxTopics = options.Replies!.MaxTopics;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, ReplyTopicEntry> _entries = new(StringComparer.Ordinal);
    private readonly Queue<string> _wanted = new();
    private ReplyTopicProbe? _probe;
    private bool _isLooking;
    private bool _isDisposed;

    public void Prefetch(string topic)
    {
        lock (_lock)
        {
            if (Find(topic) is { } entry && Age(entry.LookedAt) >= Fresh) Want(topic, entry);
        }
    }

    public string? Refusal(string topic, int? partition, CancellationToken cancellationToken)
    {
        Task? looking;
        lock (_lock)
        {
            if (Find(topic) is not { } entry) return ReplyRefusals.TooManyTopics;
            if (entry.Pause > TimeSpan.Zero && Age(entry.PausedAt) < entry.Pause) return ReplyRefusals.Unavailable;
            var age = Age(entry.LookedAt);
            if (age >= Fresh) Want(topic, entry);
            if (age < Stale) return RefusalOf(entry, partition);
            looking = entry.Looking?.Task;
        }
        if (looking is null || !looking.Wait((int)Patience.TotalMilliseconds, cancellationToken)) return ReplyRefusals.NotLookedUp;
        lock (_lock)
        {
            return _entries.TryGetValue(topic, out var entry) ? RefusalOf(entry, partition) : ReplyRefusals.TooManyTopics;
        }
    }

    /// <summary>Forgets what is known of a topic, so that the next question waits for a new look.</summary>
    internal void Doubt(string topic)
    {
        lock (_lock)
        {
            if (!_entries.TryGetValue(topic, out var entry)) return;
            entry.LookedAt = 0;
            entry.LimitsAt = 0;
        }
    }

    /// <summary>The broker did not take an answer: none for a while.</summary>
    internal void NoteFailure(string topic)
    {
        lock (_lock)
        {
            if (_entries.TryGetValue(topic, out var entry)) entry.NoteFailure(time.GetTimestamp());
        }
    }

    /// <summary>The broker took an answer.</summary>
    internal void NoteSuccess(string topic)
    {
        lock (_lock)
        {
            if (_entries.TryGetValue(topic, out var entry) && entry.HasFailed) entry.NoteSuccess();
        }
    }

    public void Dispose()
    {
        ReplyTopicProbe? probe;
        lock (_lock)
        {
            _isDisposed = true;
            // Else the look that is under way disposes of it.
            probe = _isLooking ? null : Interlocked.Exchange(ref _probe, null);
            foreach (var entry in _entries.Values) entry.Looking?.TrySetResult();
        }
        probe?.Dispose();
    }

    private static string? RefusalOf(ReplyTopicEntry entry, int? partition) =>
        entry.State.Refusal ?? (partition >= entry.State.Partitions ? ReplyRefusals.NoSuchPartition : null);

    private TimeSpan Age(long at) => at == 0 ? TimeSpan.MaxValue : time.GetElapsedTime(at);

    private ReplyTopicEntry? Find(string topic)
    {
        if (!_entries.TryGetValue(topic, out var entry))
        {
            if (_entries.Count >= _maxTopics && !Evict()) return null;
            entry = new ReplyTopicEntry();
            _entries.Add(topic, entry);
        }
        entry.UsedAt = time.GetTimestamp();
        return entry;
    }

    /// <summary>Room for one: a topic that takes no answers, else one that nobody asked for lately.</summary>
    private bool Evict()
    {
        string? victim = null;
        var victimUsedAt = long.MaxValue;
        foreach (var (topic, entry) in _entries)
        {
            if (entry.Looking is not null || entry.HasFailed) continue;
            var isUseful = entry.State.Refusal is null && Age(entry.UsedAt) < TimeSpan.FromMinutes(1);
            if (isUseful || entry.UsedAt >= victimUsedAt) continue;
            (victim, victimUsedAt) = (topic, entry.UsedAt);
        }
        return victim is not null && _entries.Remove(victim);
    }

    private void Want(string topic, ReplyTopicEntry entry)
    {
        if (entry.Looking is not null || _isDisposed) return;
        entry.Looking = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _wanted.Enqueue(topic);
        if (_isLooking) return;
        _isLooking = true;
        _ = Task.Run(LookAsync);
    }

    private async Task LookAsync()
    {
        var topics = new List<string>(TopicsPerLook);
        while (true)
        {
            List<string> withoutLimits;
            lock (_lock)
            {
                topics.Clear();
                while (topics.Count < TopicsPerLook && _wanted.TryDequeue(out var topic)) topics.Add(topic);
                if (topics.Count == 0 || _isDisposed)
                {
                    _isLooking = false;
                    break;
                }
                withoutLimits = topics.FindAll(topic => _entries.TryGetValue(topic, out var entry) && Age(entry.LimitsAt) >= LimitsFresh);
            }
            await LookAtAsync(topics, withoutLimits).ConfigureAwait(false);
        }
        if (_isDisposed) Interlocked.Exchange(ref _probe, null)?.Dispose();
    }

    private async Task LookAtAsync(List<string> topics, List<string> withoutLimits)
    {
        IReadOnlyList<TopicDescription> descriptions = [];
        Dictionary<string, ReplyTopicLimits> limits = [];
        try
        {
            _probe ??= new ReplyTopicProbe(options);
            var looking = _probe.LookAsync(topics);
            if (withoutLimits.Count > 0) limits = await _probe.ReadLimitsAsync(withoutLimits).ConfigureAwait(false);
            descriptions = await looking.ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            // Mostly no broker answers. What is old stays in doubt, and the next question asks again.
            telemetry.LookFailed(exception);
        }
        lock (_lock)
        {
            var now = time.GetTimestamp();
            foreach (var topic in withoutLimits)
            {
                if (descriptions.Count == 0 || !_entries.TryGetValue(topic, out var entry)) continue;
                entry.Limits = limits.GetValueOrDefault(topic);
                entry.LimitsAt = now;
            }
            foreach (var description in descriptions)
            {
                if (!_entries.TryGetValue(description.Name, out var entry)) continue;
                entry.State = _probe!.StateOf(description, entry.Limits);
                entry.LookedAt = now;
            }
            foreach (var topic in topics)
            {
                if (!_entries.TryGetValue(topic, out var entry)) continue;
                if (entry.LookedAt == 0) entry.State = new ReplyTopicState(ReplyRefusals.NotLookedUp, 0);
                entry.Looking?.TrySetResult();
                entry.Looking = null;
            }
        }
    }
}
