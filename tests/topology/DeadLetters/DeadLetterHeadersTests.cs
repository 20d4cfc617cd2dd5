using StreamScoring.Topology.DeadLetters;
using StreamScoring.Topology.Execution;
using StreamScoring.Topology.Processing;
using StreamScoring.Topology.Serialization;
using StreamScoring.Topology.Testing;
using StreamScoring.Topology.Dsl;

namespace StreamScoring.Topology.Tests.DeadLetters;

public sealed class DeadLetterHeadersTests
{
    private static readonly ConsumedRecord Record = new(
        "articles", 3, 1_000_000_007, 1_700_000_000_123, [1], [2],
        new RecordHeaders().Add("traceparent", "00-abc").Add("empty", (byte[]?)null).Add("traceparent", "00-def"));

    [Theory]
    [InlineData(DeadLetterProfile.KafkaStreams)]
    [InlineData(DeadLetterProfile.Spring)]
    [InlineData(DeadLetterProfile.Connect)]
    public void What_a_writer_wrote_is_read_back_and_taken_off(DeadLetterProfile profile)
    {
        var letter = new DeadLetterWriter("dlq", profile).Write(
            new DeadLetter(Record, "entities", new TaskId(1, 3), ProcessingStage.Processing, new InvalidDataException("it is bad")));
        letter.Headers.Set(DeadLetterHeaders.Attempts, "2");
        var says = DeadLetterHeaders.Read(letter.Headers);

        Assert.Equal(
            ("entities", "System.IO.InvalidDataException", "it is bad", "articles", 3, 1_000_000_007L, 2),
            (says.Node, says.ExceptionType, says.Message, says.Topic, says.Partition!.Value, says.Offset!.Value, says.ReplayAttempts));
        Assert.Equal(Record.Headers, DeadLetterHeaders.Original(letter.Headers));
    }

    [Fact]
    public void Headers_of_a_stranger_are_no_error()
    {
        var says = DeadLetterHeaders.Read(new RecordHeaders()
            .Add("__streams.errors.partition", "three").Add("__streams.errors.offset", (byte[]?)null).Add(DeadLetterHeaders.Attempts, "-1"));
        Assert.Equal((null, null, 0, null), (says.Partition, says.Offset, says.ReplayAttempts, says.Node));
    }

    [Fact]
    public void A_replayed_record_that_succeeds_shows_nothing_of_it_and_one_that_fails_again_keeps_the_count()
    {
        var builder = new StreamsBuilder();
        builder.Stream("in", Consumed.With(Serdes.String, Serdes.String))
            .MapValues(value => value == "bad" ? throw new InvalidDataException("bad again") : value)
            .To("out", Produced.With(Serdes.String, Serdes.String));
        using var driver = new TopologyTestDriver(builder.Build(), new TopologyTestDriverOptions { Executors = new ExecutorOptions { DeadLetterTopic = "dlq" } });
        var input = driver.CreateInputTopic("in", Serdes.String, Serdes.String);
        foreach (var value in new[] { "good", "bad" })
        {
            input.PipeInput("k", value, new RecordHeaders().Add("mine", "1").Add(DeadLetterHeaders.Attempts, "2"));
        }

        var good = driver.CreateOutputTopic("out", Serdes.String, Serdes.String).ReadRecord();
        var bad = driver.CreateOutputTopic("dlq", Serdes.String, Serdes.String).ReadRecord();
        Assert.Equal(["mine"], good.Headers.Select(header => header.Key));
        Assert.Equal(2, DeadLetterHeaders.Read(bad.Headers).ReplayAttempts);
        Assert.Equal("bad again", DeadLetterHeaders.Read(bad.Headers).Message);
    }
}
