using StreamScoring.Topology.Dsl;
using StreamScoring.Topology.Execution;
using StreamScoring.Topology.Processing;
using StreamScoring.Topology.Serialization;
using static StreamScoring.Topology.Tests.TestTopologies;

namespace StreamScoring.Topology.Tests.Dsl;

public sealed class BuilderTests
{
    [Fact]
    public void Names_are_made_up_as_Kafka_Streams_does()
    {
        var description = Build(s => s.Filter((_, _) => true).FilterNot((_, _) => false).Map(Pair).MapValues(v => v)
            .FlatMap((k, v) => new[] { Pair(k, v) }).FlatMapValues(v => new[] { v }).SelectKey((k, _) => k)
            .Peek((_, _) => { }).Merge(s).To("out", TextOut)).Describe();
        Assert.Equal(
            [
                "KSTREAM-SOURCE-0000000000", "KSTREAM-FILTER-0000000001", "KSTREAM-FILTER-0000000002",
                "KSTREAM-MAP-0000000003", "KSTREAM-MAPVALUES-0000000004", "KSTREAM-FLATMAP-0000000005",
                "KSTREAM-FLATMAPVALUES-0000000006", "KSTREAM-KEY-SELECT-0000000007", "KSTREAM-PEEK-0000000008",
                "KSTREAM-MERGE-0000000009", "KSTREAM-SINK-0000000010",
            ],
            description.SubTopologies.Single().Nodes.Select(n => n.Name));
    }

    [Fact]
    public void A_given_name_uses_up_no_number()
    {
        var nodes = Build(s => s.Filter((_, _) => true, "mine").MapValues(v => v).To("out", TextOut.WithName("end")))
            .Describe().SubTopologies[0].Nodes;
        Assert.Equal(["KSTREAM-SOURCE-0000000000", "mine", "KSTREAM-MAPVALUES-0000000001", "end"], nodes.Select(n => n.Name));
    }

    [Fact]
    public void Every_mistake_is_reported_at_once()
    {
        var builder = new StreamsBuilder("my app");
        var stream = builder.Stream("in", Text.WithName("twice"));
        builder.Stream("in", Text);
        stream.Filter((_, _) => true, "twice");
        stream.Peek((_, _) => { }, "no spaces please");
        stream.To("not/a/topic", TextOut);
        stream.Merge(new StreamsBuilder().Stream("other", Text));
        stream.Score<string>((_, _, _) => { }, new BatchOptions { MaxRecords = 0, Linger = TimeSpan.FromHours(1) }, "model");
        builder.Stream(Array.Empty<string>(), Text);
        stream.Repartition(Repartitioned.With(Serdes.String, Serdes.String) with { Name = "r", Partitions = 0 });
        var mistakes = Assert.Throws<TopologyException>(builder.Build).Mistakes;
        Assert.Collection(mistakes,
            m => Assert.Contains("'my app' has characters other than", m),
            m => Assert.Contains("Topic 'in' is read by 'twice' and by 'KSTREAM-SOURCE-0000000000'", m),
            m => Assert.Contains("Two nodes have the name 'twice'", m),
            m => Assert.Contains("'no spaces please' has characters", m),
            m => Assert.Contains("'not/a/topic' has characters", m),
            m => Assert.Contains("different builders", m),
            m => Assert.Contains("reads no topic", m),
            m => Assert.Contains("at least 1 partition, not 0", m),
            m => Assert.Contains("1 to 65,536 records, not 0", m),
            m => Assert.Contains("lingers 0 to 60 s, not 3600 s", m));
    }

    [Fact]
    public void An_empty_topology_is_a_mistake() =>
        Assert.Contains("empty", Assert.Throws<TopologyException>(new StreamsBuilder().Build).Message);

    [Fact]
    public void A_builder_builds_once()
    {
        var builder = new StreamsBuilder();
        var stream = builder.Stream("in", Text);
        builder.Build();
        Assert.Throws<InvalidOperationException>(builder.Build);
        Assert.Throws<InvalidOperationException>(() => stream.Filter((_, _) => true));
    }

    [Fact]
    public void Executors_refuse_options_that_cannot_work()
    {
        var topology = Build(s => s.To("out", TextOut.WithPartitioner((_, _, _, _) => 0)));
        var mistakes = Assert.Throws<TopologyException>(() => topology.CreateExecutors(new ExecutorOptions
        {
            DeadLetterTopic = "in",
            MaxConsecutiveFailures = 1,
        })).Mistakes;
        Assert.Equal(3, mistakes.Count);
        Assert.Contains("for ever", mistakes[0]);
        Assert.Contains("PartitionCount", mistakes[2]);
    }

    [Fact]
    public void Repartition_topics_carry_the_application_id()
    {
        var builder = new StreamsBuilder("app");
        builder.Stream("in", Text)
            .Repartition(Repartitioned.With(Serdes.String, Serdes.String) with { Name = "by-key", Partitions = 7 })
            .Repartition(Repartitioned.With(Serdes.String, Serdes.String));
        var topology = builder.Build();
        Assert.Equal(
            [new RepartitionTopic("app-by-key-repartition", 7), new("app-KSTREAM-REPARTITION-0000000001-repartition", null)],
            topology.RepartitionTopics);
        Assert.Equal(3, topology.Describe().SubTopologies.Count);
    }
}
