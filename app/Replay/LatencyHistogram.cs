namespace StreamScoring.App.Replay;

/// <summary>Times in buckets that are 1 % wide, so that any number of them takes the same memory.</summary>
internal sealed class LatencyHistogram
{
    private const double Growth = 1.01;
    private static readonly double LogGrowth = Math.Log(Growth);

    // 1.01 to the 2,800th microseconds are more than two weeks.
    private readonly long[] _buckets = new long[2_800];

    /// <summary>Times counted.</summary>
    internal long Count { get; private set; }

    /// <summary>Counts a time in microseconds.</summary>
    internal void Add(long microseconds)
    {
        Count++;
        _buckets[Math.Clamp((int)(Math.Log(Math.Max(1, microseconds)) / LogGrowth), 0, _buckets.Length - 1)]++;
    }

    /// <summary>Milliseconds that this share of the times does not exceed, to 1 %; null where there is none.</summary>
    /// <param name="share">0 to 1.</param>
    internal double? PercentileMs(double share)
    {
        if (Count == 0) return null;
        var wanted = (long)Math.Ceiling(share * Count);
        long seen = 0;
        for (var i = 0; i < _buckets.Length; i++)
        {
            seen += _buckets[i];
            if (seen >= wanted && _buckets[i] > 0) return Math.Pow(Growth, i + 0.5) / 1_000;
        }
        return null;
    }
}
