using StreamScoring.Topology.DeadLetters;
using StreamScoring.Topology.Handlers;
using StreamScoring.Topology.Processing;

namespace StreamScoring.Topology.Execution;

internal sealed partial class Pass
{
    public bool IsCancellation(Exception exception) =>
        exception is OperationCanceledException && CancellationToken.IsCancellationRequested;

    /// <summary>
    /// Remembers where a failure began while it unwinds through a processor of the user's, which might swallow it.
    /// </summary>
    /// <returns>Always false: an exception filter that catches nothing.</returns>
    public bool NoteFailure(Exception exception)
    {
        if (_noted is null)
        {
            _noted = exception;
            _notedAt = Current;
            _notedDoing = Doing;
        }
        return false;
    }

    /// <summary>Fails the slot in work where a processor has swallowed the failure of a node below it.</summary>
    public void ThrowSwallowedFailure()
    {
        if (_noted is not null) throw new InvalidOperationException("A processor swallowed a failure below it.", _noted);
    }

    /// <summary>
    /// Fails the slot in work at the current node: its outputs are taken back and its exception handler decides.
    /// </summary>
    /// <exception cref="StreamProcessingException">The handler answered FAIL, or its answer cannot be followed.</exception>
    public void FailSelected(Exception exception)
    {
        var node = _notedAt ?? Current;
        var doing = _notedAt is null ? Doing : _notedDoing;
        exception = _noted ?? exception;
        _noted = null;
        _notedAt = null;

        ref var slot = ref _slots[Slot];
        var name = node.ReportedName;
        if (slot.Input is { } unread && WillPass(exception, doing))
        {
            WaitToBeRead(unread, name, exception);
            return;
        }
        slot.HasFailed = true;
        var context = new ErrorContext(name, Executor.TaskIdOf(slot.Input, slot.Task), slot.Input);
        var response = Executor.Decide(context, doing, OutputTopic, exception);

        if (slot.Input is not { } input)
        {
            if (response != ErrorResponse.Continue)
                throw new StreamProcessingException(name, null, $"a punctuator failed: {exception.Message}", exception);
            ExecutionLog.PunctuationSkipped(Executor.Logger, name, context.TaskId.ToString(), exception);
            return;
        }

        switch (response)
        {
            case ErrorResponse.Continue:
                if (MayLog()) ExecutionLog.Skipped(Executor.Logger, input.Topic, input.Partition, input.Offset, name, exception);
                break;
            case ErrorResponse.DeadLetter when Executor.DeadLetters is { } writer:
                slot.DeadLetter = writer.Write(new DeadLetter(input, name, context.TaskId, doing, exception));
                if (MayLog()) ExecutionLog.DeadLettered(Executor.Logger, input.Topic, input.Partition, input.Offset, name, exception);
                break;
            case ErrorResponse.DeadLetter:
                throw new StreamProcessingException(
                    name, input, $"its exception handler answered DEAD_LETTER, but no dead-letter topic is configured: {exception.Message}", exception);
            default:
                var hint = Executor.DeadLetters is null ? " (A dead-letter topic would let the stream go on without such records.)" : "";
                throw new StreamProcessingException(name, input, exception.Message + hint, exception);
        }
    }
    private bool MayLog()
    {
        if (!Executor.RecordLog.TryTake(out var suppressed)) return false;
        if (suppressed > 0) ExecutionLog.Suppressed(Executor.Logger, suppressed);
        return true;
    }
}
