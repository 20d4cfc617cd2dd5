using StreamScoring.Schemas;
using StreamScoring.Topology.DeadLetters;

namespace StreamScoring.Topology.Execution;

internal sealed partial class Pass
{
    private readonly List<int> _waiting = [];

    /// <summary>
    /// Whether a failure will pass without anybody touching the record, e.g. a schema registry that is down. Then no
    /// handler is asked and nothing is lost: the record waits.
    /// </summary>
    private static bool WillPass(Exception exception, ProcessingStage doing) =>
        doing == ProcessingStage.Deserialization && exception is CodecException { IsTransient: true };

    /// <summary>Leaves an input out where an earlier one of its partition waits: order is kept for each partition.</summary>
    /// <returns>False where none does.</returns>
    public bool WaitsBehindAnother(int index, ConsumedRecord input)
    {
        foreach (var slot in _waiting)
        {
            if (!IsSamePartition(_slots[slot].Input!, input)) continue;
            _slots[index] = new SlotState { Order = index, Input = input };
            Wait(index);
            return true;
        }
        return false;
    }

    /// <summary>Takes back the slot in work, and what follows it in its partition, until it can be read.</summary>
    private void WaitToBeRead(ConsumedRecord input, string node, Exception reason)
    {
        if (Executor.WaitLog.TryTake(out _))
        {
            ExecutionLog.WaitsToBeRead(Executor.Logger, input.Topic, input.Partition, input.Offset, node, reason.Message);
        }
        Wait(Slot);
        for (var later = _slots[Slot].Order + 1; later < _inputCount; later++)
        {
            if (_slots[later].Input is { } other && !_slots[later].IsWaiting && IsSamePartition(input, other)) Wait(later);
        }
    }

    private void Wait(int slot)
    {
        _slots[slot].HasFailed = true;
        _slots[slot].IsWaiting = true;
        _slots[slot].DeadLetter = null;
        _waiting.Add(slot);
    }

    private static bool IsSamePartition(ConsumedRecord one, ConsumedRecord other) =>
        one.Partition == other.Partition && one.Topic == other.Topic;
}
