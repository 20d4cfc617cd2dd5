using StreamScoring.Topology.Execution;
using StreamScoring.Topology.Processing;

namespace StreamScoring.Topology.Graph;

/// <summary>A node that takes records and gives records.</summary>
internal abstract class OperatorNode<TKeyIn, TValueIn, TKeyOut, TValueOut> : Node<TKeyIn, TValueIn>
{
    protected OperatorNode(string name, NodeKind kind = NodeKind.Processor)
        : base(name, kind) => Out = new Outlet<TKeyOut, TValueOut>(this);

    public Outlet<TKeyOut, TValueOut> Out { get; }
}

internal sealed class FilterNode<TKey, TValue>(string name, Func<TKey, TValue, bool> predicate, bool keepOn)
    : OperatorNode<TKey, TValue, TKey, TValue>(name)
{
    public override void Process(in Record<TKey, TValue> record, Pass pass)
    {
        if (predicate(record.Key, record.Value) == keepOn) Out.Emit(record, pass);
    }
}

internal sealed class MapNode<TKey, TValue, TKeyOut, TValueOut>(
    string name, Func<TKey, TValue, KeyValuePair<TKeyOut, TValueOut>> mapper)
    : OperatorNode<TKey, TValue, TKeyOut, TValueOut>(name)
{
    public override void Process(in Record<TKey, TValue> record, Pass pass)
    {
        var (key, value) = mapper(record.Key, record.Value);
        Out.Emit(new Record<TKeyOut, TValueOut>(key, value, record.TimestampMs, record.Headers), pass);
    }
}

internal sealed class MapValuesNode<TKey, TValue, TValueOut>(string name, Func<TKey, TValue, TValueOut> mapper)
    : OperatorNode<TKey, TValue, TKey, TValueOut>(name)
{
    public override void Process(in Record<TKey, TValue> record, Pass pass) =>
        Out.Emit(record.WithValue(mapper(record.Key, record.Value)), pass);
}

internal sealed class SelectKeyNode<TKey, TValue, TKeyOut>(string name, Func<TKey, TValue, TKeyOut> selector)
    : OperatorNode<TKey, TValue, TKeyOut, TValue>(name)
{
    public override void Process(in Record<TKey, TValue> record, Pass pass) =>
        Out.Emit(record.WithKey(selector(record.Key, record.Value)), pass);
}

internal sealed class FlatMapNode<TKey, TValue, TKeyOut, TValueOut>(
    string name, Func<TKey, TValue, IEnumerable<KeyValuePair<TKeyOut, TValueOut>>> mapper)
    : OperatorNode<TKey, TValue, TKeyOut, TValueOut>(name)
{
    public override void Process(in Record<TKey, TValue> record, Pass pass)
    {
        foreach (var (key, value) in mapper(record.Key, record.Value))
        {
            Out.Emit(
                new Record<TKeyOut, TValueOut>(key, value, record.TimestampMs, record.Headers.Clone()), pass);
        }
    }
}

internal sealed class FlatMapValuesNode<TKey, TValue, TValueOut>(
    string name, Func<TKey, TValue, IEnumerable<TValueOut>> mapper)
    : OperatorNode<TKey, TValue, TKey, TValueOut>(name)
{
    public override void Process(in Record<TKey, TValue> record, Pass pass)
    {
        foreach (var value in mapper(record.Key, record.Value))
        {
            Out.Emit(
                new Record<TKey, TValueOut>(record.Key, value, record.TimestampMs, record.Headers.Clone()), pass);
        }
    }
}

/// <summary>Merge, a branch, a repartition's way in: the record goes through as it is.</summary>
internal sealed class PassThroughNode<TKey, TValue>(string name) : OperatorNode<TKey, TValue, TKey, TValue>(name)
{
    public override void Process(in Record<TKey, TValue> record, Pass pass) => Out.Emit(record, pass);
}

internal sealed class PeekNode<TKey, TValue>(string name, Action<TKey, TValue> action)
    : OperatorNode<TKey, TValue, TKey, TValue>(name)
{
    public override void Process(in Record<TKey, TValue> record, Pass pass)
    {
        action(record.Key, record.Value);
        Out.Emit(record, pass);
    }
}

internal sealed class ForeachNode<TKey, TValue>(string name, Action<TKey, TValue> action)
    : Node<TKey, TValue>(name, NodeKind.Processor)
{
    public override void Process(in Record<TKey, TValue> record, Pass pass) => action(record.Key, record.Value);
}

/// <summary>Gives each record to the first branch whose predicate holds, else to the default branch if there is one.</summary>
internal sealed class SplitNode<TKey, TValue>(string name) : Node<TKey, TValue>(name, NodeKind.Processor)
{
    private readonly List<(Func<TKey, TValue, bool>? Predicate, Outlet<TKey, TValue> Out)> _branches = [];

    /// <summary>Adds a branch; a null predicate always holds.</summary>
    public void Add(Func<TKey, TValue, bool>? predicate, Node<TKey, TValue> branch)
    {
        var outlet = new Outlet<TKey, TValue>(this);
        outlet.Add(branch);
        _branches.Add((predicate, outlet));
    }

    public override void Process(in Record<TKey, TValue> record, Pass pass)
    {
        for (var i = 0; i < _branches.Count; i++)
        {
            var (predicate, branch) = _branches[i];
            if (predicate is not null && !predicate(record.Key, record.Value)) continue;
            branch.Emit(record, pass);
            return;
        }
    }
}
