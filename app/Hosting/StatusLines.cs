using System.Globalization;
using StreamScoring.App.View;

namespace StreamScoring.App.Hosting;

/// <summary>The figures as plain lines on standard error, for logs and pipes.</summary>
internal sealed class StatusLines(Func<ViewState> state, TextWriter output, TimeProvider time)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    /// <summary>Writes a line every five seconds until cancelled.</summary>
    internal async Task RunAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(cancellationToken)) await output.WriteLineAsync(Format(state()));
        }
        catch (OperationCanceledException)
        {
        }
    }

    /// <summary>One line with everything that counts.</summary>
    internal static string Format(ViewState state)
    {
        var latency = state.MedianLatency is { } median
            ? string.Create(CultureInfo.InvariantCulture, $", p50 {median.TotalMilliseconds:0} ms")
            : "";
        return string.Create(CultureInfo.InvariantCulture,
            $"{state.State}: {state.Articles} enriched, {state.ArticlesPerSecond:0.0}/s{latency}, {state.DeadLetters} dead letters; {FormatNodes(state)}");
    }

    /// <summary>The figures of nodes and sinks.</summary>
    internal static string FormatNodes(ViewState state)
    {
        var nodes = string.Join(", ", state.Nodes.Select(node => string.Create(
            CultureInfo.InvariantCulture, $"{node.Name} {node.PerSecond:0.0}/s total {node.Total} lag {Math.Max(0, node.Lag)} dead {node.DeadLetters}")));
        var sinks = string.Concat(state.Sinks.Select(sink => sink.Trouble is { } trouble
            ? $"; sink {sink.Name} paused: {TextCleaner.Line(trouble)}"
            : string.Create(CultureInfo.InvariantCulture, $"; sink {sink.Name} total {sink.Total} lag {Math.Max(0, sink.Lag)}")));
        return nodes + sinks;
    }
}
