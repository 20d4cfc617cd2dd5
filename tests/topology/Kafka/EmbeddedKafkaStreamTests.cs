using Confluent.Kafka;
using Microsoft.Extensions.Logging.Abstractions;
using StreamScoring.Topology.Execution;
using StreamScoring.Topology.Kafka;
using StreamScoring.Topology.Kafka.Embedded;

namespace StreamScoring.Topology.Tests.Kafka;

public sealed class EmbeddedKafkaStreamTests
{
    [Theory]
    [InlineData(ProcessingGuarantee.ExactlyOnce)]
    [InlineData(ProcessingGuarantee.AtLeastOnce)]
    public async Task Every_record_comes_out_once_and_in_order_for_each_key(ProcessingGuarantee guarantee)
    {
        using var kafka = EmbeddedKafka.Start();
        kafka.CreateTopic("in", 4);
        kafka.CreateTopic("out", 4);
        Raw.Produce(kafka.BootstrapServers, "in", 5_000, keys: 50);

        using var stream = new KafkaStream(
            [new CopyExecutor("in", "out")], new KafkaStreamOptions { BootstrapServers = kafka.BootstrapServers, Guarantee = guarantee },
            NullLoggerFactory.Instance, TimeProvider.System);
        using var stop = new CancellationTokenSource();
        var running = stream.RunAsync(stop.Token);
        var records = Raw.Consume(kafka.BootstrapServers, "out", 5_000);
        await stop.CancelAsync();
        await running;

        Raw.AssertEachOnceInOrder(records, 5_000, keys: 50);
        Assert.Equal(KafkaStreamState.NotRunning, stream.State);
        // The embedded broker takes transactional offsets and forgets them.
        if (guarantee == ProcessingGuarantee.AtLeastOnce)
        {
            Raw.AssertCommittedToTheEnd(kafka.BootstrapServers, "streamscoring", "in", 5_000);
        }
    }

    [Fact]
    public async Task A_backlog_at_the_first_hop_does_not_keep_its_records_from_the_second()
    {
        const int Backlog = 20_000;
        using var kafka = EmbeddedKafka.Start();
        foreach (var topic in (string[])["in", "between", "out"]) kafka.CreateTopic(topic, 2);
        Raw.Produce(kafka.BootstrapServers, "in", Backlog, keys: 50);
        var limits = new BatchLimits(16, 16 << 10, TimeSpan.FromMilliseconds(5));
        var (first, whenSecondBegan) = (0, -1);
        var began = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

        using var stream = new KafkaStream(
            [
                new CopyExecutor("in", "between")
                {
                    Limits = limits,
                    // As slow as a model: what was read waits for a scorer.
                    BeforeBatch = batch =>
                    {
                        Interlocked.Add(ref first, batch.Count);
                        Thread.Sleep(2);
                    },
                },
                new CopyExecutor("between", "out")
                {
                    SubTopologyId = 1,
                    Limits = limits,
                    BeforeBatch = _ =>
                    {
                        Interlocked.CompareExchange(ref whenSecondBegan, Volatile.Read(ref first), -1);
                        began.TrySetResult();
                    },
                },
            ],
            new KafkaStreamOptions { BootstrapServers = kafka.BootstrapServers, Guarantee = ProcessingGuarantee.AtLeastOnce, CommitInterval = TimeSpan.FromMilliseconds(100) },
            NullLoggerFactory.Instance, TimeProvider.System);
        using var stop = new CancellationTokenSource();
        var running = stream.RunAsync(stop.Token);
        await began.Task.WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
        await stop.CancelAsync();
        await running;

        Assert.InRange(whenSecondBegan, 1, Backlog / 2);
    }

    [Theory]
    [InlineData(ProcessingGuarantee.ExactlyOnce, 1, true)]
    [InlineData(ProcessingGuarantee.ExactlyOnce, 4, true)]
    [InlineData(ProcessingGuarantee.AtLeastOnce, 4, true)]
    [InlineData(ProcessingGuarantee.AtLeastOnce, 4, false)]
    public async Task What_cannot_be_read_yet_holds_up_its_partition_alone(
        ProcessingGuarantee guarantee, int scorerThreads, bool isStateless)
    {
        using var kafka = EmbeddedKafka.Start();
        kafka.CreateTopic("in", 4);
        kafka.CreateTopic("out", 4);
        await WaitingPartition.RunAsync(kafka.BootstrapServers, "in", "out", "streamscoring", guarantee, scorerThreads, isStateless);
        if (guarantee == ProcessingGuarantee.AtLeastOnce)
        {
            Raw.AssertCommittedToTheEnd(kafka.BootstrapServers, "streamscoring", "in", WaitingPartition.Count);
        }
    }
}
