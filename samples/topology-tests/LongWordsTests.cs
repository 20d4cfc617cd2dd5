using System.Text;
using Confluent.Kafka;
using Microsoft.Extensions.Logging.Abstractions;
using StreamScoring.Testing.Assertions;
using StreamScoring.Testing.Brokers;
using StreamScoring.Testing.Records;
using StreamScoring.Topology.Execution;
using StreamScoring.Topology.Kafka;
using StreamScoring.Topology.Serialization;
using StreamScoring.Topology.Testing;

namespace TopologyTests;

public sealed class LongWordsTests(KafkaFixture kafka) : IClassFixture<KafkaFixture>
{
    [Fact]
    public void Long_words_come_out_in_capitals()
    {
        using var driver = new TopologyTestDriver(LongWords.Build());

        driver.CreateInputTopic("lines", Serdes.String, Serdes.String).PipeInput("k", "it rained in Oslo again");

        TopologyAssert.Holds(driver.CreateOutputTopic("words", Serdes.String, Serdes.String), ("k", "RAINED"), ("k", "AGAIN"));
        TopologyAssert.NothingFailed(driver);
    }

    [Fact]
    public void A_bad_line_goes_to_the_dead_letters_whole()
    {
        using var driver = new TopologyTestDriver(
            LongWords.Build(), new TopologyTestDriverOptions { Executors = new ExecutorOptions { DeadLetterTopic = "dead" } });

        driver.CreateInputTopic("lines", Serdes.String, Serdes.String).PipeInput("k", "splendid brok\0en words");

        Assert.True(driver.CreateOutputTopic("words", Serdes.String, Serdes.String).IsEmpty);
        TopologyAssert.Holds(driver.CreateOutputTopic("dead", Serdes.String, Serdes.String), ("k", "splendid brok\0en words"));
    }

    [Fact]
    public void Batches_make_no_difference() => TopologyAssert.IsIndependentOfBatching(
        () => LongWords.Build(),
        driver =>
        {
            var lines = driver.CreateInputTopic("lines", Serdes.String, Serdes.String);
            for (var i = 0; i < 100; i++) lines.PipeInput($"key{i % 7}", $"first{i} second{i}");
        },
        "words");

    [Theory, EachKafka]
    public async Task Each_word_comes_out_once_and_in_order(KafkaKind kind)
    {
        var stop = TestContext.Current.CancellationToken;
        var broker = await kafka.UseAsync(kind);
        var (lines, words) = (await broker.NewTopicAsync("lines", 2, stop), await broker.NewTopicAsync("words", 2, stop));
        KafkaRecords.Produce(broker, lines, Enumerable.Range(0, 50).Select(i => new Message<byte[], byte[]>
        {
            Key = Encoding.UTF8.GetBytes($"key{i}"),
            Value = Encoding.UTF8.GetBytes($"w {i:D5}"),
        }));

        using var stream = new KafkaStream(
            LongWords.Build(lines, words).CreateExecutors(),
            new KafkaStreamOptions
            {
                BootstrapServers = broker.BootstrapServers,
                GroupId = KafkaBrokerExtensions.NewName("long-words"),
                // The embedded broker keeps transactions in form only.
                Guarantee = kind == KafkaKind.Real ? ProcessingGuarantee.ExactlyOnce : ProcessingGuarantee.AtLeastOnce,
            },
            NullLoggerFactory.Instance, TimeProvider.System);
        using var done = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var running = stream.RunAsync(done.Token);
        KafkaRecords.Consume(broker, words, 50, cancellationToken: stop);
        await done.CancelAsync();
        await running;

        var records = KafkaAssert.EachOnce(broker, words, Enumerable.Range(0, 50).Select(i => $"key{i}"), stop);
        KafkaAssert.InOrderForEachKey(records, record => long.Parse(Encoding.UTF8.GetString(record.Message.Value)));
    }
}
