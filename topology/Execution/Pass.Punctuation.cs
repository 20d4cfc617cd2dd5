using StreamScoring.Topology.DeadLetters;

namespace StreamScoring.Topology.Execution;

internal sealed partial class Pass
{
    /// <summary>Fires the stream-time punctuators of a stage that the record at this place of the input order makes due.</summary>
    public void PunctuateStreamTime(int stage, int order)
    {
        if (order >= _inputCount || _slots[order].Task is not { StreamTimeSchedules.Count: > 0 } task) return;
        var nowMs = _slots[order].StreamTimeMs;
        var count = task.StreamTimeSchedules.Count;
        for (var i = 0; i < count; i++)
        {
            var schedule = task.StreamTimeSchedules[i];
            if (schedule.Instance.Node.Stage == stage && schedule.IsDue(nowMs)) Fire(schedule, nowMs, nowMs, order, task);
        }
        if (stage == 0) task.RemoveCancelled();
    }

    /// <summary>Calls a punctuator; what it forwards belongs to a slot of its own.</summary>
    /// <param name="schedule">Which.</param>
    /// <param name="dueMs">Now, by the clock that its schedule goes by.</param>
    /// <param name="shownMs">Now, as the punctuator is told.</param>
    /// <param name="order">Its place in the input order.</param>
    /// <param name="task">Its task.</param>
    public void Fire(Schedule schedule, long dueMs, long shownMs, int order, StreamTask task)
    {
        Slot = AddSlot(new SlotState { Order = order, Task = task, StreamTimeMs = task.StreamTimeMs });
        Doing = ProcessingStage.Processing;
        Current = schedule.Instance.Node;
        schedule.MoveOn(dueMs);
        try
        {
            schedule.Instance.Punctuate(schedule, shownMs, this);
            ThrowSwallowedFailure();
        }
        catch (Exception exception) when (!IsCancellation(exception))
        {
            FailSelected(exception);
        }
    }
}
