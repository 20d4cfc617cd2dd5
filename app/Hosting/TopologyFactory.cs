using Microsoft.Extensions.Logging;
using StreamScoring.App.Articles;
using StreamScoring.App.Commands;
using StreamScoring.App.Configuration;
using StreamScoring.Processors;
using StreamScoring.Processors.Models;
using StreamScoring.Processors.Planning;
using StreamScoring.Processors.Tokenization;
using StreamScoring.Schemas;
using StreamScoring.Topology;
using StreamScoring.Topology.Articles;
using StreamScoring.Topology.Execution;
using StreamScoring.Topology.Kafka;
using StreamScoring.Topology.Processing;
using StreamScoring.Topology.Replies;

namespace StreamScoring.App.Hosting;

/// <summary>From settings to the topology, the chain without Kafka, and the stream.</summary>
internal static class TopologyFactory
{
    private static readonly TimeSpan ProbeTime = TimeSpan.FromSeconds(1);

    /// <summary>The topology of these nodes, models loaded.</summary>
    /// <exception cref="CommandException">A node cannot start; names every one that cannot.</exception>
    internal static ArticleTopology Build(AppOptions options, IReadOnlyList<NodeSettings> nodes, ArticleSerdes serdes, ILogger logger, TimeProvider time) =>
        Explained(() => ArticleTopology.Build(
            OptionsOf(options, nodes, time) with { Serde = serdes.Reader, OutputSerdes = serdes.Writers }, ProcessorFactory(options, nodes, logger, time, inMemory: options.Fuse)));

    /// <summary>Topics to which these nodes write articles as Avro.</summary>
    /// <exception cref="CommandException">The nodes do not fit each other.</exception>
    internal static IReadOnlyList<string> AvroOutputTopics(AppOptions options, IReadOnlyList<NodeSettings> nodes, TimeProvider time) =>
        Explained(() => ArticleTopology.AvroOutputTopics(OptionsOf(options, nodes, time)));

    /// <summary>The nodes as <c>score</c> runs them, models loaded.</summary>
    /// <exception cref="CommandException">A node cannot start; names every one that cannot.</exception>
    internal static IArticleScorer BuildChain(AppOptions options, IReadOnlyList<NodeSettings> nodes, ILogger logger, TimeProvider time) =>
        new ChainScorer(Explained(() => ArticleChain.Build(OptionsOf(options, nodes, time), ProcessorFactory(options, nodes, logger, time, inMemory: true))));

    /// <summary>What the topology is made of.</summary>
    internal static ArticleTopologyOptions OptionsOf(AppOptions options, IReadOnlyList<NodeSettings> nodes, TimeProvider time) => new()
    {
        Nodes = [.. nodes.Select(Definition)],
        Fuse = options.Fuse,
        DeadLetterTopic = options.DeadLetterTopic,
        KnownKinds = NodeKinds.All,
        TimeProvider = time,
    };

    /// <summary>The stream of a topology against a Kafka.</summary>
    internal static KafkaStream CreateStream(
        ArticleTopology topology, KafkaStreamOptions options, ILoggerFactory logs, TimeProvider time) =>
        new(topology.CreateExecutors(new ExecutorOptions { LoggerFactory = logs }), options, logs, time);

    /// <summary>The engine's options.</summary>
    internal static KafkaStreamOptions StreamOptions(KafkaSettings kafka, string bootstrapServers) => new()
    {
        BootstrapServers = bootstrapServers,
        GroupId = kafka.GroupId,
        Guarantee = kafka.ExactlyOnce ? ProcessingGuarantee.ExactlyOnce : ProcessingGuarantee.AtLeastOnce,
        CommitInterval = TimeSpan.FromMilliseconds(kafka.CommitIntervalMs),
        AutoOffsetReset = kafka.FromEarliest ? Confluent.Kafka.AutoOffsetReset.Earliest : Confluent.Kafka.AutoOffsetReset.Latest,
        ScorerThreads = kafka.ScorerThreads,
        MaxInFlightRecords = kafka.MaxInFlightRecords,
        MaxInFlightBytes = kafka.MaxInFlightBytes,
        DrainTimeout = TimeSpan.FromMilliseconds(kafka.DrainTimeoutMs),
        DeliveryTimeout = TimeSpan.FromMilliseconds(kafka.DeliveryTimeoutMs),
        InstanceId = kafka.InstanceId,
        StateFolder = kafka.StateFolder,
        MaxCrashesPerRecord = kafka.MaxCrashesPerRecord,
        StallTimeout = TimeSpan.FromMilliseconds(kafka.StallTimeoutMs),
        UncaughtExceptionHandler = kafka.ReplacesWorker ? ReplaceUnlessHopeless : null,
        Properties = kafka.Properties,
    };

    /// <summary>How the stream answers; null where nobody is answered.</summary>
    /// <param name="options">All nodes, not only those that this process runs: they say where the answers come out.</param>
    /// <param name="serdes">Reads what a node wrote.</param>
    internal static ReplyOptions? Replies(AppOptions options, ArticleSerdes serdes)
    {
        var settings = options.Replies;
        if (settings.AllowedTopics.Count == 0) return null;
        return new ReplyOptions
        {
            AllowedTopics = settings.AllowedTopics,
            AnswerFrom = settings.AnswerFrom,
            SideTopics = [.. options.Nodes.Select(node => node.Input).Distinct(StringComparer.Ordinal).Where(
                topic => !options.Nodes.Any(node => node.Input == topic && TopicGraph.LeadsTo(node, settings.AnswerFrom, options.Nodes)))],
            ReservedTopics = TopicGraph.AllTopics(options.Nodes, options.DeadLetterTopic, fuse: false),
            Format = settings.WritesJson ? record => ArticleAnswers.ToJson(record, serdes.WriterOf(record.Topic)) : null,
            MaxAnswerBytes = settings.MaxAnswerBytes,
            MaxTopics = settings.MaxTopics,
            AnswersPerSecond = settings.AnswersPerSecond,
            BytesPerSecond = settings.BytesPerSecond,
            DeliveryTimeout = TimeSpan.FromMilliseconds(settings.DeliveryTimeoutMs),
        };
    }

    private static UncaughtExceptionResponse ReplaceUnlessHopeless(Exception exception) =>
        exception is KafkaStreamException { CanRetry: false } ? UncaughtExceptionResponse.ShutdownClient : UncaughtExceptionResponse.ReplaceThread;

    private static NodeDefinition Definition(NodeSettings node)
    {
        // Rows that go together need company of their own length to choose from.
        var batch = node.BatchRows is > 1 and var rows ? new BatchOptions { MaxRecords = 4 * rows } : NodeDefinition.DefaultBatch;
        return new NodeDefinition
        {
            Name = node.Name,
            Kind = node.Kind,
            Model = node.Model,
            Input = node.Input,
            Output = node.Output,
            Format = node.WritesJson ? ArticleFormat.Json : ArticleFormat.Avro,
            Batch = batch with
            {
                MaxRecords = node.BatchRecords ?? batch.MaxRecords,
                MaxBytes = node.BatchBytes ?? batch.MaxBytes,
                Linger = node.BatchLingerMs is { } milliseconds ? TimeSpan.FromMilliseconds(milliseconds) : batch.Linger,
            },
        };
    }

    private static Func<NodeDefinition, IArticleProcessor> ProcessorFactory(
        AppOptions options, IReadOnlyList<NodeSettings> nodes, ILogger logger, TimeProvider time, bool inMemory)
    {
        // Counted as the container has them, not as the host.
        var cores = Environment.ProcessorCount;
        var plans = new PlanCache(options.Models.PlanCache ?? PlanCache.DefaultFile, logger);
        var catalog = new ModelCatalog(BundledFiles.Find(options.Models.Root));
        var tokenizers = new TokenizerCatalog(sharesTokens: inMemory);
        // One model alone has nobody to take turns with.
        var cohorts = nodes.Count(static node => node.Model is not null) > 1 ? new CohortScheduler() : null;
        return definition =>
        {
            var settings = nodes.First(node => node.Name == definition.Name);
            var processing = new ModelProcessorOptions { Tokenizers = tokenizers };
            if (settings.MaxTokens is { } maxTokens) processing = processing with { MaxTokens = maxTokens };
            if (settings.BatchTokens is { } tokens) processing = processing with { Onnx = processing.Onnx with { TokensPerRun = tokens } };
            var model = definition.Model is { } name ? catalog.Load(name) : null;
            if (model is null) return Create(processing);
            var plan = settings.BatchThreads is { } threads
                ? new ModelPlan(Math.Max(1, cores / threads), threads, RowsPerRun: 1)
                : plans.GetOrProbe(model.Identity.Sha256, cores, () => ModelPlanner.Probe(
                    ModelPlan.Candidates(cores, manyRows: false), plan => Create(plan.Apply(processing)), ProbeTime, time, CancellationToken.None));
            if (settings.BatchRows is { } rows) plan = plan with { RowsPerRun = rows };
            var processor = Create(plan.Apply(processing));
            if (plan.Calls < options.Kafka.ScorerThreads) return new LimitedProcessor(processor, plan.Calls);
            return cohorts is not null && plan.RowsPerRun == 1 ? cohorts.Add(processor) : processor;

            IArticleProcessor Create(ModelProcessorOptions how) =>
                NodeKinds.Registry.Create(new ProcessorSettings(definition.Name, definition.Kind, model, how));
        };
    }

    private static T Explained<T>(Func<T> build)
    {
        try
        {
            return build();
        }
        catch (TopologyException exception)
        {
            throw new CommandException(string.Join(Environment.NewLine + "streamscoring: ", exception.Mistakes), exception);
        }
    }

    /// <summary>The chain behind the seam that the score pipeline knows.</summary>
    private sealed class ChainScorer(ArticleChain chain) : IArticleScorer
    {
        public IReadOnlyList<string?> Score(IReadOnlyList<Article> articles, CancellationToken cancellationToken)
        {
            var failures = chain.Score(articles, cancellationToken);
            var reasons = new string?[failures.Count];
            for (var i = 0; i < reasons.Length; i++) reasons[i] = failures[i]?.ToString();
            return reasons;
        }

        public void Dispose() => chain.Dispose();
    }
}
