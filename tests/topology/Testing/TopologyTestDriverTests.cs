using StreamScoring.Topology.Execution;
using StreamScoring.Topology.Serialization;
using StreamScoring.Topology.Testing;
using static StreamScoring.Topology.Tests.TestTopologies;

namespace StreamScoring.Topology.Tests.Testing;

public sealed class TopologyTestDriverTests
{
    [Fact]
    public void Records_are_read_once_and_in_order()
    {
        using var driver = Drive(s => s.To("out", TextOut));
        driver.Input().PipeKeyValueList([Pair("a", "1"), Pair("b", "2"), Pair("c", "3"), Pair("d", "4")]);
        var output = driver.Output();
        Assert.Equal(4, output.QueueSize);
        Assert.Equal(Pair("a", "1"), output.ReadKeyValue());
        Assert.Equal("2", output.ReadValue());
        Assert.Equal([Pair("c", "3"), Pair("d", "4")], output.ReadKeyValueList());
        Assert.True(output.IsEmpty);
        Assert.Contains("'out' has no further record", Assert.Throws<InvalidOperationException>(output.ReadRecord).Message);
    }

    [Fact]
    public void Timestamps_follow_the_topics_time_or_else_the_clock()
    {
        using var driver = Drive(s => s.To("out", TextOut));
        var startMs = driver.TimeProvider.GetUtcNow().ToUnixTimeMilliseconds();
        var input = driver.Input();
        input.PipeInput("k", "v");
        driver.AdvanceWallClockTime(TimeSpan.FromSeconds(1));
        input.PipeInput("k", "v");
        input.Time = DateTimeOffset.FromUnixTimeMilliseconds(5000);
        input.AutoAdvance = TimeSpan.FromMilliseconds(10);
        input.PipeInput("k", "v");
        input.PipeInput("k", "v", timestampMs: 1);
        input.AdvanceTime(TimeSpan.FromMilliseconds(100));
        input.PipeInput("k", "v");
        Assert.Equal(
            [startMs, startMs + 1000, 5000, 1, 5110], driver.Output().ReadRecordList().Select(r => r.TimestampMs!.Value));
    }

    // The vectors of Kafka's own UtilsTest.testMurmur2.
    [Theory]
    [InlineData("21", -973932308)]
    [InlineData("foobar", -790332482)]
    [InlineData("a-little-bit-long-string", -985981536)]
    [InlineData("a-little-bit-longer-string", -1486304829)]
    [InlineData("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971)]
    [InlineData("abc", 479470107)]
    public void Keys_go_to_the_partition_that_Kafkas_Java_clients_choose(string key, int murmur2)
    {
        using var driver = Drive(s => s.To("out", TextOut), new TopologyTestDriverOptions { Partitions = 12 });
        driver.Input().PipeInput(key, "v");
        Assert.Equal((murmur2 & 0x7fffffff) % 12, driver.Output().ReadRecord().Partition);
    }

    [Fact]
    public void Records_without_a_key_take_turns()
    {
        using var driver = Drive(s => s.To("out", TextOut), new TopologyTestDriverOptions { Partitions = 3 });
        driver.Input().PipeValueList(["a", "b", "c", "d"]);
        Assert.Equal([0, 1, 2, 0], driver.Output().ReadRecordList().Select(r => r.Partition!.Value));
    }

    [Fact]
    public void Captured_records_keep_partition_offset_timestamp_and_headers()
    {
        var seen = new List<string>();
        using var driver = Drive(
            s => s.Process(() => new LambdaProcessor((context, _) =>
            {
                var m = context.Metadata!.Value;
                seen.Add($"{m.Partition}@{m.Offset} {m.TimestampMs} {m.Headers.GetText("h")}");
            })),
            new TopologyTestDriverOptions { Partitions = 3 });
        driver.Replay(
        [
            new ConsumedRecord("in", 2, 10, 111, null, null, new RecordHeaders().Add("h", "x")),
            new ConsumedRecord("in", 0, 7, 99, null, null, new RecordHeaders()),
            new ConsumedRecord("in", 2, 15, 112, null, null, new RecordHeaders()),
        ]);
        Assert.Equal(["2@10 111 x", "0@7 99 ", "2@15 112 "], seen);
        Assert.Contains("at offset 16 already", Assert.Throws<ArgumentOutOfRangeException>(
            () => driver.Replay([new ConsumedRecord("in", 2, 15, 0, null, null, new RecordHeaders())])).Message);
        Assert.Contains("partitions 0 to 2", Assert.Throws<ArgumentOutOfRangeException>(
            () => driver.Replay([new ConsumedRecord("in", 3, 0, 0, null, null, new RecordHeaders())])).Message);
        Assert.Contains("does not read topic 'other' but: in", Assert.Throws<ArgumentException>(
            () => driver.Replay([new ConsumedRecord("other", 0, 0, 0, null, null, new RecordHeaders())])).Message);
    }

    [Fact]
    public void Held_records_make_one_batch()
    {
        var model = new RecordingBatchProcessor();
        using var driver = Drive(
            s => s.ProcessBatch(model).To("out", TextOut), new TopologyTestDriverOptions { Batching = TestBatching.Fixed(100) });
        using (driver.Hold())
        {
            driver.Input().PipeInput("k", "a");
            driver.Input().PipeInput("k", "b");
            Assert.True(driver.Output().IsEmpty);
        }
        Assert.Equal([2], model.BatchSizes);
        driver.Input().PipeInput("k", "c");
        Assert.Equal([2, 1], model.BatchSizes);
    }

    [Fact]
    public void A_topic_between_sub_topologies_can_be_read_by_the_test_too()
    {
        using var driver = Drive(s => s.Through("middle", TextOut).MapValues(v => v + "!").To("out", TextOut));
        driver.Input().PipeInput("k", "v");
        driver.Input("middle").PipeInput("k", "w");
        Assert.Equal(["v"], driver.Output("middle").ReadValueList());
        Assert.Equal(["v!", "w!"], driver.Output().ReadValueList());
    }

    [Fact]
    public void Faults_can_be_injected_at_any_node()
    {
        var model = new RecordingBatchProcessor();
        using var driver = Drive(
            s => s.MapValues(v => v, "map").ProcessBatch(model, named: "model").To("out", TextOut),
            WithDeadLetters(TestBatching.Fixed(4)));
        driver.InjectFault("map", record => record!.Offset == 1, () => new TimeoutException("at map"));
        driver.InjectFault("model", record => record!.Offset == 2, () => new TimeoutException("at model"));
        driver.Input().PipeValueList(["a", "b", "c", "d"]);
        Assert.Equal(["a!", "d!"], driver.Output().ReadValueList());
        Assert.Equal(
            ["b map at map", "c model at model"],
            driver.Output("dlq").ReadRecordList().Select(r =>
                $"{r.Value} {r.Headers.GetText("streamscoring_node")} {r.Headers.GetText("__streams.errors.message")}"));
        driver.ClearFaults();
        driver.Input().PipeValueList(["e"]);
        Assert.Equal(["e!"], driver.Output().ReadValueList());
    }

    [Fact]
    public void Only_topics_that_the_topology_reads_take_input()
    {
        using var driver = Drive(s => s.To("out", TextOut));
        Assert.Throws<ArgumentException>(() => driver.CreateInputTopic("out", Serdes.String, Serdes.String));
    }
}
