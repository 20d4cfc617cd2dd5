using System.Buffers;
using StreamScoring.Topology.Dsl;
using StreamScoring.Topology.Execution;
using StreamScoring.Topology.Handlers;
using StreamScoring.Topology.Serialization;
using StreamScoring.Topology.Testing;
using static StreamScoring.Topology.Tests.TestTopologies;

namespace StreamScoring.Topology.Tests.Handlers;

public sealed class ExceptionHandlerTests
{
    [Fact]
    public void Continue_drops_the_record_and_counts_it()
    {
        using var driver = DriveWith(new ExecutorOptions { ProcessingExceptionHandler = FixedResponseHandler.Continue });
        driver.Input().PipeValueList(["1", "x", "2"]);
        Assert.Equal(["1", "2"], driver.Output().ReadValueList());
        Assert.Equal((1, 0), (driver.Skipped, driver.DeadLetters));
    }

    [Fact]
    public void Fail_stops_the_stream_even_with_a_dead_letter_topic()
    {
        using var driver = DriveWith(new ExecutorOptions
        {
            DeadLetterTopic = "dlq",
            ProcessingExceptionHandler = FixedResponseHandler.Fail,
        });
        Assert.Equal("parse", Assert.Throws<StreamProcessingException>(() => driver.Input().PipeInput("k", "x")).Node);
    }

    [Fact]
    public void Dead_letter_without_a_topic_says_what_is_missing()
    {
        using var driver = DriveWith(new ExecutorOptions { ProcessingExceptionHandler = FixedResponseHandler.DeadLetter });
        Assert.Contains(
            "no dead-letter topic is configured", Assert.Throws<StreamProcessingException>(() => driver.Input().PipeInput("k", "x")).Message);
    }

    [Fact]
    public void A_processing_handler_learns_node_task_record_and_error()
    {
        var handler = new Handler();
        using var driver = DriveWith(new ExecutorOptions { DeadLetterTopic = "dlq", ProcessingExceptionHandler = handler }, partitions: 4);
        driver.Input().PipeInput("k", "x", new RecordHeaders(), partition: 2);
        driver.Input().PipeInput("k", "y", new RecordHeaders(), partition: 2);
        Assert.Equal(["processing parse 0_2 in-2@0 FormatException", "processing parse 0_2 in-2@1 FormatException"], handler.Seen);
        Assert.Equal(["y"], driver.Output("dlq").ReadValueList());
        Assert.Equal(1, driver.Skipped);
    }

    [Fact]
    public void A_deserialization_handler_decides_about_what_cannot_be_read()
    {
        var handler = new Handler();
        using var driver = DriveWith(new ExecutorOptions { DeadLetterTopic = "dlq", DeserializationExceptionHandler = handler });
        driver.CreateInputTopic("in", Serdes.ByteArray, Serdes.ByteArray).PipeInput([1], [0xFF]);
        Assert.Equal(["deserialization KSTREAM-SOURCE-0000000000 0_0 in-0@0 DecoderFallbackException"], handler.Seen);
        Assert.Equal(1, driver.Skipped);
    }

    [Fact]
    public void A_production_handler_decides_about_what_cannot_be_written()
    {
        var handler = new Handler();
        var builder = new StreamsBuilder();
        builder.Stream("in", Text).To("out", Produced.With(Serdes.String, new NoSerde()).WithName("sink"));
        using var driver = new TopologyTestDriver(builder.Build(), new TopologyTestDriverOptions
        {
            Executors = new ExecutorOptions { DeadLetterTopic = "dlq", ProductionExceptionHandler = handler },
        });
        driver.Input().PipeInput("k", "x");
        Assert.Equal(["serialization sink 0_0 in-0@0 NotSupportedException to out"], handler.Seen);
        Assert.Equal(["x"], driver.Output("dlq").ReadValueList());
    }

    [Fact]
    public void A_production_handler_decides_about_what_the_broker_refuses()
    {
        var record = new ConsumedRecord("in", 3, 9, 0, null, null, new RecordHeaders());
        var output = new ProducedRecord("out", null, 0, null, null, new RecordHeaders());
        var handler = new Handler();
        using var executor = Build(s => s.To("out", TextOut)).CreateExecutors(new ExecutorOptions { ProductionExceptionHandler = handler })[0];
        Assert.Equal(ProductionResponse.Retry, executor.DecideProduction(record, output, new IOException("no")));
        Assert.Equal(["production KSTREAM-SOURCE-0000000000 0_3 in-3@9 IOException to out"], handler.Seen);

        using var letters = Build(s => s.To("out", TextOut)).CreateExecutors(new ExecutorOptions { DeadLetterTopic = "dlq" })[0];
        Assert.Equal(ProductionResponse.DeadLetter, letters.DecideProduction(record, output, new IOException("no")));
        using var none = Build(s => s.To("out", TextOut)).CreateExecutors()[0];
        Assert.Equal(ProductionResponse.Fail, none.DecideProduction(record, output, new IOException("no")));
    }

    [Fact]
    public void A_handler_that_throws_stops_the_stream_with_both_errors()
    {
        using var driver = DriveWith(new ExecutorOptions { DeadLetterTopic = "dlq", ProcessingExceptionHandler = new Handler { Throws = true } });
        var exception = Assert.Throws<StreamProcessingException>(() => driver.Input().PipeInput("k", "x"));
        Assert.Contains("its exception handler threw: handler down", exception.Message);
        Assert.Equal(2, Assert.IsType<AggregateException>(exception.InnerException).InnerExceptions.Count);
    }

    private static TopologyTestDriver DriveWith(ExecutorOptions options, int partitions = 1) => Drive(
        s => s.MapValues(v => $"{int.Parse(v)}", "parse").To("out", TextOut),
        new TopologyTestDriverOptions { Executors = options, Partitions = partitions });

    private sealed class Handler : IProcessingExceptionHandler, IDeserializationExceptionHandler, IProductionExceptionHandler
    {
        public List<string> Seen { get; } = [];

        public bool Throws { get; init; }

        public ErrorResponse Handle(ErrorContext context, Exception exception)
        {
            Note("processing", context, exception);
            if (Throws) throw new InvalidOperationException("handler down");
            return context.Record!.Offset == 0 ? ErrorResponse.Continue : ErrorResponse.DeadLetter;
        }

        public ErrorResponse Handle(ErrorContext context, ConsumedRecord record, Exception exception)
        {
            Assert.Same(context.Record, record);
            Note("deserialization", context, exception);
            return ErrorResponse.Continue;
        }

        public ProductionResponse Handle(ErrorContext context, ProducedRecord record, Exception exception)
        {
            Note("production", context, exception, $" to {record.Topic}");
            return ProductionResponse.Retry;
        }

        public ProductionResponse HandleSerialization(ErrorContext context, string topic, Exception exception)
        {
            Note("serialization", context, exception, $" to {topic}");
            return ProductionResponse.DeadLetter;
        }

        private void Note(string what, ErrorContext context, Exception exception, string more = "") => Seen.Add(
            $"{what} {context.Node} {context.TaskId} {context.Record!.Topic}-{context.Record.Partition}@{context.Record.Offset} {exception.GetType().Name}{more}");
    }

    private sealed class NoSerde : ISerde<string>
    {
        public void Serialize(string value, IBufferWriter<byte> destination, in SerdeContext context) => throw new NotSupportedException();

        public string Deserialize(ReadOnlySpan<byte> data, in SerdeContext context) => throw new NotSupportedException();
    }
}
