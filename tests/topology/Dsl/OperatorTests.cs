using StreamScoring.Topology.Dsl;
using StreamScoring.Topology.Serialization;
using StreamScoring.Topology.Testing;
using static StreamScoring.Topology.Tests.TestTopologies;

namespace StreamScoring.Topology.Tests.Dsl;

public sealed class OperatorTests
{
    private static IReadOnlyList<KeyValuePair<string, string>> Run(
        Action<IKStream<string, string>> define, params KeyValuePair<string, string>[] input)
    {
        using var driver = Drive(define);
        driver.Input().PipeKeyValueList(input);
        return driver.Output().ReadKeyValueList();
    }

    [Fact]
    public void Filter_keeps_what_the_predicate_holds_for() => Assert.Equal(
        [Pair("a", "long enough")],
        Run(s => s.Filter((_, value) => value.Length > 3).To("out", TextOut), Pair("a", "long enough"), Pair("b", "no")));

    [Fact]
    public void FilterNot_drops_what_the_predicate_holds_for() => Assert.Equal(
        [Pair("b", "no")],
        Run(s => s.FilterNot((_, value) => value.Length > 3).To("out", TextOut), Pair("a", "long enough"), Pair("b", "no")));

    [Fact]
    public void Map_changes_key_and_value() => Assert.Equal(
        [Pair("v", "k")],
        Run(s => s.Map((key, value) => Pair(value, key)).To("out", TextOut), Pair("k", "v")));

    [Fact]
    public void MapValues_changes_the_value_and_may_look_at_the_key() => Assert.Equal(
        [Pair("k", "k:V")],
        Run(s => s.MapValues(value => value.ToUpperInvariant()).MapValues((key, value) => $"{key}:{value}")
            .To("out", TextOut), Pair("k", "v")));

    [Fact]
    public void FlatMap_gives_any_number_of_records_in_order() => Assert.Equal(
        [Pair("0", "a"), Pair("1", "b"), Pair("0", "c")],
        Run(s => s.FlatMap((_, value) => value.Split(' ', StringSplitOptions.RemoveEmptyEntries)
                .Select((word, i) => Pair($"{i}", word))).To("out", TextOut),
            Pair("x", "a b"), Pair("y", ""), Pair("z", "c")));

    [Fact]
    public void FlatMapValues_keeps_the_key() => Assert.Equal(
        [Pair("x", "a"), Pair("x", "b"), Pair("x", "xx")],
        Run(s => s.FlatMapValues(value => value.Split(' ')).FlatMapValues((key, value) =>
                value == "b" ? new[] { value, key + key } : [value]).To("out", TextOut),
            Pair("x", "a b")));

    [Fact]
    public void SelectKey_changes_the_key() => Assert.Equal(
        [Pair("v", "v")], Run(s => s.SelectKey((_, value) => value).To("out", TextOut), Pair("k", "v")));

    [Fact]
    public void Peek_sees_each_record_and_passes_it_on()
    {
        var seen = new List<string>();
        var output = Run(s => s.Peek((key, value) => seen.Add(key + value)).To("out", TextOut), Pair("a", "1"), Pair("b", "2"));
        Assert.Equal(["a1", "b2"], seen);
        Assert.Equal([Pair("a", "1"), Pair("b", "2")], output);
    }

    [Fact]
    public void Foreach_ends_the_stream()
    {
        var seen = new List<string>();
        Run(s => s.Foreach((key, value) => seen.Add(key + value)), Pair("a", "1"));
        Assert.Equal(["a1"], seen);
    }

    [Fact]
    public void Merge_joins_two_streams_and_a_stream_with_itself_only_once()
    {
        Assert.Equal(
            [Pair("a", "1x"), Pair("a", "1y")],
            Run(s => s.MapValues(v => v + "x").Merge(s.MapValues(v => v + "y")).To("out", TextOut), Pair("a", "1")));
        Assert.Equal([Pair("a", "1")], Run(s => s.Merge(s).To("out", TextOut), Pair("a", "1")));
    }

    [Fact]
    public void Split_sends_each_record_to_the_first_branch_that_takes_it()
    {
        using var driver = Drive(s =>
        {
            var branches = s.Split("by-")
                .Branch((_, value) => value.StartsWith('a'), Branched.As<string, string>("a"))
                .Branch((_, value) => value.Length > 1)
                .DefaultBranch();
            Assert.Equal(["by-0", "by-2", "by-a"], branches.Keys.Order());
            branches["by-a"].To("a", TextOut);
            branches["by-2"].To("long", TextOut);
            branches["by-0"].To("rest", TextOut);
        });
        driver.Input().PipeValueList(["ab", "bb", "c", "a"]);
        Assert.Equal(["ab", "a"], driver.Output("a").ReadValueList());
        Assert.Equal(["bb"], driver.Output("long").ReadValueList());
        Assert.Equal(["c"], driver.Output("rest").ReadValueList());
    }

    [Fact]
    public void Split_without_a_default_drops_the_rest_and_builds_branches_in_place()
    {
        using var driver = Drive(s =>
        {
            var branches = s.Split()
                .Branch((_, value) => value == "a", new Branched<string, string> { Consumer = b => b.To("a", TextOut) })
                .Branch((_, value) => value == "b", new Branched<string, string>
                {
                    Name = "-b",
                    Function = b => b.MapValues(v => v + v),
                })
                .NoDefaultBranch();
            Assert.Equal(["KSTREAM-BRANCH-0000000001-b"], branches.Keys);
            branches["KSTREAM-BRANCH-0000000001-b"].To("b", TextOut);
        });
        driver.Input().PipeValueList(["a", "b", "c"]);
        Assert.Equal(["a"], driver.Output("a").ReadValueList());
        Assert.Equal(["bb"], driver.Output("b").ReadValueList());
    }

    [Fact]
    public void To_takes_a_topic_name_extractor()
    {
        using var driver = Drive(s => s.To((in StreamScoring.Topology.Processing.Record<string, string> record,
            StreamScoring.Topology.Processing.RecordMetadata? source) => $"{source!.Value.Topic}-{record.Value}", TextOut));
        driver.Input().PipeValueList(["x", "y"]);
        Assert.Equal(["x"], driver.Output("in-x").ReadValueList());
        Assert.Equal(["y"], driver.Output("in-y").ReadValueList());
    }

    [Fact]
    public void A_partitioner_chooses_among_the_partitions_of_the_topic()
    {
        var options = new TopologyTestDriverOptions { TopicPartitions = new Dictionary<string, int> { ["out"] = 5 } };
        using var driver = Drive(s => s.To("out", TextOut.WithPartitioner((_, _, value, count) =>
        {
            Assert.Equal(5, count);
            return int.Parse(value);
        })), options);
        driver.Input().PipeValueList(["4", "0", "2"]);
        Assert.Equal([4, 0, 2], driver.Output().ReadRecordList().Select(r => r.Partition!.Value));
    }

    [Fact]
    public void Through_and_Repartition_go_by_way_of_a_topic()
    {
        var options = new TopologyTestDriverOptions { Partitions = 3 };
        using var driver = Drive(s => s.Through("half-way", TextOut).SelectKey((_, value) => value)
            .Repartition(Repartitioned.With(Serdes.String, Serdes.String) with { Name = "by-value" })
            .To("out", TextOut), options);
        driver.Input().PipeKeyValueList([Pair("k", "a"), Pair("k", "b")]);
        Assert.Equal(["a", "b"], driver.Output("half-way").ReadValueList());
        Assert.Equal(["a", "b"], driver.Output("by-value-repartition").ReadValueList().Order());
        Assert.Equal([Pair("a", "a"), Pair("b", "b")], driver.Output().ReadKeyValueList().OrderBy(p => p.Key));
    }

    [Fact]
    public void Timestamps_and_headers_go_along()
    {
        using var driver = Drive(s => s.MapValues(v => v + "!").SelectKey((k, _) => k).To("out", TextOut));
        driver.Input().PipeInput("k", "v", new RecordHeaders().Add("h", "1").Add("h", "2"), timestampMs: 12345);
        var record = driver.Output().ReadRecord();
        Assert.Equal(12345, record.TimestampMs);
        Assert.Equal(["h=1", "h=2"], record.Headers.Select(h => $"{h.Key}={System.Text.Encoding.UTF8.GetString(h.Value!)}"));
    }

    [Fact]
    public void A_tombstone_arrives_as_null_and_leaves_as_null()
    {
        using var driver = Drive(s => s.To("out", TextOut));
        driver.Input().PipeInput("k", null!);
        Assert.Null(driver.Output().ReadValue());
    }
}
