using System.Net;
using System.Text;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using StreamScoring.Schemas;
using StreamScoring.Schemas.Avro;
using StreamScoring.Schemas.Registry;
using StreamScoring.Schemas.Tests.Registry;
using StreamScoring.Topology.Articles;
using StreamScoring.Topology.Execution;

namespace StreamScoring.Topology.Tests.Articles;

/// <summary>The article topology with a Schema Registry over HTTP.</summary>
public sealed class ArticleRegistryTests : IAsyncLifetime, ILoggerProvider, ILogger
{
    private readonly FakeTimeProvider _time = new();
    private readonly List<string> _log = [];
    private TestRegistry _registry = null!;
    private SchemaRegistryClient _client = null!;
    private RegisteredSchema _writer = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _registry = await TestRegistry.StartAsync();
        _client = new SchemaRegistryClient(new SchemaRegistryOptions { Urls = [_registry.Url], Retries = 0 }, _time);
        _writer = await _client.PrepareWriterAsync("articles", ArticleSchemas.Current, Stop);
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _registry.DisposeAsync();
    }

    [Fact]
    public void An_article_comes_and_goes_under_its_schema_id()
    {
        using var topology = Build();
        using var executor = Executor(topology);

        var output = Assert.Single(executor.Execute([Record(0, Framed("a"))], Stop).Outputs);

        Assert.True(ConfluentFraming.TryReadId(output.Value, out var id));
        Assert.Equal(_writer.Id, id);
        Assert.Equal("a", Serde().Decode(output.Value).Id);
    }

    [Fact]
    public void A_schema_id_in_a_header_tells_how_to_read_and_does_not_travel_on()
    {
        using var topology = Build();
        using var executor = Executor(topology);
        var header = new byte[ConfluentFraming.HeaderBytes];
        ConfluentFraming.WriteHeader(header, _writer.Id);
        var headers = new RecordHeaders().Add(ConfluentFraming.ValueSchemaIdHeader, header).Add("own", "kept");

        var result = executor.Execute([Record(0, AvroCodec.EncodeDatum(Article("a"))) with { Headers = headers }], Stop);

        var output = Assert.Single(result.Outputs);
        Assert.Equal("articles.topic", output.Topic);
        Assert.Equal("own", Assert.Single(output.Headers).Key);
        Assert.Equal("a", Serde().Decode(output.Value).Id);
    }

    [Fact]
    public async Task While_the_registry_is_down_a_record_of_an_unknown_schema_waits_and_none_is_lost()
    {
        using var topology = Build();
        using var executor = Executor(topology);
        _registry.Failing = HttpStatusCode.ServiceUnavailable;
        var before = _registry.Requests;
        var startedAt = _time.GetTimestamp();
        var known = Encoding.UTF8.GetBytes("""{"id":"b","title":"T"}""");

        var running = Task.Run(() => executor.Execute([Record(0, Framed("a")), Record(1, known)], Stop), Stop);
        await AdvanceUntilAsync(() => _registry.Requests >= before + 10);
        Assert.False(running.IsCompleted);
        // What needs no registry goes through meanwhile, in batches of its own.
        Assert.Single(executor.Execute([Record(2, known)], Stop).Outputs);
        _registry.Failing = null;
        await AdvanceUntilAsync(() => running.IsCompleted);

        var result = await running;
        Assert.Equal((0, 0), (result.DeadLetters, result.Skipped));
        Assert.Equal(["a", "b"], result.Outputs.Select(output => Serde().Decode(output.Value).Id));
        Assert.InRange(_log.Count, 1, 1 + (int)(_time.GetElapsedTime(startedAt) / TimeSpan.FromSeconds(30)));
        Assert.StartsWith("Record articles-0@0 waits at node 'topic', nothing is lost", _log[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_record_that_waits_for_the_registry_does_not_hold_up_a_stop()
    {
        using var topology = Build();
        using var executor = Executor(topology);
        _registry.Failing = HttpStatusCode.ServiceUnavailable;
        var before = _registry.Requests;
        using var abandon = new CancellationTokenSource();

        var running = Task.Run(() => executor.Execute([Record(0, Framed("a"))], abandon.Token), Stop);
        await AdvanceUntilAsync(() => _registry.Requests >= before + 2);
        await abandon.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    [Fact]
    public void A_schema_that_the_registry_does_not_know_is_a_dead_letter()
    {
        using var topology = Build();
        using var executor = Executor(topology);
        byte[] value = [0, 0, 0, 0, 99, 1, 2];

        var result = executor.Execute([Record(0, value)], Stop);

        Assert.Equal(1, result.DeadLetters);
        var letter = Assert.Single(result.Outputs);
        Assert.Equal("articles.dlq", letter.Topic);
        Assert.Equal(value, letter.Value);
    }

    void IDisposable.Dispose()
    {
    }

    ILogger ILoggerProvider.CreateLogger(string categoryName) => this;

    IDisposable? ILogger.BeginScope<TState>(TState state) => null;

    bool ILogger.IsEnabled(LogLevel logLevel) => true;

    void ILogger.Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        lock (_log) _log.Add(formatter(state, exception));
    }

    private static Article Article(string id) => new() { Id = id, Title = "T", Body = "B" };

    private static ConsumedRecord Record(long offset, byte[] value) => new("articles", 0, offset, 1_000, [1], value, new RecordHeaders());

    /// <summary>A serde that has not asked the registry yet.</summary>
    private ArticleSerde Serde() => new(new ArticleSerdeOptions { Registry = _client });

    private byte[] Framed(string id) =>
        new ArticleSerde(new ArticleSerdeOptions { Writer = _writer }).Encode(Article(id), ArticleFormat.Avro);

    private ArticleTopology Build() => ArticleTopology.Build(
        new ArticleTopologyOptions
        {
            Nodes = [new NodeDefinition { Name = "topic", Kind = "fake", Input = "articles", Output = "articles.topic" }],
            DeadLetterTopic = "articles.dlq",
            Serde = Serde(),
            OutputSerdes = new Dictionary<string, ArticleSerde>
            {
                ["articles.topic"] = new(new ArticleSerdeOptions { Registry = _client, Writer = _writer }),
            },
            TimeProvider = _time,
        },
        node => new FakeArticleProcessor(node.Name));

    private IBatchExecutor Executor(ArticleTopology topology) =>
        Assert.Single(topology.CreateExecutors(new ExecutorOptions { LoggerFactory = LoggerFactory.Create(logging => logging.AddProvider(this)) }));

    private async Task AdvanceUntilAsync(Func<bool> condition)
    {
        while (!condition())
        {
            _time.Advance(TimeSpan.FromMilliseconds(250));
            await Task.Delay(1, Stop);
        }
    }
}
