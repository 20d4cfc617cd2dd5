using Confluent.Kafka;
using StreamScoring.Topology.Kafka;
using StreamScoring.Topology.Kafka.Internal;

namespace StreamScoring.Topology.Tests.Kafka;

public sealed class PartitionOwnershipTests
{
    private static readonly TopicPartition First = new("articles", 0);
    private static readonly TopicPartition Second = new("articles", 1);

    private readonly SubTopologyLane _lane = new(new CopyExecutor("articles", "out"));
    private readonly PartitionOwnership _ownership =
        new(new LoopWatch(new KafkaStreamOptions { BootstrapServers = "localhost:1" }, TimeProvider.System));

    [Theory]
    [InlineData(-1, -1, false)] // Nothing is known yet.
    [InlineData(10, 10, false)]
    [InlineData(10, 500, false)] // It may be what the open transaction wrote.
    [InlineData(10, 100_000, true)]
    [InlineData(-1, 100_000, true)]
    public void A_backlog_is_more_than_the_open_transaction_may_have_written(long position, long end, bool isBacklog)
    {
        Assert.False(_ownership.HasBacklog);
        _ownership.Assign(First, _lane);
        _ownership.Assign(Second, _lane);
        Assert.False(_ownership.HasBacklog);

        (_ownership.Find(Second)!.Position, _ownership.Find(Second)!.End) = (position, end);

        Assert.Equal(isBacklog, _ownership.HasBacklog);
    }

    [Fact]
    public void What_cannot_be_read_now_or_was_lost_is_no_backlog()
    {
        _ownership.Assign(First, _lane);
        _ownership.Find(First)!.End = 100_000;
        _ownership.Find(First)!.WaitFrom(7);
        Assert.False(_ownership.HasBacklog);
        _ownership.Find(First)!.ReadAgain();
        Assert.True(_ownership.HasBacklog);

        _ownership.Lose([First]);

        Assert.False(_ownership.HasBacklog);
    }
}
