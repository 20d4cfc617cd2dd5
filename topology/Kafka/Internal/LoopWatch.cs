namespace StreamScoring.Topology.Kafka.Internal;

/// <summary>
/// When the loops of a worker last came round: what tells a loop that hangs from one that waits for a broker. Each loop
/// writes its own entry.
/// </summary>
internal sealed class LoopWatch
{
    private const int Idle = 0;
    private static readonly TimeSpan ResultsPatience = TimeSpan.FromSeconds(5);
    private readonly TimeProvider _time;
    private readonly TimeSpan _commitInterval;
    private readonly long[] _scoringSince;
    private long _consumerAt;
    private long _producerAt;
    private long _uncommittedSince;

    internal LoopWatch(KafkaStreamOptions options, TimeProvider time)
    {
        _time = time;
        _commitInterval = options.CommitInterval;
        _scoringSince = new long[options.ScorerThreads];
        ConsumerTurns();
        ProducerTurns();
    }

    internal void ConsumerTurns() => Volatile.Write(ref _consumerAt, _time.GetTimestamp());

    internal void ProducerTurns() => Volatile.Write(ref _producerAt, _time.GetTimestamp());

    internal void ScoringBegins(int scorer, long timestamp) => Volatile.Write(ref _scoringSince[scorer], timestamp);

    internal void ScoringEnds(int scorer) => Volatile.Write(ref _scoringSince[scorer], Idle);

    /// <summary>Results are on their way to Kafka since then; each time it takes some, it is a later time.</summary>
    internal void ResultsWait(long since) => Volatile.Write(ref _uncommittedSince, since);

    /// <summary>Kafka has all results.</summary>
    internal void ResultsTaken() => Volatile.Write(ref _uncommittedSince, Idle);

    /// <summary>How long Kafka has taken no result, where there are some and it is longer than usual.</summary>
    internal TimeSpan? FindUntaken() =>
        Volatile.Read(ref _uncommittedSince) is not Idle and var since
        && _time.GetElapsedTime(since) is var waited && waited > _commitInterval + ResultsPatience ? waited : null;

    /// <summary>The loop that has stood still for longer than <paramref name="limit"/>, in words; null where none has.</summary>
    internal string? FindStalled(TimeSpan limit)
    {
        if (Since(ref _consumerAt) is var consumer && consumer > limit) return Words("the consumer loop has not come round", consumer);
        if (Since(ref _producerAt) is var producer && producer > limit) return Words("the producer loop has not come round", producer);
        for (var i = 0; i < _scoringSince.Length; i++)
        {
            if (Volatile.Read(ref _scoringSince[i]) == Idle) continue;
            var scoring = Since(ref _scoringSince[i]);
            if (scoring > limit) return Words($"scorer {i} has been in one batch", scoring);
        }
        return null;
    }

    private TimeSpan Since(ref long timestamp) => _time.GetElapsedTime(Volatile.Read(ref timestamp));

    private static string Words(string what, TimeSpan time) =>
        string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{what} for {time.TotalSeconds:0} s");
}
