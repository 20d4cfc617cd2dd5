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
        slot.HasFailed = true;
        var name = node.ReportedName;
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
                ExecutionLog.Skipped(Executor.Logger, input.Topic, input.Partition, input.Offset, name, exception);
                break;
            case ErrorResponse.DeadLetter when Executor.DeadLetters is { } writer:
                slot.DeadLetter = writer.Write(new DeadLetter(input, name, context.TaskId, doing, exception));
                ExecutionLog.DeadLettered(Executor.Logger, input.Topic, input.Partition, input.Offset, name, exception);
                break;
            case ErrorResponse.DeadLetter:
                throw new StreamProcessingException(
                    name, input, $"its exception handler answered DEAD_LETTER, but no dead-letter topic is configured: {exception.Message}", exception);
            default:
                throw new StreamProcessingException(name, input, exception.Message, exception);
        }
    }

    /// <summary>Fires the stream-time punctuators of a stage that the record at this place of the input order makes due.</summary>
    public void PunctuateStreamTime(int stage, int order)
    {
        if (order >= _inputCount || _slots[order].Task is not { StreamTimeSchedules.Count: > 0 } task) return;
        var nowMs = _slots[order].StreamTimeMs;
        var count = task.StreamTimeSchedules.Count;
        for (var i = 0; i < count; i++)
        {
            var schedule = task.StreamTimeSchedules[i];
            if (schedule.Instance.Node.Stage == stage && schedule.IsDue(nowMs)) Fire(schedule, nowMs, order, task);
        }
        if (stage == 0) task.RemoveCancelled();
    }

    /// <summary>Calls a punctuator; what it forwards belongs to a slot of its own.</summary>
    public void Fire(Schedule schedule, long nowMs, int order, StreamTask task)
    {
        Slot = AddSlot(new SlotState { Order = order, Task = task, StreamTimeMs = task.StreamTimeMs });
        Doing = ProcessingStage.Processing;
        Current = schedule.Instance.Node;
        schedule.MoveOn(nowMs);
        try
        {
            schedule.Instance.Punctuate(schedule, nowMs, this);
            ThrowSwallowedFailure();
        }
        catch (Exception exception) when (!IsCancellation(exception))
        {
            FailSelected(exception);
        }
    }

    /// <summary>Gathers what the batch came to, in input order.</summary>
    public BatchResult Finish()
    {
        var counts = new int[_inputCount];
        var deadLetters = 0;
        var skipped = 0;
        for (var i = 0; i < _inputCount; i++)
        {
            if (!_slots[i].HasFailed) continue;
            if (_slots[i].DeadLetter is null)
            {
                skipped++;
            }
            else
            {
                deadLetters++;
                counts[i] = 1;
            }
        }
        var total = deadLetters;
        foreach (var output in _outputs)
        {
            if (_slots[output.Slot].HasFailed) continue;
            counts[_slots[output.Slot].Order]++;
            total++;
        }

        var outputs = new ProducedRecord[total];
        var next = new int[_inputCount];
        for (int i = 0, start = 0; i < _inputCount; i++)
        {
            next[i] = start;
            start += counts[i];
            if (_slots[i].DeadLetter is { } letter) outputs[next[i]++] = letter;
        }
        foreach (var output in _outputs)
        {
            if (!_slots[output.Slot].HasFailed) outputs[next[_slots[output.Slot].Order]++] = output.Record;
        }
        return new BatchResult(outputs, counts, deadLetters, skipped);
    }

    /// <summary>What punctuators forwarded, in order.</summary>
    public List<ProducedRecord> FinishPunctuation()
    {
        var records = new List<ProducedRecord>(_outputs.Count);
        foreach (var output in _outputs)
        {
            if (!_slots[output.Slot].HasFailed) records.Add(output.Record);
        }
        return records;
    }
}
