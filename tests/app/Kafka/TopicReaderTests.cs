using System.Text;
using Confluent.Kafka;
using Microsoft.Extensions.Logging.Abstractions;
using StreamScoring.App.Commands;
using StreamScoring.App.Configuration;
using StreamScoring.App.Kafka;
using StreamScoring.App.Tests.DeadLetters;
using StreamScoring.Testing.Brokers;
using StreamScoring.Testing.Processes;
using StreamScoring.Testing.Records;

namespace StreamScoring.App.Tests.Kafka;

public sealed class TopicReaderTests(KafkaFixture kafka)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory, EachKafka]
    public async Task A_topic_is_read_up_to_where_it_ended(KafkaKind kind)
    {
        var broker = await kafka.UseAsync(kind);
        var topic = await broker.NewTopicAsync("app.reader", 2, Stop);
        KafkaRecords.Produce(broker, topic, Enumerable.Range(0, 20).Select(i => Record($"{i}")));
        using var reader = ReaderOf(broker);

        var ranges = reader.WholeTopic(topic, 2);
        KafkaRecords.Produce(broker, topic, [Record("later"), Record("later still")]);
        var read = reader.Read(ranges, Stop).Select(Text).ToList();

        Assert.Equal(20, ranges.Sum(range => range.Until - range.From));
        Assert.Equal(Enumerable.Range(0, 20).Select(i => $"{i}").Order(StringComparer.Ordinal), read.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_transaction_that_is_open_before_the_end_is_waited_for(bool commits)
    {
        var broker = await kafka.UseAsync(KafkaKind.Real);
        var topic = await broker.NewTopicAsync("app.reader", 1, Stop);
        KafkaRecords.Produce(broker, topic, [Record("before")]);
        using var producer = BeginTransaction(broker, topic, "inside");
        KafkaRecords.Produce(broker, topic, [Record("behind")]);
        using var reader = ReaderOf(broker);

        var ranges = reader.WholeTopic(topic, 1);
        var reading = Task.Run(() => reader.Read(ranges, Stop).Select(Text).ToList(), Stop);
        // What is committed ends before the transaction: a reader that took this for the end would be done.
        await Assert.ThrowsAsync<TimeoutException>(() => reading.WaitAsync(TimeSpan.FromSeconds(2), Stop));
        if (commits) producer.CommitTransaction(Limit);
        else producer.AbortTransaction(Limit);

        var read = await reading.WaitAsync(Limit, Stop);

        Assert.Equal(commits ? ["before", "inside", "behind"] : (string[])["before", "behind"], read);
    }

    [Fact]
    public async Task A_transaction_that_does_not_end_is_named()
    {
        var broker = await kafka.UseAsync(KafkaKind.Real);
        var topic = await broker.NewTopicAsync("app.reader", 1, Stop);
        KafkaRecords.Produce(broker, topic, [Record("before")]);
        using var producer = BeginTransaction(broker, topic, "inside");
        using var reader = ReaderOf(broker, TimeSpan.FromSeconds(1));
        var read = new List<string>();

        var failure = Assert.Throws<CommandException>(() =>
        {
            foreach (var result in reader.Read(reader.WholeTopic(topic, 1), Stop)) read.Add(Text(result));
        });

        Assert.Equal(["before"], read);
        Assert.Contains($"{topic}-0: a transaction has been open at offset 1 for 1 s", failure.Message, StringComparison.Ordinal);
        producer.AbortTransaction(Limit);
    }

    [Fact]
    public async Task A_replay_waits_for_letters_whose_transaction_is_open_and_sends_them_once()
    {
        using var letters = await Letters.CreateAsync(await kafka.UseAsync(KafkaKind.Real), Stop);
        letters.Send([letters.Of(0), letters.Of(2)]);
        using var producer = BeginTransaction(letters.Broker, letters.DeadLetterTopic, [letters.Of(4), letters.Of(1)]);
        letters.Send([letters.Of(6), letters.Of(3)]);
        await using var replay = ChildProcess.StartProgram(["dlq", "replay", "--all", "--yes", "--config", letters.Config]);

        await replay.WaitForErrorAsync(line => line.Contains("waiting for a transaction that is open at offset", StringComparison.Ordinal), Limit, Stop);
        producer.CommitTransaction(Limit);
        var exitCode = await replay.WaitForExitAsync(Limit, Stop);
        var again = await letters.RunAsync("replay", "--all", "--yes");

        Assert.Equal((0, 0), (exitCode, again.ExitCode));
        Assert.Contains("6 dead letters replayed.", replay.Errors);
        Assert.Contains("0 dead letters replayed.", again.Errors);
        var sent = KafkaRecords.Consume(letters.Broker, letters.Topics[1], 6, Limit, Stop);
        Assert.Equal(["0", "1", "2", "3", "4", "6"], sent.Select(record => Encoding.UTF8.GetString(record.Message.Key)).Order(StringComparer.Ordinal));
    }

    [Theory, EachKafka]
    public async Task Only_a_broker_that_has_no_ids_gives_none(KafkaKind kind)
    {
        var broker = await kafka.UseAsync(kind);
        var topic = await broker.NewTopicAsync("app.reader", 1, Stop);
        var clients = ClientsOf(broker.BootstrapServers);

        Assert.Equal(kind == KafkaKind.Real, await TopicCheck.ClusterIdAsync(clients) is not null);
        if (kind == KafkaKind.Real) Assert.NotNull(await TopicCheck.TopicIdAsync(clients, topic));
    }

    [Fact]
    public async Task A_broker_that_does_not_answer_is_no_broker_without_ids()
    {
        // Nobody listens there.
        var clients = ClientsOf("127.0.0.1:1");

        var failures = await Task.WhenAll(
            Assert.ThrowsAsync<CommandException>(() => TopicCheck.ClusterIdAsync(clients)),
            Assert.ThrowsAsync<CommandException>(() => TopicCheck.TopicIdAsync(clients, "articles.dlq")));

        Assert.Contains("does not tell the id of topic articles.dlq", failures[1].Message, StringComparison.Ordinal);
    }

    private static KafkaClients ClientsOf(string bootstrapServers) => new(new KafkaSettings(), bootstrapServers, NullLoggerFactory.Instance);

    private static TopicReader ReaderOf(IKafkaBroker broker, TimeSpan? transactionPatience = null) =>
        new(ClientsOf(broker.BootstrapServers), "test", NullLogger.Instance, TimeProvider.System)
        {
            TransactionPatience = transactionPatience ?? TimeSpan.FromSeconds(90),
        };

    private static IProducer<byte[], byte[]> BeginTransaction(IKafkaBroker broker, string topic, string value) => BeginTransaction(broker, topic, [Record(value)]);

    private static IProducer<byte[], byte[]> BeginTransaction(IKafkaBroker broker, string topic, IEnumerable<Message<byte[], byte[]>> messages)
    {
        var producer = new ProducerBuilder<byte[], byte[]>(new ProducerConfig
        {
            BootstrapServers = broker.BootstrapServers,
            TransactionalId = KafkaBrokerExtensions.NewName("app.reader"),
            Partitioner = Partitioner.Murmur2Random,
        }).Build();
        producer.InitTransactions(Limit);
        producer.BeginTransaction();
        foreach (var message in messages) producer.Produce(topic, message);
        producer.Flush(Limit);
        return producer;
    }

    private static Message<byte[], byte[]> Record(string text) => new() { Key = Encoding.UTF8.GetBytes(text), Value = Encoding.UTF8.GetBytes(text) };

    private static string Text(ConsumeResult<byte[]?, byte[]?> result) => Encoding.UTF8.GetString(result.Message.Value!);
}
