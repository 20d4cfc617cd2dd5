using Confluent.Kafka;

namespace StreamScoring.Topology.Kafka.Internal;

/// <summary>
/// Which partitions this process owns now. The consumer thread changes it inside rebalance callbacks; the producer
/// thread commits only inside <see cref="Gate"/>, so that no partition goes between its check and the commit.
/// </summary>
internal sealed class PartitionOwnership(LoopWatch watch)
{
    private const long Backlog = 1_000;

    private readonly Dictionary<TopicPartition, OwnedPartition> _owned = [];
    private OwnedPartition[] _snapshot = [];
    private int _losses;
    private int _changes;

    /// <summary>Held by the producer thread over a commit and by the consumer thread over a change.</summary>
    internal Lock Gate { get; } = new();

    /// <summary>Grows with every loss; unchanged means that nothing went.</summary>
    internal int Losses => Volatile.Read(ref _losses);

    /// <summary>Grows with every change.</summary>
    internal int Changes => Volatile.Read(ref _changes);

    /// <summary>The partitions owned at this moment.</summary>
    internal OwnedPartition[] Current => Volatile.Read(ref _snapshot);

    /// <summary>
    /// True where so much is known to be unread, of a partition that can be read now, that where nothing is under way at this
    /// moment something soon will be. Less may be what our own open transaction wrote, which is read after its commit.
    /// </summary>
    internal bool HasBacklog
    {
        get
        {
            foreach (var owned in Current)
            {
                if (owned.Unread > Backlog && !owned.IsWaiting) return true;
            }
            return false;
        }
    }

    /// <summary>The ownership of a partition, for the consumer thread alone.</summary>
    internal OwnedPartition? Find(TopicPartition topicPartition) => _owned.GetValueOrDefault(topicPartition);

    /// <summary>Whether a partition is owned at this moment, for any thread.</summary>
    internal bool Owns(TopicPartition topicPartition)
    {
        foreach (var owned in Current)
        {
            if (owned.TopicPartition == topicPartition) return true;
        }
        return false;
    }

    internal void Assign(TopicPartition topicPartition, SubTopologyLane lane)
    {
        using (Enter())
        {
            if (_owned.TryGetValue(topicPartition, out var earlier))
            {
                earlier.Lose();
                _losses++;
            }
            _owned[topicPartition] = new OwnedPartition(topicPartition, lane);
            Publish();
        }
    }

    internal void Lose(IReadOnlyCollection<TopicPartition> partitions)
    {
        using (Enter())
        {
            foreach (var topicPartition in partitions)
            {
                if (_owned.Remove(topicPartition, out var owned)) owned.Lose();
            }
            _losses++;
            Publish();
        }
    }

    // A commit may wait for a broker that is away. The consumer thread then waits for the commit, and says that it lives.
    private Lock.Scope Enter()
    {
        while (!Gate.TryEnter(TimeSpan.FromSeconds(1))) watch.ConsumerTurns();
        var scope = Gate.EnterScope();
        Gate.Exit();
        return scope;
    }

    private void Publish()
    {
        Volatile.Write(ref _snapshot, [.. _owned.Values]);
        Volatile.Write(ref _changes, _changes + 1);
    }
}
