using System.Globalization;
using StreamScoring.Topology.Graph;

namespace StreamScoring.Topology.Dsl;

/// <summary>
/// Builds topologies, with Kafka Streams' words: <c>Stream</c> opens a topic, operators follow, <c>To</c> ends in a
/// topic, <see cref="Build"/> checks the whole. Not for use by several threads.
/// </summary>
public sealed class StreamsBuilder
{
    private readonly List<GraphNode> _nodes = [];
    private readonly List<RepartitionTopic> _repartitionTopics = [];
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _sourceOfTopic = new(StringComparer.Ordinal);
    private readonly string? _applicationId;
    private int _nextNumber;
    private bool _isBuilt;

    /// <summary>An empty topology.</summary>
    /// <param name="applicationId">
    /// Prefix of repartition topics, as in Kafka Streams <c>APPLICATION-NAME-repartition</c>; null for none.
    /// </param>
    public StreamsBuilder(string? applicationId = null)
    {
        if (applicationId is null) return;
        if (TopicName.IsValid(applicationId, out var reason)) _applicationId = applicationId;
        else Mistakes.Add($"Application id: {reason}");
    }

    internal List<string> Mistakes { get; } = [];

    internal bool HasPartitioner { get; set; }

    /// <summary>The records of a topic.</summary>
    public IKStream<TKey, TValue> Stream<TKey, TValue>(string topic, Consumed<TKey, TValue> consumed) =>
        Stream([topic], consumed);

    /// <summary>The records of several topics; there is no order between those of different topics.</summary>
    public IKStream<TKey, TValue> Stream<TKey, TValue>(IReadOnlyCollection<string> topics, Consumed<TKey, TValue> consumed)
    {
        ArgumentNullException.ThrowIfNull(topics);
        ArgumentNullException.ThrowIfNull(consumed);
        var name = NameNode(consumed.Name, "KSTREAM-SOURCE-");
        if (topics.Count == 0) Mistakes.Add($"Node '{name}' reads no topic.");
        foreach (var topic in topics)
        {
            if (!TopicName.IsValid(topic, out var reason))
                Mistakes.Add($"Node '{name}': topic {reason}");
            else if (!_sourceOfTopic.TryAdd(topic, name))
                Mistakes.Add($"Topic '{topic}' is read by '{_sourceOfTopic[topic]}' and by '{name}': read it once and use the stream twice.");
        }
        var source = new SourceNode<TKey, TValue>(name, [.. topics], consumed.KeySerde, consumed.ValueSerde)
        {
            ReportedName = consumed.ReportedName ?? name,
        };
        AddNode(source);
        return new KStream<TKey, TValue>(this, source.Out);
    }

    /// <summary>The topology. The builder is used up.</summary>
    /// <exception cref="TopologyException">It cannot work; carries every mistake.</exception>
    public StreamTopology Build()
    {
        if (_isBuilt) throw new InvalidOperationException("This builder has built its topology: take a new one.");
        if (_nodes.Count == 0 && Mistakes.Count == 0)
            Mistakes.Add("The topology is empty: open a topic with StreamsBuilder.Stream.");
        foreach (var node in _nodes) node.Validate(Mistakes);
        if (Mistakes.Count > 0) throw new TopologyException([.. Mistakes]);
        _isBuilt = true;
        return new StreamTopology(FindSubTopologies(), [.. _repartitionTopics], HasPartitioner);
    }

    /// <summary>The name given, or the next generated one. A number is used up only by a generated name.</summary>
    internal string NameNode(string? given, string prefix)
    {
        if (_isBuilt) throw new InvalidOperationException("The topology is built already: nothing can be added to it.");
        var name = given ?? prefix + NextNumber().ToString("D10", CultureInfo.InvariantCulture);
        if (!TopicName.IsValid(name, out var reason)) Mistakes.Add($"Node name {reason}");
        else if (!_names.Add(name)) Mistakes.Add($"Two nodes have the name '{name}'.");
        return name;
    }

    internal void AddNode(GraphNode node) => _nodes.Add(node);

    internal string AddRepartitionTopic(string name, int? partitions)
    {
        var topic = _applicationId is null ? $"{name}-repartition" : $"{_applicationId}-{name}-repartition";
        if (partitions < 1) Mistakes.Add($"Topic '{topic}' has at least 1 partition, not {partitions}.");
        if (_repartitionTopics.Exists(existing => existing.Name == topic))
            Mistakes.Add($"Two repartition topics have the name '{topic}'.");
        else
            _repartitionTopics.Add(new RepartitionTopic(topic, partitions));
        return topic;
    }

    internal int NextNumber() => _nextNumber++;

    private List<SubTopology> FindSubTopologies()
    {
        var found = new List<SubTopology>();
        var seen = new HashSet<GraphNode>();
        foreach (var start in _nodes)
        {
            if (!seen.Add(start)) continue;
            var members = new HashSet<GraphNode> { start };
            var pending = new Stack<GraphNode>([start]);
            while (pending.TryPop(out var node))
            {
                foreach (var neighbour in node.Children.Concat(node.Parents))
                {
                    if (!seen.Add(neighbour)) continue;
                    members.Add(neighbour);
                    pending.Push(neighbour);
                }
            }
            found.Add(new SubTopology(found.Count, [.. _nodes.Where(members.Contains)]));
        }
        return found;
    }
}
