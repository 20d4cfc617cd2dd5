using System.Diagnostics;

namespace StreamScoring.Schemas.Benchmarks;

/// <summary>What one operation costs.</summary>
internal sealed record Measurement(string Operation, string Codec, double Nanoseconds, long AllocatedBytes);

/// <summary>
/// Times operations in short rounds that take turns, and keeps the best round of each: what else the machine does then
/// shows least, and in none of them more than in another.
/// </summary>
internal sealed class Measure
{
    private const int Rounds = 2000;
    private static readonly TimeSpan RoundTime = TimeSpan.FromMilliseconds(0.5);
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(2);

    private readonly List<(string Operation, string Codec, Action Action)> _operations = [];

    public void Add(string operation, string codec, Action action) => _operations.Add((operation, codec, action));

    public List<Measurement> Run()
    {
        var batches = _operations.ConvertAll(operation => BatchOf(operation.Action));
        var best = _operations.ConvertAll(_ => double.MaxValue);
        for (var round = 0; round < Rounds; round++)
        {
            for (var i = 0; i < _operations.Count; i++) best[i] = Math.Min(best[i], Time(_operations[i].Action, batches[i]));
        }
        return [.. _operations.Select((o, i) => new Measurement(o.Operation, o.Codec, best[i], Allocated(o.Action)))];
    }

    private static int BatchOf(Action action)
    {
        for (var clock = Stopwatch.StartNew(); clock.Elapsed < WarmUp;) action();
        return Math.Max(1, (int)(RoundTime.TotalNanoseconds / Time(action, 1000)));
    }

    private static double Time(Action action, int calls)
    {
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < calls; i++) action();
        return Stopwatch.GetElapsedTime(start).TotalNanoseconds / calls;
    }

    private static long Allocated(Action action)
    {
        const int calls = 1000;
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < calls; i++) action();
        return (GC.GetAllocatedBytesForCurrentThread() - before) / calls;
    }
}
