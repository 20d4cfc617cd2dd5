using System.Text;
using StreamScoring.Schemas;
using StreamScoring.Topology.Articles;
using StreamScoring.Topology.Processing;
using StreamScoring.Topology.Serialization;
using StreamScoring.Topology.Testing;

namespace StreamScoring.Topology.Tests.Articles;

public sealed class ArticleTopologyTests
{
    private const string Topic = "articles";
    private readonly ManualTimeProvider _time = new(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));
    private readonly Dictionary<string, FakeArticleProcessor> _made = [];

    private static NodeDefinition Node(string name, string input, string output, string kind = "fake") =>
        new() { Name = name, Kind = kind, Model = name, Input = input, Output = output };

    private static readonly NodeDefinition[] ThreeNodes =
    [
        Node("topic", Topic, "articles.topic"),
        Node("entities", "articles.topic", "articles.entities"),
        Node("summary", "articles.entities", "articles.summary"),
    ];

    private ArticleTopologyOptions Options(params NodeDefinition[] nodes) =>
        new() { Nodes = nodes, DeadLetterTopic = "articles.dlq", TimeProvider = _time };

    private ArticleTopology Build(ArticleTopologyOptions options) =>
        ArticleTopology.Build(options, node => _made[node.Name] = new FakeArticleProcessor(node.Name, _time));

    private TopologyTestDriver Drive(ArticleTopology topology, TestBatching? batching = null) =>
        new(topology.Topology, new TopologyTestDriverOptions
        {
            Executors = topology.WithOwnSettings(new()),
            Batching = batching ?? TestBatching.OneByOne,
            TimeProvider = _time,
        });

    private static TestInputTopic<byte[], byte[]> Input(TopologyTestDriver driver) =>
        driver.CreateInputTopic(Topic, Serdes.ByteArray, Serdes.ByteArray);

    private static TestOutputTopic<byte[], Article> Output(TopologyTestDriver driver, string topic = "articles.summary") =>
        driver.CreateOutputTopic(topic, Serdes.ByteArray, new ArticleValueSerde(ArticleSerde.Default));

    private static TestOutputTopic<byte[], byte[]> DeadLetters(TopologyTestDriver driver) =>
        driver.CreateOutputTopic("articles.dlq", Serdes.ByteArray, Serdes.ByteArray);

    private static byte[] Json(string id, string title = "A title") =>
        Encoding.UTF8.GetBytes($$"""{"id":"{{id}}","title":"{{title}}","attributes":{"client":"own"},"body":"Some body."}""");

    [Fact]
    public void An_article_passes_every_node_and_collects_its_provenance()
    {
        using var topology = Build(Options(ThreeNodes));
        using var driver = Drive(topology);
        var start = _time.GetUtcNow();
        Input(driver).PipeInput(new TestRecord<byte[], byte[]>([9], Json("a1"))
        {
            Headers = new RecordHeaders().Add("traceparent", "00-1").Add("own", (byte[]?)null),
            TimestampMs = 777,
        });
        var record = Output(driver).ReadRecord();
        Assert.Equal([9], record.Key);
        Assert.Equal(777, record.TimestampMs);
        Assert.Equal(["traceparent", "own"], record.Headers.Select(h => h.Key));
        var article = record.Value;
        Assert.Equal("a1", article.Id);
        Assert.Equal("own", article.Attributes["client"]);
        Assert.Equal("client+entities+topic|7", article.Attributes["summary"]);
        Assert.Equal(["topic", "entities", "summary"], article.Provenance.Select(p => p.Node));
        var entry = article.Provenance[1];
        Assert.Equal(("entities-model", "1.2", new string('a', 64)), (entry.Model, entry.Version, entry.Sha256));
        Assert.Equal(start + 2 * FakeArticleProcessor.Duration, entry.ScoredAt);
        Assert.Equal(9000, entry.DurationUs);
        Assert.Null(entry.Variant);
        Assert.Empty(entry.Warnings);
    }

    [Fact]
    public void A_record_without_a_key_gets_the_articles_id_as_key()
    {
        using var topology = Build(Options(ThreeNodes[0]));
        using var driver = Drive(topology);
        Input(driver).PipeInput(Json("Grüße"));
        Assert.Equal("Grüße"u8.ToArray(), Output(driver, "articles.topic").ReadRecord().Key);
    }

    [Fact]
    public void A_micro_batch_is_scored_in_one_call_and_shares_its_duration()
    {
        using var topology = Build(Options(ThreeNodes[0]));
        using var driver = Drive(topology, TestBatching.Fixed(3));
        Input(driver).PipeValueList([Json("1"), Json("2", "A title that is rather long"), Json("3")]);
        Assert.Equal([3], _made["topic"].BatchSizes);
        var articles = Output(driver, "articles.topic").ReadValueList();
        Assert.Equal(["1", "2", "3"], articles.Select(a => a.Id));
        Assert.All(articles, a => Assert.Equal(3000, Assert.Single(a.Provenance).DurationUs));
        Assert.Equal(["long title"], articles[1].Provenance[0].Warnings);
        Assert.Empty(articles[2].Provenance[0].Warnings);
    }

    [Fact]
    public void Scoring_again_replaces_the_nodes_entry_where_it_stands()
    {
        using var topology = Build(Options(ThreeNodes));
        using var driver = Drive(topology);
        Input(driver).PipeInput(Json("1"));
        var once = driver.CreateOutputTopic("articles.summary", Serdes.ByteArray, Serdes.ByteArray).ReadValue();
        var firstTime = ArticleCodec.Decode(once).Provenance[0].ScoredAt;
        driver.AdvanceWallClockTime(TimeSpan.FromHours(1));
        Input(driver).PipeInput(once);
        var again = Output(driver).ReadValue();
        Assert.Equal(["topic", "entities", "summary"], again.Provenance.Select(p => p.Node));
        Assert.All(again.Provenance, p => Assert.True(p.ScoredAt >= firstTime.AddHours(1)));
    }

    [Theory]
    [InlineData("not an article")]
    [InlineData("[1,2]")]
    [InlineData("")]
    public void What_is_no_article_is_dead_lettered_with_its_bytes_and_its_neighbours_go_on(string bytes)
    {
        using var topology = Build(Options(ThreeNodes));
        using var driver = Drive(topology, TestBatching.Fixed(3));
        Input(driver).PipeValueList([Json("1"), Encoding.UTF8.GetBytes(bytes), Json("2")]);
        Assert.Equal(["1", "2"], Output(driver).ReadValueList().Select(a => a.Id));
        var letter = DeadLetters(driver).ReadRecord();
        Assert.Equal(Encoding.UTF8.GetBytes(bytes), letter.Value);
        Assert.Equal("topic", letter.Headers.GetText("streamscoring_node"));
        Assert.Equal("articles", letter.Headers.GetText("__streams.errors.topic"));
        Assert.NotEqual("", letter.Headers.GetText("__streams.errors.message"));
    }

    [Fact]
    public void A_tombstone_is_dead_lettered_with_the_reason()
    {
        using var topology = Build(Options(ThreeNodes));
        using var driver = Drive(topology);
        Input(driver).PipeInput([1], null!);
        var letter = DeadLetters(driver).ReadRecord();
        Assert.Null(letter.Value);
        Assert.Contains("tombstone", letter.Headers.GetText("__streams.errors.message"));
    }

    [Fact]
    public void An_article_that_a_node_cannot_score_is_dead_lettered_there_as_it_came_there()
    {
        using var topology = Build(Options(ThreeNodes));
        using var driver = Drive(topology, TestBatching.Fixed(4));
        Input(driver).PipeValueList([Json("1"), Json("2", "bad for entities"), Json("3")]);
        Assert.Equal(["1", "3"], Output(driver).ReadValueList().Select(a => a.Id));
        var letter = DeadLetters(driver).ReadRecord();
        Assert.Equal("entities", letter.Headers.GetText("streamscoring_node"));
        Assert.Equal("articles.topic", letter.Headers.GetText("__streams.errors.topic"));
        Assert.Equal(["topic"], ArticleCodec.Decode(letter.Value).Provenance.Select(p => p.Node));
    }

    [Fact]
    public void Past_its_deadline_a_record_is_passed_on_unscored()
    {
        using var topology = Build(Options(ThreeNodes[0]));
        using var driver = Drive(topology, TestBatching.Fixed(4));
        var nowMs = _time.GetUtcNow().ToUnixTimeMilliseconds();
        RecordHeaders Deadline(string text) => new RecordHeaders().Add("streamscoring_deadline", text);
        using (driver.Hold())
        {
            Input(driver).PipeInput([1], Json("late"), Deadline($"{nowMs - 1}"));
            Input(driver).PipeInput([1], Json("in time"), Deadline($"{nowMs}"));
            Input(driver).PipeInput([1], Json("odd"), Deadline("tomorrow"));
        }
        Assert.Equal([2], _made["topic"].BatchSizes);
        var articles = Output(driver, "articles.topic").ReadValueList();
        Assert.Equal(["late", "in time", "odd"], articles.Select(a => a.Id));
        Assert.Equal(["deadline passed, not scored"], articles[0].Provenance.Single().Warnings);
        Assert.False(articles[0].Attributes.ContainsKey("topic"));
        Assert.Equal(0, articles[0].Provenance[0].DurationUs);
        Assert.Empty(articles[1].Provenance.Single().Warnings);
        Assert.Contains("no number", articles[2].Provenance.Single().Warnings.Single());
    }

    [Fact]
    public void Fused_nodes_give_the_same_articles_with_no_topic_in_between()
    {
        using var hops = Build(Options(ThreeNodes));
        using var hopping = Drive(hops, TestBatching.Fixed(2));
        Input(hopping).PipeValueList([Json("1"), Json("2", "bad for summary"), Json("3")]);
        using var fused = Build(Options(ThreeNodes) with { Fuse = true });
        using var fusing = Drive(fused, TestBatching.Fixed(2));
        Input(fusing).PipeValueList([Json("1"), Json("2", "bad for summary"), Json("3")]);

        Assert.Equal([Topic], fused.Topology.SourceTopics);
        Assert.Equal(["articles.summary"], fused.Topology.SinkTopics);
        Assert.True(fusing.CreateOutputTopic("articles.topic", Serdes.ByteArray, Serdes.ByteArray).IsEmpty);
        Assert.Equal(Lines(hopping), Lines(fusing));
        Assert.Equal("summary", DeadLetters(hopping).ReadRecord().Headers.GetText("streamscoring_node"));
        var letter = DeadLetters(fusing).ReadRecord();
        Assert.Equal("summary", letter.Headers.GetText("streamscoring_node"));
        Assert.Equal(Json("2", "bad for summary"), letter.Value);

        static List<string> Lines(TopologyTestDriver driver) => [.. Output(driver).ReadValueList().Select(WithoutTimes)];
    }

    [Fact]
    public void The_chain_without_a_stream_gives_the_same_articles()
    {
        using var topology = Build(Options(ThreeNodes));
        using var driver = Drive(topology, TestBatching.Fixed(2));
        Input(driver).PipeValueList([Json("1"), Json("2", "bad for entities"), Json("3")]);

        // In another order than their topics connect them.
        using var chain = ArticleChain.Build(
            Options(ThreeNodes[2], ThreeNodes[0], ThreeNodes[1]), node => new FakeArticleProcessor(node.Name));
        Article[] articles = [.. new[] { Json("1"), Json("2", "bad for entities"), Json("3") }.Select(json => ArticleCodec.Decode(json))];
        var failures = chain.Score(articles, CancellationToken.None);
        Assert.Equal([null, "node 'entities': entities cannot read 'bad for entities'", null], failures.Select(f => f?.ToString()));
        Assert.Equal(
            Output(driver).ReadValueList().Select(WithoutTimes),
            new[] { articles[0], articles[2] }.Select(WithoutTimes));
    }

    [Fact]
    public void Identity_passes_bytes_that_are_no_article_and_tombstones_unchanged()
    {
        using var topology = Build(Options(Node("pass", Topic, "middle", "identity"), Node("on", "middle", "out", "identity")));
        using var driver = Drive(topology);
        Assert.Empty(_made);
        Input(driver).PipeInput([1], [0xFF, 0]);
        Input(driver).PipeInput([2], null!);
        var output = driver.CreateOutputTopic("out", Serdes.ByteArray, Serdes.ByteArray);
        Assert.Equal([0xFF, 0], output.ReadValue());
        Assert.Null(output.ReadValue());
    }

    [Fact]
    public void A_node_can_write_json()
    {
        using var topology = Build(Options(ThreeNodes[0] with { Format = ArticleFormat.Json }));
        using var driver = Drive(topology);
        Input(driver).PipeInput(Json("1"));
        var value = driver.CreateOutputTopic("articles.topic", Serdes.ByteArray, Serdes.String).ReadValue();
        Assert.StartsWith("{\"id\":\"1\"", value);
    }

    [Fact]
    public void Two_nodes_can_read_one_topic_each_with_articles_of_its_own()
    {
        using var topology = Build(Options(Node("a", Topic, "out.a"), Node("b", Topic, "out.b")));
        using var driver = Drive(topology);
        Input(driver).PipeInput(Json("1"));
        Assert.Equal(["a"], Output(driver, "out.a").ReadValue().Provenance.Select(p => p.Node));
        Assert.Equal(["b"], Output(driver, "out.b").ReadValue().Provenance.Select(p => p.Node));
    }

    [Fact]
    public void Every_mistake_in_the_nodes_is_reported_at_once()
    {
        var options = Options(
            Node("a", "t1", "t2", "no-such-kind"),
            Node("a", "t2", "t1"),
            Node("c d", "articles.dlq", "bad topic"),
            Node("e", "t3", "t3") with { Batch = new BatchOptions { MaxRecords = 0 } },
            Node("f", "t4", "articles.dlq")) with
        {
            KnownKinds = ["fake"],
        };
        var mistakes = Assert.Throws<TopologyException>(() => Build(options)).Mistakes;
        Assert.Collection(mistakes,
            m => Assert.Contains("there is no kind 'no-such-kind', but fake", m),
            m => Assert.Contains("Two nodes have the name 'a'", m),
            m => Assert.Contains("'c d' has characters", m),
            m => Assert.Contains("Node 'c d', output: 'bad topic' has characters", m),
            m => Assert.Contains("reads the dead-letter topic", m),
            m => Assert.Contains("1 to 65,536 records, not 0", m),
            m => Assert.Contains("'f' writes to the dead-letter topic", m),
            m => Assert.Contains("circle", m));
        Assert.Empty(_made);
    }

    [Fact]
    public void A_circle_is_named()
    {
        var exception = Assert.Throws<TopologyException>(
            () => Build(Options(Node("a", "t1", "t2"), Node("b", "t2", "t3"), Node("c", "t3", "t2"))));
        Assert.Contains("b -> c -> b", Assert.Single(exception.Mistakes));
    }

    [Fact]
    public void Fuse_needs_chains()
    {
        var mistakes = Assert.Throws<TopologyException>(() => Build(Options(
            Node("a", "t1", "t2"), Node("b", "t2", "t3"), Node("c", "t2", "t4"), Node("d", "t5", "t2")) with { Fuse = true })).Mistakes;
        Assert.Contains("'b', 'c' all read 't2'", mistakes[0]);
        Assert.Contains("'a', 'd' all feed 't2'", mistakes[1]);
    }

    [Fact]
    public void When_models_cannot_be_loaded_all_are_named_and_the_others_disposed()
    {
        var exception = Assert.Throws<TopologyException>(() => ArticleTopology.Build(Options(ThreeNodes), node =>
            node.Name == "topic" ? _made[node.Name] = new FakeArticleProcessor(node.Name) : throw new FileNotFoundException($"no model {node.Model}")));
        Assert.Equal(["Node 'entities' cannot start: no model entities", "Node 'summary' cannot start: no model summary"], exception.Mistakes);
        Assert.Equal(2, Assert.IsType<AggregateException>(exception.InnerException).InnerExceptions.Count);
        Assert.True(_made["topic"].IsDisposed);
    }

    [Fact]
    public void Processors_are_disposed_with_the_topology()
    {
        Build(Options(ThreeNodes)).Dispose();
        Assert.All(_made.Values, processor => Assert.True(processor.IsDisposed));
        Assert.Equal(3, _made.Count);
    }

    [Fact]
    public void It_can_be_described_without_making_a_processor()
    {
        var description = ArticleTopology.Describe(Options(ThreeNodes) with { Fuse = true });
        Assert.Empty(_made);
        Assert.Equal(
            ["topic-source", "topic-decode", "topic", "entities", "summary", "summary-sink"],
            description.SubTopologies.Single().Nodes.Select(n => n.Name));
        Assert.Equal(3, ArticleTopology.Describe(Options(ThreeNodes)).SubTopologies.Count);
    }

    private static string WithoutTimes(Article article)
    {
        foreach (var entry in article.Provenance)
        {
            entry.ScoredAt = default;
            entry.DurationUs = 0;
        }
        return Encoding.UTF8.GetString(ArticleCodec.Encode(article, ArticleFormat.Json));
    }
}
