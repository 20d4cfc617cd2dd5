using System.CommandLine;
using Confluent.Kafka;
using StreamScoring.App.Commands;
using StreamScoring.App.Configuration;
using StreamScoring.Topology.Kafka;
using StreamScoring.Topology.Kafka.Internal;

namespace StreamScoring.App.Bench;

/// <summary>
/// What measurements compare the stream with, as a process of its own: <c>bench-worker copy</c> is a bare consume-produce
/// loop around Confluent.Kafka's clients.
/// </summary>
internal sealed class BenchWorker : CommandHandler
{
    internal const string Name = "bench-worker";

    private readonly Argument<string> _what = new("WHAT") { Description = "copy" };
    private readonly Option<string?> _bootstrap = CommonOptions.Bootstrap();
    private readonly Option<string?> _input = new("--input") { Description = "Topic to read", HelpName = "TOPIC" };
    private readonly Option<string?> _output = new("--output") { Description = "Topic to write", HelpName = "TOPIC" };
    private readonly Option<string?> _commitMs = new("--commit-ms") { Description = "Milliseconds between commits", HelpName = "MS" };

    internal BenchWorker()
    {
        Command = new Command(Name, "One side of a measurement.") { _what, _bootstrap, _input, _output, _commitMs };
        Command.Hidden = true;
    }

    internal override Command Command { get; }

    internal override IReadOnlyList<string> Examples { get; } = [];

    internal override IEnumerable<KeyValuePair<string, string?>> Overrides(ParseResult parsed) =>
        CommonOptions.Set(parsed, _bootstrap, "Kafka:BootstrapServers");

    internal override void Check(ParseResult parsed, AppOptions options, List<string> problems)
    {
        CommandChecks.Bootstrap(options, problems);
        CommandChecks.Number(parsed, _commitMs, 10_000, problems);
    }

    internal override Task<int> ExecuteAsync(CommandContext context)
    {
        var output = CommonOptions.ValueOf(context.Parsed, _output)!;
        Copy(
            new KafkaStreamOptions
            {
                BootstrapServers = context.Options.Kafka.BootstrapServers,
                GroupId = output,
                Guarantee = ProcessingGuarantee.AtLeastOnce,
                CommitInterval = TimeSpan.FromMilliseconds(CommandChecks.ValueOf<int>(context.Parsed, _commitMs) ?? 500),
            },
            CommonOptions.ValueOf(context.Parsed, _input)!, output, context.Time, context.Stopping);
        return Task.FromResult(ExitCodes.Done);
    }

    /// <summary>
    /// Consume, produce; once in a commit interval wait for the deliveries and, where none failed, store the offsets: the
    /// least that is at-least-once.
    /// </summary>
    private static void Copy(KafkaStreamOptions options, string input, string output, TimeProvider time, CancellationToken stopping)
    {
        using var consumer = new ConsumerBuilder<byte[]?, byte[]?>(ClientConfigs.Consumer(options)).Build();
        using var producer = new ProducerBuilder<byte[]?, byte[]?>(ClientConfigs.Producer(options, transactionalId: null)).Build();
        consumer.Subscribe(input);
        var last = new Dictionary<int, TopicPartitionOffset>();
        var committedAt = time.GetTimestamp();
        var sinceClock = 0;
        var failures = 0;
        Action<DeliveryReport<byte[]?, byte[]?>> delivered = report =>
        {
            if (report.Error.IsError) Interlocked.Increment(ref failures);
        };
        while (!stopping.IsCancellationRequested)
        {
            var result = consumer.Consume(TimeSpan.FromMilliseconds(50));
            if (result is not null && !result.IsPartitionEOF)
            {
                Produce(producer, output, result.Message, delivered);
                last[result.Partition.Value] = new TopicPartitionOffset(result.TopicPartition, result.Offset + 1);
                if (++sinceClock < 100) continue;
            }
            sinceClock = 0;
            if (time.GetElapsedTime(committedAt) < options.CommitInterval || last.Count == 0) continue;
            producer.Flush(stopping);
            if (Volatile.Read(ref failures) > 0) throw new CommandException($"{failures} records could not be delivered.");
            foreach (var offset in last.Values) consumer.StoreOffset(offset);
            last.Clear();
            committedAt = time.GetTimestamp();
        }
        consumer.Close();
    }

    private static void Produce(
        IProducer<byte[]?, byte[]?> producer, string topic, Message<byte[]?, byte[]?> message, Action<DeliveryReport<byte[]?, byte[]?>> delivered)
    {
        while (true)
        {
            try
            {
                producer.Produce(topic, message, delivered);
                return;
            }
            catch (ProduceException<byte[]?, byte[]?> exception) when (exception.Error.Code == ErrorCode.Local_QueueFull)
            {
                producer.Poll(TimeSpan.FromMilliseconds(10));
            }
        }
    }
}
