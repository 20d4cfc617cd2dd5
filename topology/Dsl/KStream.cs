using StreamScoring.Topology.Graph;
using StreamScoring.Topology.Processing;

namespace StreamScoring.Topology.Dsl;

internal sealed class KStream<TKey, TValue>(StreamsBuilder builder, Outlet<TKey, TValue> outlet) : IKStream<TKey, TValue>
{
    public StreamsBuilder Builder => builder;

    public Outlet<TKey, TValue> Outlet => outlet;

    public IKStream<TKey, TValue> Filter(Func<TKey, TValue, bool> predicate, string? named = null)
    {
        ArgumentNullException.ThrowIfNull(predicate);
        return Add(new FilterNode<TKey, TValue>(builder.NameNode(named, "KSTREAM-FILTER-"), predicate, keepOn: true));
    }

    public IKStream<TKey, TValue> FilterNot(Func<TKey, TValue, bool> predicate, string? named = null)
    {
        ArgumentNullException.ThrowIfNull(predicate);
        return Add(new FilterNode<TKey, TValue>(builder.NameNode(named, "KSTREAM-FILTER-"), predicate, keepOn: false));
    }

    public IKStream<TKeyOut, TValueOut> Map<TKeyOut, TValueOut>(
        Func<TKey, TValue, KeyValuePair<TKeyOut, TValueOut>> mapper, string? named = null)
    {
        ArgumentNullException.ThrowIfNull(mapper);
        return Add(new MapNode<TKey, TValue, TKeyOut, TValueOut>(builder.NameNode(named, "KSTREAM-MAP-"), mapper));
    }

    public IKStream<TKey, TValueOut> MapValues<TValueOut>(Func<TValue, TValueOut> mapper, string? named = null)
    {
        ArgumentNullException.ThrowIfNull(mapper);
        return MapValues((_, value) => mapper(value), named);
    }

    public IKStream<TKey, TValueOut> MapValues<TValueOut>(Func<TKey, TValue, TValueOut> mapper, string? named = null)
    {
        ArgumentNullException.ThrowIfNull(mapper);
        return Add(new MapValuesNode<TKey, TValue, TValueOut>(builder.NameNode(named, "KSTREAM-MAPVALUES-"), mapper));
    }

    public IKStream<TKeyOut, TValueOut> FlatMap<TKeyOut, TValueOut>(
        Func<TKey, TValue, IEnumerable<KeyValuePair<TKeyOut, TValueOut>>> mapper, string? named = null)
    {
        ArgumentNullException.ThrowIfNull(mapper);
        return Add(new FlatMapNode<TKey, TValue, TKeyOut, TValueOut>(builder.NameNode(named, "KSTREAM-FLATMAP-"), mapper));
    }

    public IKStream<TKey, TValueOut> FlatMapValues<TValueOut>(
        Func<TValue, IEnumerable<TValueOut>> mapper, string? named = null)
    {
        ArgumentNullException.ThrowIfNull(mapper);
        return FlatMapValues((_, value) => mapper(value), named);
    }

    public IKStream<TKey, TValueOut> FlatMapValues<TValueOut>(
        Func<TKey, TValue, IEnumerable<TValueOut>> mapper, string? named = null)
    {
        ArgumentNullException.ThrowIfNull(mapper);
        return Add(new FlatMapValuesNode<TKey, TValue, TValueOut>(
            builder.NameNode(named, "KSTREAM-FLATMAPVALUES-"), mapper));
    }

    public IKStream<TKeyOut, TValue> SelectKey<TKeyOut>(Func<TKey, TValue, TKeyOut> selector, string? named = null)
    {
        ArgumentNullException.ThrowIfNull(selector);
        return Add(new SelectKeyNode<TKey, TValue, TKeyOut>(builder.NameNode(named, "KSTREAM-KEY-SELECT-"), selector));
    }

    public IBranchedKStream<TKey, TValue> Split(string? named = null)
    {
        var split = new SplitNode<TKey, TValue>(builder.NameNode(named, "KSTREAM-BRANCH-"));
        outlet.Add(split);
        builder.AddNode(split);
        return new BranchedKStream<TKey, TValue>(builder, split);
    }

    public IKStream<TKey, TValue> Merge(IKStream<TKey, TValue> other, string? named = null)
    {
        if (other is not KStream<TKey, TValue> stream)
            throw new ArgumentException("The other stream was not made by a StreamsBuilder.", nameof(other));
        var name = builder.NameNode(named, "KSTREAM-MERGE-");
        if (stream.Builder != builder)
        {
            builder.Mistakes.Add($"Node '{name}': the streams to merge were made by different builders.");
            return this;
        }
        var node = new PassThroughNode<TKey, TValue>(name);
        if (stream.Outlet != outlet) stream.Outlet.Add(node);
        return Add(node);
    }

    public IKStream<TKey, TValue> Peek(Action<TKey, TValue> action, string? named = null)
    {
        ArgumentNullException.ThrowIfNull(action);
        return Add(new PeekNode<TKey, TValue>(builder.NameNode(named, "KSTREAM-PEEK-"), action));
    }

    public void Foreach(Action<TKey, TValue> action, string? named = null)
    {
        ArgumentNullException.ThrowIfNull(action);
        AddLast(new ForeachNode<TKey, TValue>(builder.NameNode(named, "KSTREAM-FOREACH-"), action));
    }

    public IKStream<TKeyOut, TValueOut> Process<TKeyOut, TValueOut>(
        Func<IProcessor<TKey, TValue, TKeyOut, TValueOut>> supplier, string? named = null)
    {
        ArgumentNullException.ThrowIfNull(supplier);
        return Add(new ProcessNode<TKey, TValue, TKeyOut, TValueOut>(
            builder.NameNode(named, "KSTREAM-PROCESSOR-"), supplier));
    }

    public IKStream<TKeyOut, TValueOut> ProcessBatch<TKeyOut, TValueOut>(
        IBatchProcessor<TKey, TValue, TKeyOut, TValueOut> processor, BatchOptions? options = null, string? named = null)
    {
        ArgumentNullException.ThrowIfNull(processor);
        return Add(new BatchNode<TKey, TValue, TKeyOut, TValueOut>(
            builder.NameNode(named, "KSTREAM-BATCH-"), processor, options ?? new BatchOptions()));
    }

    public IKStream<TKey, TValueOut> Score<TValueOut>(
        BatchScorer<TKey, TValue, TValueOut> scorer, BatchOptions? options = null, string? named = null)
    {
        ArgumentNullException.ThrowIfNull(scorer);
        return Add(new BatchNode<TKey, TValue, TKey, TValueOut>(
            builder.NameNode(named, "KSTREAM-SCORE-"),
            new ScorerBatchProcessor<TKey, TValue, TValueOut>(scorer),
            options ?? new BatchOptions()));
    }

    public void To(string topic, Produced<TKey, TValue> produced)
    {
        ArgumentNullException.ThrowIfNull(produced);
        AddSink(topic, null, produced);
    }

    public void To(TopicNameExtractor<TKey, TValue> extractor, Produced<TKey, TValue> produced)
    {
        ArgumentNullException.ThrowIfNull(extractor);
        ArgumentNullException.ThrowIfNull(produced);
        AddSink(null, extractor, produced);
    }

    public IKStream<TKey, TValue> Through(string topic, Produced<TKey, TValue> produced)
    {
        To(topic, produced);
        return builder.Stream(topic, Consumed.With(produced.KeySerde, produced.ValueSerde));
    }

    public IKStream<TKey, TValue> Repartition(Repartitioned<TKey, TValue> repartitioned)
    {
        ArgumentNullException.ThrowIfNull(repartitioned);
        var name = repartitioned.Name ?? builder.NameNode(null, "KSTREAM-REPARTITION-");
        var topic = builder.AddRepartitionTopic(name, repartitioned.Partitions);
        var prefix = repartitioned.Name is null ? null : $"{name}-repartition";
        AddSink(topic, null, new Produced<TKey, TValue>(repartitioned.KeySerde, repartitioned.ValueSerde)
        {
            Name = prefix is null ? null : $"{prefix}-sink",
            Partitioner = repartitioned.Partitioner,
        });
        return builder.Stream(topic, new Consumed<TKey, TValue>(repartitioned.KeySerde, repartitioned.ValueSerde)
        {
            Name = prefix is null ? null : $"{prefix}-source",
        });
    }

    private void AddSink(string? topic, TopicNameExtractor<TKey, TValue>? extractor, Produced<TKey, TValue> produced)
    {
        var name = builder.NameNode(produced.Name, "KSTREAM-SINK-");
        if (extractor is null && !TopicName.IsValid(topic, out var reason))
            builder.Mistakes.Add($"Node '{name}': topic {reason}");
        if (produced.Partitioner is not null) builder.HasPartitioner = true;
        AddLast(new SinkNode<TKey, TValue>(name, topic, extractor, produced)
        {
            ReportedName = produced.ReportedName ?? name,
        });
    }

    private void AddLast(Node<TKey, TValue> node)
    {
        outlet.Add(node);
        builder.AddNode(node);
    }

    /// <summary>Appends a node that was made and named elsewhere.</summary>
    internal KStream<TKeyOut, TValueOut> Add<TKeyOut, TValueOut>(OperatorNode<TKey, TValue, TKeyOut, TValueOut> node)
    {
        AddLast(node);
        return new KStream<TKeyOut, TValueOut>(builder, node.Out);
    }
}
