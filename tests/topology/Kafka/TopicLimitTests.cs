using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Microsoft.Extensions.Logging.Abstractions;
using StreamScoring.Testing.Brokers;
using StreamScoring.Topology.Kafka;

namespace StreamScoring.Topology.Tests.Kafka;

/// <summary>
/// A real topic that takes less than the producer sends: records too large for it become dead letters, and the small ones
/// around them go through, however many fit into a batch of the producer's.
/// </summary>
public sealed class TopicLimitTests(TopicLimitTests.RealBroker kafka) : IClassFixture<TopicLimitTests.RealBroker>
{
    private const int Count = 4_000;
    private const int Keys = 40;
    private const int SmallTopicBytes = 2_000;
    private static readonly string TooLarge = new('x', SmallTopicBytes + 100);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(ProcessingGuarantee.ExactlyOnce)]
    [InlineData(ProcessingGuarantee.AtLeastOnce)]
    public Task A_record_too_large_for_its_topic_becomes_a_dead_letter(ProcessingGuarantee guarantee) =>
        RunAsync(guarantee, (broker, output) => broker.LimitAsync(output, SmallTopicBytes), static (_, _) => Task.CompletedTask);

    [Fact]
    public Task A_topic_that_takes_less_from_now_on() =>
        RunAsync(ProcessingGuarantee.ExactlyOnce, static (_, _) => Task.CompletedTask, (broker, output) => broker.LimitAsync(output, SmallTopicBytes));

    private async Task RunAsync(
        ProcessingGuarantee guarantee, Func<RealBroker, string, Task> beforeStart, Func<RealBroker, string, Task> inTheMiddle)
    {
        await kafka.StartOrSkipAsync();
        var (input, output, letters) = await kafka.NewTopicsAsync();
        Raw.Produce(kafka.BootstrapServers, input, Count / 2, Keys);
        await beforeStart(kafka, output);
        using var stream = new KafkaStream(
            [new CopyExecutor(input, output) { DeadLetterTopic = letters }],
            new KafkaStreamOptions
            {
                BootstrapServers = kafka.BootstrapServers, GroupId = output, Guarantee = guarantee, CommitInterval = TimeSpan.FromMilliseconds(20),
            },
            NullLoggerFactory.Instance, TimeProvider.System);
        using var stop = new CancellationTokenSource();
        var running = stream.RunAsync(stop.Token);
        Assert.True(Raw.Contains(kafka.BootstrapServers, output, $"{(Count / 2) - 1}", () => running.IsCompleted, Stop));
        await inTheMiddle(kafka, output);
        Raw.ProduceValues(kafka.BootstrapServers, input, [TooLarge], partition: 1);
        Raw.Produce(kafka.BootstrapServers, input, Count / 2, Keys, first: Count / 2);

        var consuming = Task.Run(() => Raw.Consume(kafka.BootstrapServers, output, Count, TimeSpan.FromSeconds(90)), Stop);
        if (await Task.WhenAny(consuming, running) == running) await running;
        var records = await consuming;
        var dead = Raw.Consume(kafka.BootstrapServers, letters, 1);
        await stop.CancelAsync();
        await running;

        if (guarantee == ProcessingGuarantee.ExactlyOnce)
        {
            Raw.AssertEachOnceInOrder(records, Count, Keys);
            Assert.Single(dead);
        }
        else
        {
            Raw.AssertEachInOrderAtLast(records, Count, Keys);
        }
        Assert.All(dead, static letter => Assert.Equal(TooLarge.Length, letter.Message.Value.Length));
        Raw.AssertCommittedToTheEnd(kafka.BootstrapServers, output, input, Count + 1);
    }

    public sealed class RealBroker : IAsyncLifetime
    {
        private KafkaHomeBroker? _broker;
        private int _topics;

        internal string BootstrapServers => _broker!.BootstrapServers;

        public ValueTask InitializeAsync() => ValueTask.CompletedTask;

        public async ValueTask DisposeAsync()
        {
            if (_broker is not null) await _broker.DisposeAsync();
        }

        internal async Task StartOrSkipAsync() => _broker ??= await KafkaHomeBroker.StartOrSkipAsync(new KafkaHomeOptions());

        internal async Task<(string Input, string Output, string DeadLetters)> NewTopicsAsync()
        {
            var number = Interlocked.Increment(ref _topics);
            foreach (var topic in (string[])["in", "out", "dead"]) await _broker!.CreateTopicAsync($"{topic}{number}", 4, Stop);
            return ($"in{number}", $"out{number}", $"dead{number}");
        }

        internal async Task LimitAsync(string topic, int bytes)
        {
            using var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = BootstrapServers }).Build();
            await admin.IncrementalAlterConfigsAsync(new Dictionary<ConfigResource, List<ConfigEntry>>
            {
                [new ConfigResource { Type = ResourceType.Topic, Name = topic }] =
                    [new ConfigEntry { Name = "max.message.bytes", Value = $"{bytes}", IncrementalOperation = AlterConfigOpType.Set }],
            });
        }
    }
}
