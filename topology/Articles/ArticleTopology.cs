using StreamScoring.Processors;
using StreamScoring.Schemas;
using StreamScoring.Topology.Description;
using StreamScoring.Topology.Dsl;
using StreamScoring.Topology.Execution;
using StreamScoring.Topology.Graph;
using StreamScoring.Topology.Serialization;

namespace StreamScoring.Topology.Articles;

/// <summary>
/// The article stream: for each node source, decoder, model in micro-batches, encoder, sink. Keys (an article's id where
/// a record has none), timestamps and headers go along. Owns the processors.
/// </summary>
public sealed class ArticleTopology : IDisposable
{
    private readonly ArticleTopologyOptions _options;
    private readonly IReadOnlyList<IArticleProcessor> _processors;

    private ArticleTopology(
        ArticleTopologyOptions options, StreamTopology topology, IReadOnlyList<IArticleProcessor> processors)
    {
        _options = options;
        Topology = topology;
        _processors = processors;
    }

    /// <summary>The graph.</summary>
    public StreamTopology Topology { get; }

    /// <summary>Builds the topology.</summary>
    /// <param name="options">What it is made of.</param>
    /// <param name="createProcessor">
    /// Makes the processor of a node; called once for each that is not of kind <c>identity</c>. The topology disposes
    /// of it.
    /// </param>
    /// <exception cref="TopologyException">
    /// The nodes cannot work, or some of their processors cannot be made; carries every mistake.
    /// </exception>
    public static ArticleTopology Build(
        ArticleTopologyOptions options, Func<NodeDefinition, IArticleProcessor> createProcessor)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(createProcessor);
        var processors = ArticleProcessors.Create(options, createProcessor);
        try
        {
            return new ArticleTopology(options, BuildGraph(options, processors), [.. processors.Values]);
        }
        catch
        {
            foreach (var processor in processors.Values) processor.Dispose();
            throw;
        }
    }

    /// <summary>What would run, without a processor being made.</summary>
    /// <exception cref="TopologyException">The nodes cannot work; carries every mistake.</exception>
    public static TopologyDescription Describe(ArticleTopologyOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var none = ArticleProcessors.Create(options, static _ => new NeverRunProcessor());
        return BuildGraph(options, none).Describe();
    }

    /// <summary>Topics to which articles are written as Avro, each once.</summary>
    /// <exception cref="TopologyException">The nodes cannot work; carries every mistake.</exception>
    public static IReadOnlyList<string> AvroOutputTopics(ArticleTopologyOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var mistakes = NodeGraph.FindMistakes(options);
        if (mistakes.Count > 0) throw new TopologyException(mistakes);
        return
        [
            .. NodeGraph.FindChains(options)
                .Where(static chain => chain.FindLast(static node => !node.IsIdentity) is { Format: ArticleFormat.Avro })
                .Select(static chain => chain[^1].Output)
                .Distinct(StringComparer.Ordinal),
        ];
    }

    /// <summary>
    /// One executor for each sub-topology, with the dead-letter topic and the clock that the topology was built with.
    /// </summary>
    /// <param name="options">Everything else.</param>
    /// <exception cref="TopologyException">The options do not fit; carries every mistake.</exception>
    public IReadOnlyList<IBatchExecutor> CreateExecutors(ExecutorOptions? options = null) =>
        Topology.CreateExecutors(WithOwnSettings(options ?? new ExecutorOptions()));

    /// <summary>The same options with the dead-letter topic and the clock that the topology was built with.</summary>
    public ExecutorOptions WithOwnSettings(ExecutorOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return options with { DeadLetterTopic = _options.DeadLetterTopic, TimeProvider = _options.TimeProvider };
    }

    /// <summary>Disposes of the processors. The executors have to be at rest.</summary>
    public void Dispose()
    {
        foreach (var processor in _processors) processor.Dispose();
    }

    private static StreamTopology BuildGraph(
        ArticleTopologyOptions options, IReadOnlyDictionary<string, IArticleProcessor> processors)
    {
        var builder = new StreamsBuilder();
        var sources = new Dictionary<string, KStream<byte[], byte[]>>(StringComparer.Ordinal);
        foreach (var chain in NodeGraph.FindChains(options))
        {
            var first = chain[0];
            if (!sources.TryGetValue(first.Input, out var source))
            {
                source = (KStream<byte[], byte[]>)builder.Stream(
                    first.Input,
                    new Consumed<byte[], byte[]>(Serdes.ByteArray, Serdes.ByteArray)
                    {
                        Name = $"{first.Name}-source",
                        ReportedName = first.Name,
                    });
                sources.Add(first.Input, source);
            }
            AddChain(source, chain, options, processors);
        }
        return builder.Build();
    }

    private static void AddChain(
        KStream<byte[], byte[]> source,
        List<NodeDefinition> chain,
        ArticleTopologyOptions options,
        IReadOnlyDictionary<string, IArticleProcessor> processors)
    {
        var output = chain[^1].Output;
        var firstModel = chain.Find(static node => !node.IsIdentity);
        if (firstModel is null)
        {
            var bytes = source;
            foreach (var node in chain) bytes = bytes.Add(new PassThroughNode<byte[], byte[]>(source.Builder.NameNode(node.Name, "")));
            bytes.To(output, SinkOf(chain[^1], Serdes.ByteArray));
            return;
        }

        var articles = source.Add(new ArticleDecodeNode(
            source.Builder.NameNode($"{firstModel.Name}-decode", ""), options.Serde)
        {
            ReportedName = firstModel.Name,
        });
        foreach (var node in chain)
        {
            articles = node.IsIdentity
                ? articles.Add(new PassThroughNode<byte[], Article>(source.Builder.NameNode(node.Name, "")))
                : (KStream<byte[], Article>)articles.ProcessBatch(
                    new ArticleBatchProcessor(new ArticleScorer(node.Name, processors[node.Name], options.TimeProvider)),
                    node.Batch,
                    node.Name);
        }
        var lastModel = chain.FindLast(static node => !node.IsIdentity)!;
        var serde = options.OutputSerdes.GetValueOrDefault(output, options.Serde);
        articles.To(output, SinkOf(lastModel, new ArticleValueSerde(serde, lastModel.Format)));
    }

    private static Produced<byte[], TValue> SinkOf<TValue>(NodeDefinition node, ISerde<TValue> serde) =>
        new(Serdes.ByteArray, serde) { Name = $"{node.Name}-sink", ReportedName = node.Name };

    /// <summary>Stands for a processor where nothing is run.</summary>
    private sealed class NeverRunProcessor : IArticleProcessor
    {
        public ModelIdentity? Model => null;

        public void Process(
            ReadOnlySpan<Article> batch, Span<IReadOnlyList<string>?> warnings, CancellationToken cancellationToken) =>
            throw new NotSupportedException("A topology that is only described does not run.");

        public void Dispose()
        {
        }
    }
}
