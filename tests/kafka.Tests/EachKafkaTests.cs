using Confluent.Kafka;
using StreamScoring.Testing.Brokers;
using StreamScoring.Testing.Records;

namespace StreamScoring.Testing.Tests;

public sealed class EachKafkaTests(KafkaFixture fixture)
{
    [Theory, EachKafka]
    public async Task What_is_produced_is_read_once_and_in_order_for_each_key(KafkaKind kind)
    {
        var kafka = await fixture.UseAsync(kind);
        var topic = await kafka.NewTopicAsync("numbers", 3, TestContext.Current.CancellationToken);

        KafkaRecords.Produce(kafka, topic, TestMessages.Numbered(500));
        var records = KafkaRecords.ConsumeAll(kafka, [topic], cancellationToken: TestContext.Current.CancellationToken);

        Assert.Equal(Enumerable.Range(0, 500), records.Select(TestMessages.NumberOf).Order());
        foreach (var key in records.GroupBy(record => Convert.ToHexString(record.Message.Key)))
        {
            Assert.Single(key.Select(record => record.Partition).Distinct());
            var numbers = key.Select(TestMessages.NumberOf).ToList();
            Assert.Equal(numbers.Order(), numbers);
        }
    }

    // The embedded broker hands out aborted records too, so only a real one can show this.
    [Fact]
    public async Task Records_of_an_aborted_transaction_are_not_read()
    {
        var kafka = await fixture.UseAsync(KafkaKind.Real);
        var topic = await kafka.NewTopicAsync("transactions", 1, TestContext.Current.CancellationToken);
        using (var producer = new ProducerBuilder<byte[], byte[]>(new ProducerConfig
        {
            BootstrapServers = kafka.BootstrapServers,
            TransactionalId = KafkaBrokerExtensions.NewName("transactions"),
        }).Build())
        {
            producer.InitTransactions(TimeSpan.FromSeconds(30));
            producer.BeginTransaction();
            foreach (var message in TestMessages.Numbered(10)) producer.Produce(topic, message);
            producer.Flush(TestContext.Current.CancellationToken);
            producer.AbortTransaction();
        }
        KafkaRecords.Produce(kafka, topic, TestMessages.Numbered(12).Skip(10));

        var records = KafkaRecords.Consume(kafka, topic, 2, cancellationToken: TestContext.Current.CancellationToken);

        Assert.Equal([10, 11], records.Select(TestMessages.NumberOf));
    }

    [Fact]
    public async Task All_records_are_those_of_a_transaction_too_that_is_about_to_be_committed()
    {
        var stop = TestContext.Current.CancellationToken;
        var kafka = await fixture.UseAsync(KafkaKind.Real);
        var topic = await kafka.NewTopicAsync("transactions", 1, stop);
        using var producer = new ProducerBuilder<byte[], byte[]>(new ProducerConfig
        {
            BootstrapServers = kafka.BootstrapServers,
            TransactionalId = KafkaBrokerExtensions.NewName("transactions"),
        }).Build();
        producer.InitTransactions(TimeSpan.FromSeconds(30));
        producer.BeginTransaction();
        foreach (var message in TestMessages.Numbered(10)) producer.Produce(topic, message);
        producer.Flush(stop);

        var reading = Task.Run(() => KafkaRecords.ConsumeAll(kafka, [topic], cancellationToken: stop), stop);
        await Assert.ThrowsAsync<TimeoutException>(() => reading.WaitAsync(TimeSpan.FromSeconds(2), stop));
        producer.CommitTransaction();

        Assert.Equal(Enumerable.Range(0, 10), (await reading).Select(TestMessages.NumberOf));
    }

    [Theory, EachKafka]
    public async Task A_wait_for_records_that_do_not_come_says_what_there_was(KafkaKind kind)
    {
        var kafka = await fixture.UseAsync(kind);
        var topic = await kafka.NewTopicAsync("few", 1, TestContext.Current.CancellationToken);
        KafkaRecords.Produce(kafka, topic, TestMessages.Numbered(3));

        var error = Assert.Throws<TimeoutException>(() => KafkaRecords.Consume(
            kafka, topic, 4, TimeSpan.FromSeconds(3), TestContext.Current.CancellationToken));

        Assert.Contains($"3 committed records in {topic}", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Topics_that_exist_are_refused()
    {
        var kafka = await fixture.UseAsync(KafkaKind.Real);
        var topic = await kafka.NewTopicAsync("twice", 1, TestContext.Current.CancellationToken);

        var error = await Assert.ThrowsAsync<KafkaException>(
            () => kafka.CreateTopicAsync(topic, 1, TestContext.Current.CancellationToken));

        Assert.Equal(ErrorCode.TopicAlreadyExists, error.Error.Code);
    }
}
