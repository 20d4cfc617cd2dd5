using StreamScoring.Topology.Execution;
using StreamScoring.Topology.Processing;

namespace StreamScoring.Topology.Graph;

/// <summary>A batch operator, whatever it is typed to.</summary>
internal interface IBatchNode
{
    BatchOptions Options { get; }

    /// <summary>Number of the node among the sub-topology's batch nodes.</summary>
    int BatchIndex { get; set; }
}

/// <summary>
/// Collects the whole micro-batch, then calls its processor in chunks. A chunk that throws is halved until the records
/// that cannot be processed stand alone: those fail, their neighbours go on.
/// </summary>
internal sealed class BatchNode<TKeyIn, TValueIn, TKeyOut, TValueOut>(
    string name, IBatchProcessor<TKeyIn, TValueIn, TKeyOut, TValueOut> processor, BatchOptions options)
    : OperatorNode<TKeyIn, TValueIn, TKeyOut, TValueOut>(name, NodeKind.Batch), IStageNode, IBatchNode
{
    public BatchOptions Options => options;

    public int BatchIndex { get; set; }

    private IBatchProcessor<TKeyIn, TValueIn, TKeyOut, TValueOut> Processor => processor;

    public override void Validate(List<string> mistakes) => options.Validate(Name, mistakes);

    public IStageState CreateState(Pass pass) => new Work(this, pass);

    public override void Process(in Record<TKeyIn, TValueIn> record, Pass pass) =>
        ((Work)pass.StageStates[Stage - 1]).Input.Add(pass.Slot, record);

    public void RunStage(Pass pass)
    {
        var work = (Work)pass.StageStates[Stage - 1];
        work.Input.Prepare(pass);
        for (var start = 0; start < work.Input.Count; start += options.MaxRecords)
            Bisection.Run(work, start, Math.Min(options.MaxRecords, work.Input.Count - start));
    }

    /// <summary>The node's share of a pass.</summary>
    private sealed class Work(BatchNode<TKeyIn, TValueIn, TKeyOut, TValueOut> node, Pass pass) : IStageState, IBisected
    {
        private readonly BatchOutput<TKeyOut, TValueOut> _output = new();

        public StageBuffer<TKeyIn, TValueIn> Input { get; } = new();

        public Exception? TryRun(int start, int length)
        {
            pass.CancellationToken.ThrowIfCancellationRequested();
            pass.Current = node;
            _output.Reset(length);
            try
            {
                if (pass.HasFaults) InjectFaults(start, length);
                node.Processor.Process(Input.Slice(start, length), _output, pass.CancellationToken);
                return null;
            }
            catch (Exception exception) when (!pass.IsCancellation(exception))
            {
                return exception;
            }
        }

        public void Succeeded(int start, int length)
        {
            foreach (var (index, error) in _output.Failures) Failed(start + index, error);
            if (_output.Failures.Count < length) pass.Executor.NoteBatchSuccess(node.BatchIndex);

            _output.SortByIndex();
            var entries = _output.Entries;
            for (var i = 0; i < entries.Count; i++)
            {
                var slot = Input.SlotOf(start + entries[i].Index);
                if (pass.IsFailed(slot)) continue;
                pass.Select(slot);
                pass.Current = node;
                try
                {
                    node.Out.Emit(entries[i].Record, pass);
                    pass.ThrowSwallowedFailure();
                }
                catch (Exception exception) when (!pass.IsCancellation(exception))
                {
                    pass.FailSelected(exception);
                }
            }
        }

        public void Failed(int index, Exception exception)
        {
            var slot = Input.SlotOf(index);
            if (pass.IsFailed(slot)) return;
            pass.Select(slot);
            pass.Current = node;
            pass.Executor.NoteBatchFailure(node, node.BatchIndex, pass.Input, exception);
            pass.FailSelected(exception);
        }

        public void Clear()
        {
            Input.Clear();
            _output.Reset(0);
        }

        private void InjectFaults(int start, int length)
        {
            for (var i = 0; i < length; i++)
            {
                pass.Select(Input.SlotOf(start + i));
                pass.InjectFault(node);
            }
        }
    }
}
