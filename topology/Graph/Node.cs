using StreamScoring.Topology.Execution;
using StreamScoring.Topology.Processing;

namespace StreamScoring.Topology.Graph;

/// <summary>A node that takes records.</summary>
internal abstract class Node<TKey, TValue>(string name, NodeKind kind) : GraphNode(name, kind)
{
    public abstract void Process(in Record<TKey, TValue> record, Pass pass);
}

/// <summary>Where a node's records go: its children, in the order in which they were added.</summary>
internal sealed class Outlet<TKey, TValue>(GraphNode owner)
{
    private Node<TKey, TValue>[] _children = [];

    public void Add(Node<TKey, TValue> child)
    {
        _children = [.. _children, child];
        owner.Children.Add(child);
        child.Parents.Add(owner);
    }

    /// <summary>Hands the record to every child; all but the last get their own copy of the headers.</summary>
    public void Emit(in Record<TKey, TValue> record, Pass pass)
    {
        var children = _children;
        var last = children.Length - 1;
        for (var i = 0; i < last; i++) Enter(children[i], record.WithHeaders(record.Headers.Clone()), pass);
        if (last >= 0) Enter(children[last], record, pass);
    }

    public void EmitTo(string childName, in Record<TKey, TValue> record, Pass pass)
    {
        foreach (var child in _children)
        {
            if (child.Name != childName) continue;
            Enter(child, record, pass);
            return;
        }
        throw new ArgumentException(
            $"Node '{owner.Name}' has no child '{childName}'; it has: {string.Join(", ", _children.Select(static c => c.Name))}.",
            nameof(childName));
    }

    private void Enter(Node<TKey, TValue> child, in Record<TKey, TValue> record, Pass pass)
    {
        pass.Enter(child);
        child.Process(record, pass);
        pass.Current = owner;
    }
}
