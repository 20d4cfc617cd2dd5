using System.Globalization;
using StreamScoring.Topology.Graph;

namespace StreamScoring.Topology.Dsl;

internal sealed class BranchedKStream<TKey, TValue>(StreamsBuilder builder, SplitNode<TKey, TValue> split)
    : IBranchedKStream<TKey, TValue>
{
    private readonly Dictionary<string, IKStream<TKey, TValue>> _branches = new(StringComparer.Ordinal);
    private int _count;
    private bool _isEnded;

    public IBranchedKStream<TKey, TValue> Branch(
        Func<TKey, TValue, bool> predicate, Branched<TKey, TValue>? branched = null)
    {
        ArgumentNullException.ThrowIfNull(predicate);
        Add(predicate, branched, ++_count);
        return this;
    }

    public IReadOnlyDictionary<string, IKStream<TKey, TValue>> DefaultBranch(Branched<TKey, TValue>? branched = null)
    {
        Add(predicate: null, branched, number: 0);
        _isEnded = true;
        return _branches;
    }

    public IReadOnlyDictionary<string, IKStream<TKey, TValue>> NoDefaultBranch()
    {
        _isEnded = true;
        return _branches;
    }

    private void Add(Func<TKey, TValue, bool>? predicate, Branched<TKey, TValue>? branched, int number)
    {
        if (_isEnded)
        {
            builder.Mistakes.Add($"Node '{split.Name}': a branch was added after the split was ended.");
            return;
        }
        if (branched is { Function: not null, Consumer: not null })
            builder.Mistakes.Add($"Node '{split.Name}': a branch takes a Function or a Consumer, not both.");

        _ = builder.NextNumber();
        var name = builder.NameNode(
            split.Name + (branched?.Name ?? number.ToString(CultureInfo.InvariantCulture)), prefix: "");
        var node = new PassThroughNode<TKey, TValue>(name);
        split.Add(predicate, node);
        builder.AddNode(node);
        var stream = new KStream<TKey, TValue>(builder, node.Out);
        if (branched?.Function is { } function) _branches[name] = function(stream);
        else if (branched?.Consumer is { } consumer) consumer(stream);
        else _branches[name] = stream;
    }
}
