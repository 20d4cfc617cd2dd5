namespace StreamScoring.Topology.Execution;

/// <summary>
/// Lets a few messages through in each interval and counts the rest: a producer that sends nothing but bad records must
/// not fill the disk with log lines.
/// </summary>
internal sealed class LogThrottle(TimeProvider time, int messagesPerInterval, TimeSpan interval)
{
    private readonly Lock _lock = new();
    private long _intervalStart = time.GetTimestamp();
    private int _taken;
    private long _suppressed;

    /// <summary>Whether a message may be written now.</summary>
    /// <param name="suppressed">How many were not written since the last that was.</param>
    public bool TryTake(out long suppressed)
    {
        lock (_lock)
        {
            suppressed = 0;
            if (time.GetElapsedTime(_intervalStart) >= interval)
            {
                _intervalStart = time.GetTimestamp();
                _taken = 0;
            }
            if (_taken == messagesPerInterval)
            {
                _suppressed++;
                return false;
            }
            _taken++;
            suppressed = _suppressed;
            _suppressed = 0;
            return true;
        }
    }
}
