using Confluent.Kafka;
using StreamScoring.Topology.Replies;

namespace StreamScoring.Topology.Kafka.Replies;

/// <summary>What one look at a topic told.</summary>
/// <param name="Refusal">Why it takes no answers; null: it does.</param>
/// <param name="Partitions">Its partitions; 0 where unknown.</param>
internal readonly record struct ReplyTopicState(string? Refusal, int Partitions);

/// <summary>A topic that a stranger named, as long as it is remembered. Guarded by its owner's lock.</summary>
internal sealed class ReplyTopicEntry
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(5);
    private const int MaxDoublings = 6;
    private int _failures;

    public ReplyTopicState State { get; set; }

    /// <summary>When it was last looked at; 0: never.</summary>
    public long LookedAt { get; set; }

    public long UsedAt { get; set; }

    /// <summary>Done when a look that was asked for is over; null: none is under way.</summary>
    public TaskCompletionSource? Looking { get; set; }

    /// <summary>What its configuration says; asked less often.</summary>
    public ReplyTopicLimits Limits { get; set; } = ReplyTopicLimits.Unknown;

    public long LimitsAt { get; set; }

    public long PausedAt { get; private set; }

    public TimeSpan Pause { get; private set; }

    /// <summary>The broker did not take an answer: no more of them for a while, each time twice as long, 5 s to 5 min.</summary>
    public void NoteFailure(long now)
    {
        Pause = FirstPause * (1 << Math.Min(_failures++, MaxDoublings));
        PausedAt = now;
    }

    public void NoteSuccess()
    {
        _failures = 0;
        Pause = TimeSpan.Zero;
    }

    public bool HasFailed => _failures > 0;
}

/// <summary>A topic's settings that decide whether a produce request works.</summary>
/// <param name="MaxMessageBytes">Largest batch; null: not known.</param>
/// <param name="MinInSyncReplicas">In-sync replicas that acks=all needs; null: not known.</param>
internal readonly record struct ReplyTopicLimits(int? MaxMessageBytes, int? MinInSyncReplicas)
{
    internal static ReplyTopicLimits Unknown { get; }
}
