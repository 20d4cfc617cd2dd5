using System.Diagnostics.Metrics;

namespace StreamScoring.Client;

/// <summary>Metrics of a client.</summary>
internal sealed class ClientTelemetry : IDisposable
{
    internal const string Name = "StreamScoring.Client";

    private readonly Meter _meter = new(Name);
    private readonly Histogram<double> _duration;
    private readonly Counter<long> _unawaited;

    internal ClientTelemetry(Func<int> inFlight)
    {
        _duration = _meter.CreateHistogram<double>(
            "streamscoring.client.call.duration", "s", "From ScoreAsync to its end; tag outcome: answered, Cancelled, or a ScoringError.");
        _unawaited = _meter.CreateCounter<long>(
            "streamscoring.client.answers.unawaited", "{record}", "Answers that came twice, or after their call had ended.");
        _meter.CreateObservableGauge("streamscoring.client.calls.in_flight", inFlight, "{call}", "Calls sent and not yet answered.");
    }

    internal void Called(TimeSpan elapsed, string outcome) =>
        _duration.Record(elapsed.TotalSeconds, new KeyValuePair<string, object?>("outcome", outcome));

    internal void Unawaited() => _unawaited.Add(1);

    public void Dispose() => _meter.Dispose();
}
