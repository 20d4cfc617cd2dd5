using StreamScoring.Topology.DeadLetters;
using StreamScoring.Topology.Execution;
using StreamScoring.Topology.Processing;
using StreamScoring.Topology.Serialization;

namespace StreamScoring.Topology.Graph;

internal abstract class SourceNode(string name) : GraphNode(name, NodeKind.Source)
{
    /// <summary>Decodes an input record and runs everything of stage 0 on it.</summary>
    public abstract void Run(ConsumedRecord input, Pass pass);
}

internal sealed class SourceNode<TKey, TValue> : SourceNode
{
    private readonly SerdeCodec<TKey> _key;
    private readonly SerdeCodec<TValue> _value;

    public SourceNode(string name, IReadOnlyList<string> topics, ISerde<TKey> keySerde, ISerde<TValue> valueSerde)
        : base(name)
    {
        Topics = topics;
        Out = new Outlet<TKey, TValue>(this);
        _key = new SerdeCodec<TKey>(keySerde);
        _value = new SerdeCodec<TValue>(valueSerde);
    }

    public Outlet<TKey, TValue> Out { get; }

    public override IReadOnlyList<string> Topics { get; }

    public override void Run(ConsumedRecord input, Pass pass)
    {
        pass.Enter(this);
        pass.Doing = ProcessingStage.Deserialization;
        // What comes of a replayed record shows nothing of it; its dead letter, made of the input, keeps the count.
        var headers = input.Headers.Clone().Remove(DeadLetterHeaders.Attempts);
        var key = _key.Read(input.Key, new SerdeContext(input.Topic, IsKey: true, headers));
        var value = _value.Read(input.Value, new SerdeContext(input.Topic, IsKey: false, headers));
        pass.Doing = ProcessingStage.Processing;
        pass.AdvanceStreamTime(input.TimestampMs);
        Out.Emit(new Record<TKey, TValue>(key, value, input.TimestampMs, headers), pass);
    }
}
