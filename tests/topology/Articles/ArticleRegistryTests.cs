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
        _client = new SchemaRegistryClient(Options(), _time);
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
    public async Task A_schema_id_goes_into_a_header_where_that_is_asked_for()
    {
        using var client = new SchemaRegistryClient(Options() with { SchemaIdInHeader = true }, _time);
        var writer = await client.PrepareWriterAsync("articles.topic", ArticleSchemas.Current, Stop);
        using var topology = Build(writer: writer);
        using var executor = Executor(topology);
        var old = ConfluentFraming.HeaderOf(_writer.Id);
        var headers = new RecordHeaders().Add(ConfluentFraming.ValueSchemaIdHeader, old);

        var result = executor.Execute([Record(0, AvroCodec.EncodeDatum(Article("a"))) with { Headers = headers }], Stop);

        var output = Assert.Single(result.Outputs);
        var header = Assert.Single(output.Headers);
        Assert.Equal((ConfluentFraming.ValueSchemaIdHeader, 17), (header.Key, header.Value!.Length));
        Assert.Equal("a", AvroCodec.DecodeDatum<Article>(output.Value).Id);
        Assert.Equal("a", Serde().Decode(output.Value, header.Value, Stop).Id);
        Assert.Contains("\"id\":\"a\"", Encoding.UTF8.GetString(ArticleAnswers.ToJson(output, Serde())!), StringComparison.Ordinal);
    }

    [Fact]
    public void While_the_registry_is_down_a_record_of_an_unknown_schema_waits_and_none_is_lost()
    {
        using var topology = Build();
        using var executor = Executor(topology);
        _registry.Failing = HttpStatusCode.ServiceUnavailable;
        var before = _registry.Requests;
        var startedAt = _time.GetTimestamp();
        var known = Encoding.UTF8.GetBytes("""{"id":"b","title":"T"}""");

        ConsumedRecord[] batch = [Record(0, Framed("a")), Record(1, known), Record(0, known) with { Partition = 1 }];
        for (var i = 0; i < 10; i++)
        {
            var waiting = executor.Execute(batch, Stop);
            // What follows in its partition waits with it; another partition flows.
            Assert.Equal([0, 1], waiting.Waiting);
            Assert.Equal([0, 0, 1], waiting.InputCounts);
            _time.Advance(TimeSpan.FromSeconds(10));
        }
        Assert.InRange(_registry.Requests, before + 1, before + 10);
        _registry.Failing = null;
        var result = executor.Execute(batch, Stop);

        Assert.Equal((0, 0, 0), (result.DeadLetters, result.Skipped, result.Waiting.Count));
        Assert.Equal(["a", "b", "b"], result.Outputs.Select(output => Serde().Decode(output.Value).Id));
        Assert.InRange(_log.Count, 1, 1 + (int)(_time.GetElapsedTime(startedAt) / TimeSpan.FromSeconds(30)));
        Assert.StartsWith("Record articles-0@0 waits at node 'topic', nothing is lost", _log[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_look_up_that_is_not_answered_does_not_hold_up_a_stop()
    {
        using var topology = Build(new SchemaRegistryClient(Options() with { Patience = TimeSpan.FromMinutes(10) }));
        using var executor = Executor(topology);
        using var abandon = new CancellationTokenSource();
        var asked = _registry.Hang();

        var running = Task.Run(() => executor.Execute([Record(0, Framed("a"))], abandon.Token), Stop);
        await asked.WaitAsync(Stop);
        await abandon.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        await _registry.HungUp.WaitAsync(TimeSpan.FromSeconds(30), Stop);
    }

    [Fact]
    public async Task A_registry_that_does_not_answer_holds_no_thread()
    {
        using var topology = Build();
        using var executor = Executor(topology);
        var asked = _registry.Hang();

        Assert.Equal([0], executor.Execute([Record(0, Framed("a"))], Stop).Waiting);
        await asked.WaitAsync(Stop);
        _time.Advance(TimeSpan.FromSeconds(1));
        // Who asks meanwhile does not wait at all: at half a second each this would never end.
        for (var i = 0; i < 1_000; i++) Assert.Equal([0], executor.Execute([Record(0, Framed("a"))], Stop).Waiting);
    }

    [Theory]
    [InlineData(HttpStatusCode.Unauthorized)]
    [InlineData(HttpStatusCode.Forbidden)]
    public void Credentials_that_are_refused_in_mid_run_delay_and_lose_nothing(HttpStatusCode status)
    {
        using var topology = Build();
        using var executor = Executor(topology);
        _registry.Failing = status;

        var waiting = executor.Execute([Record(0, Framed("a"))], Stop);
        _registry.Failing = null;
        _time.Advance(TimeSpan.FromSeconds(10));
        var result = executor.Execute([Record(0, Framed("a"))], Stop);

        Assert.Equal([0], waiting.Waiting);
        Assert.Contains("Check user and password, or the token", Assert.Single(_log), StringComparison.Ordinal);
        Assert.Equal("articles.topic", Assert.Single(result.Outputs).Topic);
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

    private SchemaRegistryOptions Options() => new() { Urls = [_registry.Url], Retries = 0 };

    private ArticleTopology Build(SchemaRegistryClient? client = null, RegisteredSchema? writer = null) => ArticleTopology.Build(
        new ArticleTopologyOptions
        {
            Nodes = [new NodeDefinition { Name = "topic", Kind = "fake", Input = "articles", Output = "articles.topic" }],
            DeadLetterTopic = "articles.dlq",
            Serde = new ArticleSerde(new ArticleSerdeOptions { Registry = client ?? _client }),
            OutputSerdes = new Dictionary<string, ArticleSerde>
            {
                ["articles.topic"] = new(new ArticleSerdeOptions { Registry = _client, Writer = writer ?? _writer }),
            },
            TimeProvider = _time,
        },
        node => new FakeArticleProcessor(node.Name));

    private IBatchExecutor Executor(ArticleTopology topology) =>
        Assert.Single(topology.CreateExecutors(new ExecutorOptions { LoggerFactory = LoggerFactory.Create(logging => logging.AddProvider(this)) }));
}
