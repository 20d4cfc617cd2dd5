using Confluent.Kafka;
using Microsoft.Extensions.Logging.Abstractions;
using StreamScoring.Topology.Execution;
using StreamScoring.Topology.Kafka;
using StreamScoring.Topology.Kafka.Internal;

namespace StreamScoring.Topology.Tests.Kafka;

public sealed class OutputGuardTests
{
    [Fact]
    public void Records_of_a_partition_that_went_before_the_commit_are_not_counted()
    {
        var lane = new SubTopologyLane(new CopyExecutor("in", "out"));
        var (kept, lost) = (Own(0), Own(1));
        var batch = new RecordBatch(lane);
        batch.Add(Record(0), kept);
        batch.Add(Record(1), lost);
        batch.Add(Record(1), lost);
        batch.Result = lane.Executor.Execute(batch.Records, TestContext.Current.CancellationToken);
        lost.Lose();

        using var telemetry = new StreamTelemetry(() => throw new InvalidOperationException("nobody measures"));
        new OutputGuard(new TopicLimits(new KafkaStreamOptions { BootstrapServers = "localhost:1" }), null, telemetry, NullLogger.Instance).CountCommitted(batch);

        var counted = lane.Snapshot([]);
        Assert.Equal((1, 1, 0, 0), (counted.RecordsIn, counted.RecordsOut, counted.DeadLetters, counted.Skipped));

        OwnedPartition Own(int partition) => new(new TopicPartition("in", partition), lane);
    }

    private static ConsumedRecord Record(int partition) => new("in", partition, 0, 0, null, [1], new RecordHeaders());
}
