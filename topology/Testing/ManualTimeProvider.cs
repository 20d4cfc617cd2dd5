namespace StreamScoring.Topology.Testing;

/// <summary>A clock that moves only when told to. Give the same one to whatever in a topology asks for the time.</summary>
public sealed class ManualTimeProvider : TimeProvider
{
    private long _ticks;

    /// <summary>A clock that shows <paramref name="now"/>.</summary>
    public ManualTimeProvider(DateTimeOffset now) => _ticks = now.UtcTicks;

    /// <inheritdoc/>
    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow() => new(Volatile.Read(ref _ticks), TimeSpan.Zero);

    /// <inheritdoc/>
    public override long GetTimestamp() => Volatile.Read(ref _ticks);

    /// <summary>Moves the clock on.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="by"/> is negative.</exception>
    public void Advance(TimeSpan by)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(by, TimeSpan.Zero);
        Interlocked.Add(ref _ticks, by.Ticks);
    }
}
