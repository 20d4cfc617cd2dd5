using Microsoft.Extensions.Logging.Abstractions;
using StreamScoring.Processors;
using StreamScoring.Schemas;
using StreamScoring.Testing.Brokers;
using StreamScoring.Topology.Articles;
using StreamScoring.Topology.Execution;
using StreamScoring.Topology.Kafka;
using StreamScoring.Topology.Replies;

namespace StreamScoring.Client.Tests;

/// <summary>Two nodes and their topics, in this process: the second cannot bear the title "bad".</summary>
internal sealed class ArticleStream : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly ArticleTopology _topology;
    private readonly KafkaStream _stream;
    private readonly Task _running;

    private ArticleStream(IKafkaBroker broker, string name, ProcessingGuarantee guarantee, int maxAnswerBytes)
    {
        Input = $"{name}.in";
        Replies = $"{name}.replies";
        BootstrapServers = broker.BootstrapServers;
        _topology = ArticleTopology.Build(
            new ArticleTopologyOptions
            {
                Nodes =
                [
                    new NodeDefinition { Name = "first", Kind = "mark", Input = Input, Output = $"{name}.1" },
                    new NodeDefinition { Name = "second", Kind = "mark", Input = $"{name}.1", Output = $"{name}.out" },
                ],
                DeadLetterTopic = $"{name}.dlq",
            },
            static node => new Marker(node.Name));
        var answers = ArticleSerde.Default;
        _stream = new KafkaStream(
            _topology.CreateExecutors(),
            new KafkaStreamOptions
            {
                BootstrapServers = broker.BootstrapServers, GroupId = name, Guarantee = guarantee,
                CommitInterval = TimeSpan.FromMilliseconds(20),
                Replies = new ReplyOptions
                {
                    AllowedTopics = [$"{name}.replies"], AnswerFrom = [$"{name}.out"], MaxAnswerBytes = maxAnswerBytes,
                    Format = record => ArticleAnswers.ToJson(record, answers),
                },
            },
            NullLoggerFactory.Instance, TimeProvider.System);
        _running = _stream.RunAsync(_stop.Token);
    }

    internal string Input { get; }

    internal string Replies { get; }

    internal string BootstrapServers { get; }

    internal ScoringClientOptions Options => new() { BootstrapServers = BootstrapServers, RequestTopic = Input, ReplyTopic = Replies };

    internal static async Task<ArticleStream> StartAsync(
        KafkaFixture kafka, ProcessingGuarantee guarantee = ProcessingGuarantee.ExactlyOnce, int maxAnswerBytes = 900_000)
    {
        var broker = await kafka.UseAsync(KafkaKind.Real);
        var name = KafkaBrokerExtensions.NewName("client");
        foreach (var topic in new[] { "in", "1", "out", "dlq", "replies" })
            await broker.CreateTopicAsync($"{name}.{topic}", 2, TestContext.Current.CancellationToken);
        return new ArticleStream(broker, name, guarantee, maxAnswerBytes);
    }

    internal static Article Article(string id, string title = "a title") => new() { Id = id, Title = title, Body = "A body." };

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stream.Dispose();
        _topology.Dispose();
        _stop.Dispose();
    }

    private sealed class Marker(string name) : IArticleProcessor
    {
        public ModelIdentity? Model => null;

        public void Process(ReadOnlySpan<Article> batch, Span<IReadOnlyList<string>?> warnings, CancellationToken cancellationToken)
        {
            foreach (var article in batch)
            {
                if (article.Title == "bad" && name == "second") throw new InvalidDataException("the title is bad");
                article.Attributes[name] = "was here";
            }
        }

        public void Dispose()
        {
        }
    }
}
