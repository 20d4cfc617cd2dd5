using StreamScoring.Topology.Execution;
using StreamScoring.Topology.Processing;

namespace StreamScoring.Topology.Graph;

/// <summary>A node with state: one processor instance for each task.</summary>
internal interface IProcessNode
{
    string Name { get; }

    int Stage { get; }

    /// <summary>Number of the node among the sub-topology's process nodes.</summary>
    int ProcessIndex { get; set; }

    IProcessorInstance CreateInstance(StreamTask task);
}

/// <summary>
/// A node of the Processor API. Where a batch operator comes before it, it waits for its turn, so that its processor
/// sees its records in input order however the batches were cut.
/// </summary>
internal sealed class ProcessNode<TKeyIn, TValueIn, TKeyOut, TValueOut>(
    string name, Func<IProcessor<TKeyIn, TValueIn, TKeyOut, TValueOut>> supplier)
    : OperatorNode<TKeyIn, TValueIn, TKeyOut, TValueOut>(name), IProcessNode, IStageNode
{
    public int ProcessIndex { get; set; }

    public IProcessorInstance CreateInstance(StreamTask task)
    {
        var processor = supplier() ?? throw new InvalidOperationException("The processor supplier gave null.");
        return new ProcessorInstance<TKeyIn, TValueIn, TKeyOut, TValueOut>(this, processor, task);
    }

    public IStageState CreateState(Pass pass) => new StageBuffer<TKeyIn, TValueIn>();

    public override void Process(in Record<TKeyIn, TValueIn> record, Pass pass)
    {
        if (Stage == 0) InstanceOf(pass).Process(record, pass);
        else BufferOf(pass).Add(pass.Slot, record);
    }

    public void RunStage(Pass pass)
    {
        var buffer = BufferOf(pass);
        buffer.Prepare(pass);
        var next = 0;
        for (var order = 0; order < pass.OrderCount; order++)
        {
            for (; next < buffer.Count && pass.OrderOf(buffer.SlotOf(next)) == order; next++)
            {
                if (pass.IsFailed(buffer.SlotOf(next))) continue;
                pass.Select(buffer.SlotOf(next));
                pass.Current = this;
                try
                {
                    if (pass.HasFaults) pass.InjectFault(this);
                    InstanceOf(pass).Process(buffer[next], pass);
                    pass.ThrowSwallowedFailure();
                }
                catch (Exception exception) when (!pass.IsCancellation(exception))
                {
                    pass.FailSelected(exception);
                }
            }
            pass.PunctuateStreamTime(Stage, order);
        }
    }

    private ProcessorInstance<TKeyIn, TValueIn, TKeyOut, TValueOut> InstanceOf(Pass pass) =>
        (ProcessorInstance<TKeyIn, TValueIn, TKeyOut, TValueOut>)pass.Task!.Instances[ProcessIndex];

    private StageBuffer<TKeyIn, TValueIn> BufferOf(Pass pass) =>
        (StageBuffer<TKeyIn, TValueIn>)pass.StageStates[Stage - 1];
}
