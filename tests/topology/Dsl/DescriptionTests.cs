using StreamScoring.Topology.Dsl;
using StreamScoring.Topology.Processing;
using static StreamScoring.Topology.Tests.TestTopologies;

namespace StreamScoring.Topology.Tests.Dsl;

public sealed class DescriptionTests
{
    private static StreamTopology TwoParts() => Build(s =>
    {
        s.Filter((_, _) => true).Through("middle", TextOut)
            .Score<string>((_, _, _) => { }, new BatchOptions { MaxRecords = 32 }, "model").To("out", TextOut);
        s.To((in Record<string, string> _, RecordMetadata? _) => "any", TextOut.WithName("anywhere"));
    });

    [Fact]
    public void Text_is_laid_out_as_Kafka_Streams_does() => Assert.Equal(
        """
        Topologies:
           Sub-topology: 0
            Source: KSTREAM-SOURCE-0000000000 (topics: [in])
              --> KSTREAM-FILTER-0000000001, anywhere
            Processor: KSTREAM-FILTER-0000000001 (stores: [])
              --> KSTREAM-SINK-0000000002
              <-- KSTREAM-SOURCE-0000000000
            Sink: KSTREAM-SINK-0000000002 (topic: middle)
              <-- KSTREAM-FILTER-0000000001
            Sink: anywhere (topic extractor)
              <-- KSTREAM-SOURCE-0000000000

          Sub-topology: 1
            Source: KSTREAM-SOURCE-0000000003 (topics: [middle])
              --> model
            Processor: model (stores: [], batch: 32)
              --> KSTREAM-SINK-0000000004
              <-- KSTREAM-SOURCE-0000000003
            Sink: KSTREAM-SINK-0000000004 (topic: out)
              <-- model


        """.ReplaceLineEndings("\n"), TwoParts().Describe().ToString());

    [Fact]
    public void Mermaid_draws_topics_between_sub_topologies() => Assert.Equal(
        """
        flowchart LR
          t0[("in")]
          t1[("out")]
          subgraph s0["Sub-topology 0"]
            n0["source"]
            n1["sink"]
          end
          t0 --> n0
          n0 --> n1
          n1 --> t1

        """.ReplaceLineEndings("\n"), Simple().Describe().ToMermaid());

    [Fact]
    public void Json_names_every_node_and_topic() => Assert.Equal(
        """
        {
          "sub_topologies": [
            {
              "id": 0,
              "nodes": [
                {
                  "name": "source",
                  "kind": "Source",
                  "topics": [
                    "in"
                  ],
                  "predecessors": [],
                  "successors": [
                    "sink"
                  ]
                },
                {
                  "name": "sink",
                  "kind": "Sink",
                  "topics": [
                    "out"
                  ],
                  "predecessors": [
                    "source"
                  ],
                  "successors": []
                }
              ]
            }
          ]
        }
        """.ReplaceLineEndings("\n"), Simple().Describe().ToJson().ReplaceLineEndings("\n"));

    [Fact]
    public void Streams_that_are_merged_are_one_sub_topology()
    {
        var builder = new StreamsBuilder();
        builder.Stream("a", Text).Merge(builder.Stream("b", Text)).To("out", TextOut);
        builder.Stream("c", Text).To("out", TextOut);
        var executors = builder.Build().CreateExecutors();
        Assert.Equal([["a", "b"], ["c"]], executors.Select(e => e.SourceTopics));
        Assert.Equal([0, 1], executors.Select(e => e.SubTopologyId));
    }

    private static StreamTopology Simple()
    {
        var builder = new StreamsBuilder();
        builder.Stream("in", Text.WithName("source")).To("out", TextOut.WithName("sink"));
        return builder.Build();
    }
}
