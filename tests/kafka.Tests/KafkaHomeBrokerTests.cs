using StreamScoring.Testing.Brokers;
using StreamScoring.Testing.Records;

namespace StreamScoring.Testing.Tests;

public sealed class KafkaHomeBrokerTests
{
    [Fact]
    public async Task A_killed_broker_comes_back_on_the_same_address_with_its_records()
    {
        await using var kafka = await KafkaHomeBroker.StartOrSkipAsync();
        var address = kafka.BootstrapServers;
        var topic = await kafka.NewTopicAsync("survivors", 2, TestContext.Current.CancellationToken);
        KafkaRecords.Produce(kafka, topic, TestMessages.Numbered(100));

        await kafka.KillAsync();
        await kafka.StartAgainAsync(TestContext.Current.CancellationToken);
        KafkaRecords.Produce(kafka, topic, TestMessages.Numbered(150).Skip(100));
        await kafka.StopAsync();
        await kafka.StartAgainAsync(TestContext.Current.CancellationToken);

        Assert.Equal(address, kafka.BootstrapServers);
        var records = KafkaRecords.ConsumeAll(kafka, [topic], cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(Enumerable.Range(0, 150), records.Select(TestMessages.NumberOf).Order());
    }

    [Fact]
    public async Task A_broker_that_cannot_start_says_why()
    {
        var needed = KafkaHomeBroker.StartOrSkipAsync(new KafkaHomeOptions
        {
            Properties = new Dictionary<string, string> { ["process.roles"] = "cook" },
        });

        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => needed);

        Assert.Contains("process.roles", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_folder_without_Kafka_is_a_mistake_and_not_a_reason_to_skip()
    {
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => KafkaHomeBroker.StartAsync(
            new KafkaHomeOptions { Home = AppContext.BaseDirectory }, TestContext.Current.CancellationToken));

        Assert.Contains("kafka-server-start.sh", error.Message, StringComparison.Ordinal);
    }
}
