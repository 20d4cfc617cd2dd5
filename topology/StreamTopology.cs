using StreamScoring.Topology.Description;
using StreamScoring.Topology.Execution;
using StreamScoring.Topology.Graph;

namespace StreamScoring.Topology;

/// <summary>
/// A graph of sources, operators and sinks, as <see cref="Dsl.StreamsBuilder.Build"/> made it: what Kafka Streams calls
/// a Topology. It never changes and may be run by any number of executors.
/// </summary>
public sealed class StreamTopology
{
    private readonly IReadOnlyList<SubTopology> _subTopologies;

    internal StreamTopology(
        IReadOnlyList<SubTopology> subTopologies, IReadOnlyList<RepartitionTopic> repartitionTopics, bool hasPartitioner)
    {
        _subTopologies = subTopologies;
        HasPartitioner = hasPartitioner;
        RepartitionTopics = repartitionTopics;
        SourceTopics = [.. subTopologies.SelectMany(static sub => sub.SourceTopics)];
        SinkTopics = [.. subTopologies.SelectMany(static sub => sub.SinkTopics).Distinct()];
    }

    /// <summary>Every topic that is read.</summary>
    public IReadOnlyList<string> SourceTopics { get; }

    /// <summary>Every topic that is known to be written; topic-name extractors may add others.</summary>
    public IReadOnlyList<string> SinkTopics { get; }

    /// <summary>
    /// Topics that exist for this topology alone. A <see cref="Kafka.KafkaStream"/> made of the topology creates them.
    /// </summary>
    public IReadOnlyList<RepartitionTopic> RepartitionTopics { get; }

    internal bool HasPartitioner { get; }

    /// <summary>The topics read by those sub-topologies that write a topic.</summary>
    internal IEnumerable<string> SourcesOf(string sinkTopic) =>
        _subTopologies.Where(sub => sub.SinkTopics.Contains(sinkTopic)).SelectMany(static sub => sub.SourceTopics);

    /// <summary>What would run.</summary>
    public TopologyDescription Describe() => TopologyDescriber.Describe(_subTopologies);

    /// <summary>One executor for each sub-topology, in the order of their numbers.</summary>
    /// <exception cref="TopologyException">The options do not fit the topology; carries every mistake.</exception>
    public IReadOnlyList<IBatchExecutor> CreateExecutors(ExecutorOptions? options = null)
    {
        options ??= new ExecutorOptions();
        options.Validate(this);
        return [.. _subTopologies.Select(sub => new SubTopologyExecutor(sub, options))];
    }
}

/// <summary>A topic that a topology writes only to read it again by another key.</summary>
/// <param name="Name">Name of the topic.</param>
/// <param name="Partitions">Number of partitions, null: as many as the source topic has.</param>
public sealed record RepartitionTopic(string Name, int? Partitions);
