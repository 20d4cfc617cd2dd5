using Confluent.Kafka;

namespace StreamScoring.Topology.Kafka.Internal;

/// <summary>
/// Closes a consumer within a limit. Closing commits what is stored, and librdkafka (2.15.1, its issue 3740) waits for the
/// answer for as long as the group's coordinator is away.
/// </summary>
internal sealed class GroupLeave
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);
    private readonly Lock _callback = new();
    private bool _isOver;

    /// <summary>Runs a rebalance callback, unless its consumer was left behind.</summary>
    internal void Call(Action callback)
    {
        lock (_callback)
        {
            if (!_isOver) callback();
        }
    }

    /// <summary>Commits stored offsets, leaves the group and disposes of the consumer.</summary>
    /// <returns>
    /// False: the limit came first. The consumer closes once the coordinator is back and must not be touched any more; where
    /// the process ends before, its session times out, and what was not committed is read again.
    /// </returns>
    internal bool TryClose(IConsumer<byte[]?, byte[]?> consumer)
    {
        var closing = Task.Run(consumer.Close);
        if (Task.WaitAny([closing], Limit) >= 0)
        {
            closing.GetAwaiter().GetResult();
            return true;
        }
        lock (_callback) _isOver = true;
        // Of no interest any more.
        _ = closing.ContinueWith(static closed => closed.Exception, TaskScheduler.Default);
        return false;
    }
}
