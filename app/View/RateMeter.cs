namespace StreamScoring.App.View;

/// <summary>Turns a counter into a rate: over the last seconds, and second by second for a sparkline.</summary>
internal sealed class RateMeter(TimeProvider time)
{
    private const int HistorySeconds = 20;
    private const int AverageSeconds = 4;

    private readonly Queue<(long At, long Count)> _samples = new();
    private readonly List<double> _history = [];
    private long _secondAt = time.GetTimestamp();
    private long _secondCount;
    private bool _started;

    /// <summary>Records a second over the last seconds.</summary>
    internal double PerSecond { get; private set; }

    /// <summary>Rates of the last whole seconds, oldest first.</summary>
    internal IReadOnlyList<double> History => [.. _history];

    /// <summary>Takes the counter's value now.</summary>
    internal void Sample(long count)
    {
        var now = time.GetTimestamp();
        if (!_started)
        {
            (_started, _secondAt, _secondCount) = (true, now, count);
        }
        _samples.Enqueue((now, count));
        while (_samples.Count > 2 && time.GetElapsedTime(_samples.Peek().At, now).TotalSeconds > AverageSeconds) _samples.Dequeue();
        var (firstAt, firstCount) = _samples.Peek();
        var seconds = time.GetElapsedTime(firstAt, now).TotalSeconds;
        PerSecond = seconds > 0 ? Math.Max(0, count - firstCount) / seconds : 0;

        var second = time.GetElapsedTime(_secondAt, now).TotalSeconds;
        if (second < 1) return;
        _history.Add(Math.Max(0, count - _secondCount) / second);
        if (_history.Count > HistorySeconds) _history.RemoveAt(0);
        (_secondAt, _secondCount) = (now, count);
    }
}
