using StreamScoring.Schemas;

namespace StreamScoring.Topology.Execution;

internal sealed partial class Pass
{
    private const double LongestWaitMs = 5_000;
    private const double FirstWaitMs = 100;
    private const int MaxDoublings = 6;

    /// <summary>
    /// Lets a while pass after bytes could not be read for a reason that will pass, e.g. a schema registry that is down.
    /// No handler is asked and nothing is lost: the record, and what comes after it in its batch, waits on this thread
    /// until the bytes can be read or the batch is abandoned.
    /// </summary>
    /// <param name="exception">Why they could not be read.</param>
    /// <param name="failures">How often in a row, from 1.</param>
    /// <exception cref="OperationCanceledException">The batch is abandoned.</exception>
    public void WaitToReadAgain(CodecException exception, int failures)
    {
        var wait = Math.Min(LongestWaitMs, FirstWaitMs * (1 << Math.Min(failures - 1, MaxDoublings)));
        if (Executor.WaitLog.TryTake(out _) && Input is { } input)
        {
            ExecutionLog.WaitsToBeRead(
                Executor.Logger, input.Topic, input.Partition, input.Offset, Current.ReportedName, exception.Message);
        }
        System.Threading.Tasks.Task.Delay(TimeSpan.FromMilliseconds(wait), Executor.Options.TimeProvider, CancellationToken).GetAwaiter().GetResult();
    }
}
