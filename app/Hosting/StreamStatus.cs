using StreamScoring.App.View;
using StreamScoring.Topology.Kafka;

namespace StreamScoring.App.Hosting;

/// <summary>What a <c>stream</c> process says about itself: each change of state, and its figures every ten seconds.</summary>
internal sealed class StreamStatus(StreamMonitor monitor, KafkaStream stream, TextWriter output, TimeProvider time)
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(500);
    private const int TicksBetweenFigures = 20;

    /// <summary>Writes until cancelled.</summary>
    internal async Task RunAsync(CancellationToken cancellationToken)
    {
        stream.StateChanged += Tell;
        try
        {
            using var timer = new PeriodicTimer(Tick, time);
            for (var tick = 1; await timer.WaitForNextTickAsync(cancellationToken); tick++)
            {
                var state = monitor.Take();
                if (tick % TicksBetweenFigures == 0) await output.WriteLineAsync(StatusLines.FormatNodes(state));
            }
        }
        catch (OperationCanceledException)
        {
        }
        finally
        {
            stream.StateChanged -= Tell;
        }
    }

    private void Tell(KafkaStreamState state)
    {
        var word = state switch
        {
            KafkaStreamState.Rebalancing => "rebalancing",
            KafkaStreamState.Running => "running",
            KafkaStreamState.PendingShutdown => "stopping: finishing what is in flight; Ctrl-C again stops at once",
            KafkaStreamState.NotRunning => "stopped",
            KafkaStreamState.Error => "failed",
            _ => "created",
        };
        monitor.Activity = word;
        output.WriteLine("stream " + word);
    }
}
