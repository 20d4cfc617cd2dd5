using System.Buffers;
using System.Runtime.CompilerServices;
using StreamScoring.Topology.DeadLetters;
using StreamScoring.Topology.Graph;
using StreamScoring.Topology.Processing;

namespace StreamScoring.Topology.Execution;

/// <summary>
/// One micro-batch on its way through a sub-topology: what is in work, what waits, what came out. Every record that
/// comes of an input carries its slot, so that a failure anywhere takes back all of that input and nothing else.
/// </summary>
/// <remarks>
/// A pass has a slot for each input record, and one for each call of a punctuator, ranked right after the record that
/// set it off. Nodes run in stages: stage 0 takes one record after the other from the source as far as it gets; each
/// node that must wait for the whole batch then has a stage of its own, in topological order. Each stage works in input
/// order, so what a record meets, and in which order its outputs come, does not depend on how batches were cut.
/// </remarks>
internal sealed partial class Pass
{
    private const int MaxKeptBufferBytes = 1 << 20;

    private readonly List<Output> _outputs = [];
    private SlotState[] _slots = [];
    private int _slotCount;
    private int _inputCount;
    private Exception? _noted;
    private GraphNode? _notedAt;
    private ProcessingStage _notedDoing;
    private ArrayBufferWriter<byte> _buffer = new(1024);

    public Pass(SubTopologyExecutor executor, IReadOnlyList<IStageNode> stages)
    {
        Executor = executor;
        HasFaults = executor.Options.FaultInjector is not null;
        StageStates = new IStageState[stages.Count];
        for (var i = 0; i < stages.Count; i++) StageStates[i] = stages[i].CreateState(this);
    }

    public SubTopologyExecutor Executor { get; }

    /// <summary>What the nodes of stage 1, 2, … have collected.</summary>
    public IStageState[] StageStates { get; }

    public CancellationToken CancellationToken { get; private set; }

    /// <summary>The node that is running; stays where it was when one throws.</summary>
    public GraphNode Current { get; set; } = null!;

    /// <summary>What that node is doing.</summary>
    public ProcessingStage Doing { get; set; }

    /// <summary>The topic a sink is serializing for.</summary>
    public string OutputTopic { get; set; } = "";

    /// <summary>The slot in work.</summary>
    public int Slot { get; private set; }

    /// <summary>Scratch space for serializers.</summary>
    public ArrayBufferWriter<byte> Buffer => _buffer;

    public bool HasFaults { get; }

    public StreamTask? Task => _slots[Slot].Task;

    /// <summary>The input record in work; null in a punctuator.</summary>
    public ConsumedRecord? Input => _slots[Slot].Input;

    public long StreamTimeMs => _slots[Slot].StreamTimeMs;

    /// <summary>Places in the input order.</summary>
    public int OrderCount => Math.Max(1, _inputCount);

    public RecordMetadata? Metadata => Input is { } input
        ? new RecordMetadata(input.Topic, input.Partition, input.Offset, input.TimestampMs, input.Headers)
        : null;

    public int OrderOf(int slot) => _slots[slot].Order;

    public long RankOf(int slot) => ((long)_slots[slot].Order << 32) | (uint)slot;

    public bool IsFailed(int slot) => _slots[slot].HasFailed;

    public int PartitionCount(string topic) => Executor.PartitionCount(topic);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Enter(GraphNode node)
    {
        Current = node;
        // A node with a stage of its own gets its fault when its turn comes.
        if (HasFaults && node.Stage == 0) InjectFault(node);
    }

    public void InjectFault(GraphNode node) => Executor.Options.FaultInjector!(node.Name, Input);

    public void Begin(int inputCount, CancellationToken cancellationToken)
    {
        _inputCount = inputCount;
        CancellationToken = cancellationToken;
        if (_slots.Length < inputCount) _slots = new SlotState[Math.Max(inputCount, 16)];
        _slotCount = inputCount;
    }

    /// <summary>Takes up input record number <paramref name="index"/>; its slot has the same number.</summary>
    public void TakeInput(int index, ConsumedRecord input, StreamTask? task)
    {
        _slots[index] = new SlotState { Order = index, Input = input, Task = task, StreamTimeMs = task?.StreamTimeMs ?? -1 };
        Slot = index;
        Doing = ProcessingStage.Processing;
    }

    public void Select(int slot)
    {
        Slot = slot;
        Doing = ProcessingStage.Processing;
    }

    public void AdvanceStreamTime(long timestampMs)
    {
        if (Task is not { } task) return;
        task.AdvanceStreamTime(timestampMs);
        _slots[Slot].StreamTimeMs = task.StreamTimeMs;
    }

    public void AddOutput(ProducedRecord record) => _outputs.Add(new Output(Slot, record));

    public void Reset()
    {
        _outputs.Clear();
        _waiting.Clear();
        Array.Clear(_slots, 0, _slotCount);
        _slotCount = 0;
        _inputCount = 0;
        _noted = null;
        _notedAt = null;
        foreach (var state in StageStates) state.Clear();
        if (_buffer.Capacity > MaxKeptBufferBytes) _buffer = new ArrayBufferWriter<byte>(1024);
    }

    private int AddSlot(SlotState slot)
    {
        if (_slotCount == _slots.Length) Array.Resize(ref _slots, Math.Max(16, _slotCount * 2));
        _slots[_slotCount] = slot;
        return _slotCount++;
    }

    private readonly record struct Output(int Slot, ProducedRecord Record);

    private struct SlotState
    {
        public int Order;
        public ConsumedRecord? Input;
        public StreamTask? Task;
        public long StreamTimeMs;
        public bool HasFailed;
        public bool IsWaiting;
        public ProducedRecord? DeadLetter;
    }
}
