using Confluent.Kafka;
using StreamScoring.Topology.Execution;
using StreamScoring.Topology.Kafka;
using StreamScoring.Topology.Kafka.Internal;

namespace StreamScoring.Topology.Tests.Kafka;

public sealed class BatchPipelineTests
{
    // Nothing here takes long: who waits until then was not woken.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData(1, 32)]
    [InlineData(4, 32)]
    [InlineData(4, 3)]
    public async Task Nobody_sleeps_through_a_batch_and_each_lane_keeps_its_order(int scorers, int maxInFlight)
    {
        const int rounds = 2_000;
        SubTopologyLane[] lanes =
        [
            new(new CopyExecutor("stateless", "out")),
            new(new CopyExecutor("stateful", "out") { IsStateless = false }),
        ];
        var owners = Array.ConvertAll(lanes, static lane => new OwnedPartition(new TopicPartition(lane.Name, 0), lane));
        var pipeline = new BatchPipeline(
            lanes, new KafkaStreamOptions { BootstrapServers = "localhost:1", ScorerThreads = scorers, MaxInFlightRecords = maxInFlight });
        var collected = lanes.ToDictionary(static lane => lane, static _ => new List<long>());

        var threads = new List<Task> { Task.Factory.StartNew(Produce, TaskCreationOptions.LongRunning) };
        for (var i = 0; i < scorers; i++) threads.Add(Task.Factory.StartNew(Score, TaskCreationOptions.LongRunning));
        long dispatched = 0;
        try
        {
            var random = new Random(17);
            for (var round = 0; round < rounds; round++)
            {
                for (var batches = random.Next(1, 12); batches > 0; batches--)
                {
                    if (!pipeline.HasRoom) Assert.True(pipeline.WaitForRoom(Patience), "there was no room again");
                    var lane = random.Next(lanes.Length);
                    var batch = new RecordBatch(lanes[lane]);
                    batch.Add(new ConsumedRecord(lanes[lane].Name, 0, dispatched++, 0, null, [1], new RecordHeaders()), owners[lane]);
                    pipeline.Dispatch(batch);
                }
                // Now and then all of them go to sleep.
                if (round % 4 == 0) Assert.True(pipeline.WaitFor(static pipeline => pipeline.IsEmpty, Patience), "a batch was left behind");
            }
            Assert.True(pipeline.WaitFor(static pipeline => pipeline.IsEmpty, Patience), "a batch was left behind");
        }
        finally
        {
            pipeline.Close();
        }
        await Task.WhenAll(threads);

        Assert.All(collected.Values, static offsets => Assert.Equal(offsets.Order(), offsets));
        Assert.Equal(dispatched, collected.Values.Sum(static offsets => offsets.Count));

        void Score()
        {
            while (pipeline.Take() is { } batch)
            {
                Assert.Equal(BatchStage.Scoring, batch.Stage);
                pipeline.Complete(batch);
            }
        }

        void Produce()
        {
            var ready = new List<RecordBatch>();
            while (!pipeline.IsClosed)
            {
                pipeline.Collect(ready, Patience, hasUncommitted: false);
                foreach (var batch in ready)
                {
                    collected[batch.Lane].Add(batch.Records[0].Offset);
                    pipeline.Release(batch);
                }
                ready.Clear();
            }
        }
    }

    [Fact]
    public void What_a_transaction_may_hold_until_its_commit_does_not_stop_the_intake()
    {
        var lane = new SubTopologyLane(new CopyExecutor("stateless", "out"));
        var owner = new OwnedPartition(new TopicPartition(lane.Name, 0), lane);
        var options = new KafkaStreamOptions { BootstrapServers = "localhost:1", MaxInFlightBytes = 8 << 20 };
        var pipeline = new BatchPipeline([lane], options);
        long bytes = 0;
        while (true)
        {
            var batch = new RecordBatch(lane);
            batch.Add(new ConsumedRecord(lane.Name, 0, 0, 0, null, new byte[100_000], new RecordHeaders()), owner);
            if (bytes + batch.SizeBytes > BatchPipeline.LowWatermarkOf(options.MaxInFlightBytes)) break;
            bytes += batch.SizeBytes;
            pipeline.Dispatch(batch);
            // Sent, and uncommitted: the credits of the records are back, those of the bytes are not.
            pipeline.Complete(pipeline.Take()!);
            pipeline.ReleaseRecords(batch);
        }

        Assert.InRange(bytes, options.MaxInFlightBytes / 2, options.MaxInFlightBytes);
        Assert.True(pipeline.IsAtLowWatermark, "paused partitions would stay paused until the commit");
        Assert.True(pipeline.WaitForRoom(TimeSpan.Zero), "nothing would be read until the commit");
    }

    [Fact]
    public async Task The_next_batch_of_a_stateful_lane_goes_to_a_scorer_that_waits_when_the_one_before_is_done()
    {
        var lane = new SubTopologyLane(new CopyExecutor("stateful", "out") { IsStateless = false });
        var pipeline = new BatchPipeline([lane], new KafkaStreamOptions { BootstrapServers = "localhost:1", ScorerThreads = 2 });
        var (first, second) = (new RecordBatch(lane), new RecordBatch(lane));
        pipeline.Dispatch(first);
        Assert.Same(first, pipeline.Take());
        pipeline.Dispatch(second);
        var waiting = Task.Factory.StartNew(pipeline.Take, TaskCreationOptions.LongRunning);
        Assert.True(SpinWait.SpinUntil(() => pipeline.HasIdleScorer, Patience));

        pipeline.Complete(first);

        Assert.Same(second, await waiting.WaitAsync(Patience, TestContext.Current.CancellationToken));
    }
}
