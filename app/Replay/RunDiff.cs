using StreamScoring.App.Commands;
using StreamScoring.Schemas;

namespace StreamScoring.App.Replay;

/// <summary>
/// Joins two runs by topic, partition and offset and adds up how they differ. Both are read once, side by side; only the
/// worst differences are kept.
/// </summary>
internal sealed class RunDiff
{
    private const int MaxWorst = 200;
    private const int MaxFlipKinds = 10_000;
    private static readonly double[] ScoreBuckets = [0, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1];

    private readonly PriorityQueue<RecordChange, double> _worst = new();
    private readonly Dictionary<(string From, string To), long> _flips = [];
    private readonly long[] _scoreChanges = new long[ScoreBuckets.Length];
    private readonly SortedDictionary<string, (LatencyHistogram A, LatencyHistogram B)> _nodes = new(StringComparer.Ordinal);
    private readonly LatencyHistogram _latencyA = new();
    private readonly LatencyHistogram _latencyB = new();
    private long _records, _missing, _changed, _outcomes, _others, _withTopic, _flipped, _shared, _added, _lost, _withSummary;
    private double _topicDelta, _entityDelta, _summaryDelta, _rougeSum;

    private RunDiff()
    {
    }

    /// <summary>Compares.</summary>
    /// <exception cref="CommandException">The runs are of different topics, or a line is damaged.</exception>
    internal static DiffReport Compare(CaptureFolder a, CaptureFolder b, IReadOnlyList<Tolerance> tolerances, CancellationToken cancellationToken)
    {
        if (a.Manifest.Topic != b.Manifest.Topic)
        {
            throw new CommandException($"{a.Path} is a run of topic {a.Manifest.Topic}, {b.Path} one of {b.Manifest.Topic}: only runs of one topic can be compared.");
        }
        var diff = new RunDiff();
        foreach (var partition in a.Manifest.Partitions.Concat(b.Manifest.Partitions).Select(static partition => partition.Partition).Distinct().Order())
        {
            diff.Join(a, b, partition, cancellationToken);
        }
        return diff.Report(a, b, tolerances);
    }

    private void Join(CaptureFolder a, CaptureFolder b, int partition, CancellationToken cancellationToken)
    {
        using var left = a.Lines(partition).Select(line => RunResult.Read(partition, line)).GetEnumerator();
        using var right = b.Lines(partition).Select(line => RunResult.Read(partition, line)).GetEnumerator();
        var (hasLeft, hasRight) = (left.MoveNext(), right.MoveNext());
        while (hasLeft || hasRight)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var order = !hasLeft ? 1 : !hasRight ? -1 : left.Current.Offset.CompareTo(right.Current.Offset);
            if (order == 0) Add(left.Current, right.Current);
            else Keep(order < 0 ? RecordComparison.OnlyIn("A", left.Current) : RecordComparison.OnlyIn("B", right.Current));
            if (order <= 0) hasLeft = left.MoveNext();
            if (order >= 0) hasRight = right.MoveNext();
        }
    }

    private void Add(RunResult a, RunResult b)
    {
        _records++;
        _latencyA.Add(a.LatencyUs);
        _latencyB.Add(b.LatencyUs);
        TimeNodes(a, isA: true);
        TimeNodes(b, isA: false);
        var change = RecordComparison.Compare(a, b);
        if (change.Outcome is not null) _outcomes++;
        if (change.OtherFields.Count > 0) _others++;
        if (a.Outputs.Values.Any(static output => output.Article?.Topic is not null) || b.Outputs.Values.Any(static output => output.Article?.Topic is not null)) _withTopic++;
        if (change.Flip is { } flip)
        {
            _flipped++;
            var key = (flip.A, flip.B);
            if (!_flips.ContainsKey(key) && _flips.Count >= MaxFlipKinds) key = ("(others)", "(others)");
            _flips[key] = _flips.GetValueOrDefault(key) + 1;
        }
        _topicDelta = Math.Max(_topicDelta, change.TopicDelta);
        _shared += change.SharedEntities;
        _added += change.Added.Count;
        _lost += change.Lost.Count;
        _entityDelta = Math.Max(_entityDelta, change.EntityDelta);
        if (change.Rouge is { } rouge)
        {
            _withSummary++;
            _rougeSum += rouge;
        }
        _summaryDelta = Math.Max(_summaryDelta, change.SummaryDelta);
        var largest = Math.Max(change.TopicDelta, Math.Max(change.EntityDelta, change.SummaryDelta));
        _scoreChanges[Array.FindIndex(ScoreBuckets, bucket => largest <= bucket) is >= 0 and var index ? index : ScoreBuckets.Length - 1]++;
        Keep(change);
    }

    private void TimeNodes(RunResult result, bool isA)
    {
        foreach (var output in result.Outputs.Values)
        {
            foreach (var entry in (IReadOnlyList<Provenance>?)output.Article?.Provenance ?? [])
            {
                if (!_nodes.TryGetValue(entry.Node, out var times)) _nodes.Add(entry.Node, times = (new LatencyHistogram(), new LatencyHistogram()));
                (isA ? times.A : times.B).Add(entry.DurationUs);
            }
        }
    }

    private void Keep(RecordChange change)
    {
        if (change.OnlyIn is not null) _missing++;
        if (change.IsVisible) _changed++;
        if (change.Severity <= 0) return;
        _worst.Enqueue(change, change.Severity);
        if (_worst.Count > MaxWorst) _worst.Dequeue();
    }

    private DiffReport Report(CaptureFolder a, CaptureFolder b, IReadOnlyList<Tolerance> tolerances)
    {
        var values = new Dictionary<string, double?>(StringComparer.Ordinal)
        {
            [Tolerances.Missing] = _missing,
            [Tolerances.DeadLetters] = _outcomes,
            [Tolerances.Other] = _others,
            [Tolerances.TopicFlips] = _withTopic > 0 ? (double)_flipped / _withTopic : null,
            [Tolerances.TopicScore] = _withTopic > 0 ? _topicDelta : null,
            [Tolerances.EntityF1] = _shared + _added + _lost > 0 ? 2.0 * _shared / ((2 * _shared) + _added + _lost) : null,
            [Tolerances.EntityScore] = _shared > 0 ? _entityDelta : null,
            [Tolerances.SummaryRouge] = _withSummary > 0 ? _rougeSum / _withSummary : null,
            [Tolerances.SummaryScore] = _withSummary > 0 ? _summaryDelta : null,
            [Tolerances.Latency] = _latencyB.PercentileMs(0.95) / _latencyA.PercentileMs(0.95),
        };
        var worst = new List<RecordChange>(_worst.Count);
        while (_worst.TryDequeue(out var change, out _)) worst.Add(change);
        worst.Reverse();
        return new DiffReport
        {
            FolderA = a.Path,
            FolderB = b.Path,
            A = a.Manifest,
            B = b.Manifest,
            Records = _records,
            Missing = _missing,
            Changed = _changed,
            Measures = [.. tolerances.Select(tolerance => (tolerance, values[tolerance.Name]))],
            Entities = (_shared, _added, _lost),
            Flips = [.. _flips.OrderByDescending(static flip => flip.Value).ThenBy(static flip => flip.Key).Select(static flip => (flip.Key.From, flip.Key.To, flip.Value))],
            ScoreChanges = [.. ScoreBuckets.Zip(_scoreChanges)],
            Latencies =
            [
                ("record, first topic to last", _latencyA.PercentileMs(0.5), _latencyB.PercentileMs(0.5), _latencyA.PercentileMs(0.95), _latencyB.PercentileMs(0.95)),
                .. _nodes.Select(static node => ($"node {node.Key}", node.Value.A.PercentileMs(0.5), node.Value.B.PercentileMs(0.5), node.Value.A.PercentileMs(0.95), node.Value.B.PercentileMs(0.95))),
            ],
            Worst = worst,
        };
    }
}
