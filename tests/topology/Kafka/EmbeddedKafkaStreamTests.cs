using Confluent.Kafka;
using Microsoft.Extensions.Logging.Abstractions;
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
