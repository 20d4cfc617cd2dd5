namespace StreamScoring.Topology.Kafka.Internal;

/// <summary>
/// When the loops of a worker last came round: what tells a loop that hangs from one that waits for a broker. Each loop
/// writes its own entry.
/// </summary>
internal sealed class LoopWatch
{
    private const int Idle = 0;
    private readonly TimeProvider _time;
    private readonly long[] _scoringSince;
    private long _consumerAt;
    private long _producerAt;

    internal LoopWatch(int scorers, TimeProvider time)
    {
        _time = time;
        _scoringSince = new long[scorers];
        ConsumerTurns();
        ProducerTurns();
    }

    internal void ConsumerTurns() => Volatile.Write(ref _consumerAt, _time.GetTimestamp());

    internal void ProducerTurns() => Volatile.Write(ref _producerAt, _time.GetTimestamp());

    internal void ScoringBegins(int scorer, long timestamp) => Volatile.Write(ref _scoringSince[scorer], timestamp);

    internal void ScoringEnds(int scorer) => Volatile.Write(ref _scoringSince[scorer], Idle);

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
