using StreamScoring.Topology.Execution;
using StreamScoring.Topology.Processing;

namespace StreamScoring.Topology.Graph;

/// <summary>
/// Collects the whole micro-batch, then calls its processor in chunks. A chunk that throws is halved until the records
/// that cannot be processed stand alone: those fail, their neighbours go on.
/// </summary>
internal sealed class BatchNode<TKeyIn, TValueIn, TKeyOut, TValueOut>(
    string name, IBatchProcessor<TKeyIn, TValueIn, TKeyOut, TValueOut> processor, BatchOptions options)
    : OperatorNode<TKeyIn, TValueIn, TKeyOut, TValueOut>(name, NodeKind.Batch), IStageNode, IBatchNode
{
    public BatchOptions Options => options;

    /// <summary>Number of the node among the sub-topology's batch nodes.</summary>
    public int BatchIndex { get; set; }

    public override void Validate(List<string> mistakes) => options.Validate(Name, mistakes);

    public IStageState CreateState() => new State();

    public override void Process(in Record<TKeyIn, TValueIn> record, Pass pass) =>
        StateOf(pass).Input.Add(pass.Slot, record);

    public void RunStage(Pass pass)
    {
        var state = StateOf(pass);
        state.Input.Prepare(pass);
        for (var start = 0; start < state.Input.Count; start += options.MaxRecords)
            RunChunk(state, start, Math.Min(options.MaxRecords, state.Input.Count - start), pass);
    }

    private State StateOf(Pass pass) => (State)pass.StageStates[Stage - 1];

    private void RunChunk(State state, int start, int length, Pass pass)
    {
        pass.CancellationToken.ThrowIfCancellationRequested();
        pass.Current = this;
        state.Output.Reset(length);
        try
        {
            if (pass.HasFaults) InjectFaults(state, start, length, pass);
            processor.Process(state.Input.Slice(start, length), state.Output, pass.CancellationToken);
        }
        catch (Exception exception) when (!pass.IsCancellation(exception))
        {
            if (length == 1)
            {
                FailOne(state.Input.SlotOf(start), exception, pass);
                return;
            }
            var half = length / 2;
            RunChunk(state, start, half, pass);
            RunChunk(state, start + half, length - half, pass);
            return;
        }
        Release(state, start, length, pass);
    }

    private void Release(State state, int start, int length, Pass pass)
    {
        foreach (var (index, error) in state.Output.Failures)
        {
            var slot = state.Input.SlotOf(start + index);
            if (!pass.IsFailed(slot)) FailOne(slot, error, pass);
        }
        if (state.Output.Failures.Count < length) pass.Executor.NoteBatchSuccess(BatchIndex);

        state.Output.SortByIndex();
        var entries = state.Output.Entries;
        for (var i = 0; i < entries.Count; i++)
        {
            var slot = state.Input.SlotOf(start + entries[i].Index);
            if (pass.IsFailed(slot)) continue;
            pass.Select(slot);
            pass.Current = this;
            try
            {
                Out.Emit(entries[i].Record, pass);
                pass.ThrowSwallowedFailure();
            }
            catch (Exception exception) when (!pass.IsCancellation(exception))
            {
                pass.FailSelected(exception);
            }
        }
    }

    private void FailOne(int slot, Exception exception, Pass pass)
    {
        pass.Select(slot);
        pass.Current = this;
        pass.Executor.NoteBatchFailure(this, BatchIndex, pass.Input, exception);
        pass.FailSelected(exception);
    }

    private void InjectFaults(State state, int start, int length, Pass pass)
    {
        for (var i = 0; i < length; i++)
        {
            pass.Select(state.Input.SlotOf(start + i));
            pass.InjectFault(this);
        }
    }

    private sealed class State : IStageState
    {
        public StageBuffer<TKeyIn, TValueIn> Input { get; } = new();

        public BatchOutput<TKeyOut, TValueOut> Output { get; } = new();

        public void Clear()
        {
            Input.Clear();
            Output.Reset(0);
        }
    }
}

/// <summary>A batch operator, whatever it is typed to.</summary>
internal interface IBatchNode
{
    BatchOptions Options { get; }

    int BatchIndex { get; set; }
}
