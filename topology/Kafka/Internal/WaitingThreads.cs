using System.Diagnostics;

namespace StreamScoring.Topology.Kafka.Internal;

/// <summary>
/// Threads that wait until a state, guarded by a lock of its own, has changed. Who changes it gives back that lock, and then
/// wakes them; where nobody waits that costs a read.
/// </summary>
/// <param name="lookAgain">A change that nobody tells of is seen after so long; null: every change is told.</param>
internal sealed class WaitingThreads(TimeSpan? lookAgain = null)
{
    private readonly object _signal = new();
    private int _count;

    /// <summary>A thread waits, or is about to.</summary>
    internal bool Any => Volatile.Read(ref _count) > 0;

    /// <summary>Waits until <paramref name="isDone"/>, which takes the state's lock itself.</summary>
    internal void Wait(Func<bool> isDone) => Wait(isDone, static isDone => isDone(), Timeout.InfiniteTimeSpan);

    /// <inheritdoc cref="Wait{T}(T, Func{T, bool}, TimeSpan)"/>
    internal bool Wait(Func<bool> isDone, TimeSpan timeout) => Wait(isDone, static isDone => isDone(), timeout);

    /// <summary>Waits until <paramref name="isDone"/>, which takes the state's lock itself, or for <paramref name="timeout"/>.</summary>
    /// <returns>False: the time is over.</returns>
    internal bool Wait<T>(T state, Func<T, bool> isDone, TimeSpan timeout)
    {
        lock (_signal)
        {
            // Counted before it looks: who changes the state after that look finds the count, and then waits for this lock.
            _count++;
            try
            {
                var started = Stopwatch.GetTimestamp();
                while (!isDone(state))
                {
                    var wait = lookAgain ?? Timeout.InfiniteTimeSpan;
                    if (timeout != Timeout.InfiniteTimeSpan)
                    {
                        var left = timeout - Stopwatch.GetElapsedTime(started);
                        if (left <= TimeSpan.Zero) return false;
                        if (lookAgain is null || left < wait) wait = TimeSpan.FromMilliseconds(Math.Ceiling(left.TotalMilliseconds));
                    }
                    Monitor.Wait(_signal, wait);
                }
                return true;
            }
            finally
            {
                _count--;
            }
        }
    }

    /// <summary>Wakes one of them, for what one of them can take.</summary>
    internal void WakeOne()
    {
        if (!Any) return;
        lock (_signal) Monitor.Pulse(_signal);
    }

    /// <summary>Wakes all of them.</summary>
    internal void WakeAll()
    {
        if (!Any) return;
        lock (_signal) Monitor.PulseAll(_signal);
    }
}
