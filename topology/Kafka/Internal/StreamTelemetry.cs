using System.Diagnostics;
using System.Diagnostics.Metrics;
using StreamScoring.Topology.Execution;

namespace StreamScoring.Topology.Kafka.Internal;

/// <summary>
/// Metrics of one stream, and a span for each record that follows its <c>traceparent</c> header (W3C Trace Context).
/// Names follow OpenTelemetry's messaging conventions where they have one.
/// </summary>
internal sealed class StreamTelemetry : IDisposable
{
    private const string TraceParent = "traceparent";
    private const string TraceState = "tracestate";

    private static readonly ActivitySource Source = new(KafkaStream.TelemetryName);

    private readonly Meter _meter = new(KafkaStream.TelemetryName);
    private readonly Counter<long> _consumed;
    private readonly Counter<long> _produced;
    private readonly Counter<long> _deadLetters;
    private readonly Histogram<double> _scoring;
    private readonly Histogram<double> _commits;

    internal StreamTelemetry(Func<KafkaStreamSnapshot> snapshot)
    {
        _consumed = _meter.CreateCounter<long>("streamscoring.records.in", "{record}", "Input records committed.");
        _produced = _meter.CreateCounter<long>("streamscoring.records.out", "{record}", "Output records committed.");
        _deadLetters = _meter.CreateCounter<long>("streamscoring.dead_letters", "{record}", "Inputs dead-lettered.");
        _scoring = _meter.CreateHistogram<double>("streamscoring.batch.duration", "s", "Time to run one micro-batch.");
        _commits = _meter.CreateHistogram<double>("streamscoring.commit.duration", "s", "Time to commit.");
        _meter.CreateObservableCounter("streamscoring.aborts", () => snapshot().Aborts, "{transaction}", "Transactions aborted.");
        _meter.CreateObservableGauge("streamscoring.lag", () => Lags(snapshot()), "{record}", "Records not committed yet.");
    }

    internal void BatchScored(RecordBatch batch, TimeSpan elapsed) =>
        _scoring.Record(elapsed.TotalSeconds, Tag(batch.Lane));

    internal void BatchCommitted(RecordBatch batch, int recordsIn, int recordsOut, int deadLetters)
    {
        var tag = Tag(batch.Lane);
        _consumed.Add(recordsIn, tag);
        _produced.Add(recordsOut, tag);
        if (deadLetters > 0) _deadLetters.Add(deadLetters, tag);
    }

    internal void Committed(TimeSpan elapsed) => _commits.Record(elapsed.TotalSeconds);

    /// <summary>
    /// One span for each record, child of the span its producer named, and the new span's id into the outputs, so that
    /// one trace follows a record through every hop. Without a listener the headers pass untouched.
    /// </summary>
    internal static void TraceRecords(RecordBatch batch, BatchResult result, DateTimeOffset startedAt, DateTimeOffset endedAt)
    {
        if (!Source.HasListeners()) return;
        var output = 0;
        for (var i = 0; i < batch.Records.Count; i++)
        {
            var record = batch.Records[i];
            ActivityContext.TryParse(
                record.Headers.GetText(TraceParent), record.Headers.GetText(TraceState), isRemote: true, out var parent);
            using var activity = Source.StartActivity(
                ActivityKind.Consumer, parent, startTime: startedAt, name: $"process {record.Topic}");
            activity?.SetTag("messaging.system", "kafka")
                .SetTag("messaging.destination.name", record.Topic)
                .SetTag("messaging.destination.partition.id", record.Partition)
                .SetTag("messaging.kafka.offset", record.Offset)
                .SetTag("messaging.batch.message_count", batch.Records.Count);
            for (var end = output + result.InputCounts[i]; output < end; output++)
            {
                if (activity?.Id is { } id) result.Outputs[output].Headers.Set(TraceParent, id);
            }
            activity?.SetEndTime(endedAt.UtcDateTime);
        }
    }

    public void Dispose() => _meter.Dispose();

    private static KeyValuePair<string, object?> Tag(SubTopologyLane lane) => new("messaging.destination.name", lane.Name);

    private static IEnumerable<Measurement<long>> Lags(KafkaStreamSnapshot snapshot)
    {
        foreach (var subTopology in snapshot.SubTopologies)
        {
            yield return new Measurement<long>(
                subTopology.Lag,
                new KeyValuePair<string, object?>("messaging.destination.name", string.Join(',', subTopology.SourceTopics)));
        }
    }
}
