using System.CommandLine;
using Confluent.Kafka;
using StreamScoring.App.Articles;
using StreamScoring.App.Configuration;
using StreamScoring.App.Kafka;
using StreamScoring.Schemas;

namespace StreamScoring.App.Commands;

/// <summary><c>consume</c>: committed records of a topic as JSON lines.</summary>
internal sealed class ConsumeCommand : CommandHandler
{
    private static readonly TimeSpan RegistryPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan RegistryReminder = TimeSpan.FromSeconds(30);

    private readonly Option<string?> _bootstrap = CommonOptions.Bootstrap();
    private readonly Option<string?> _from = CommonOptions.From();
    private readonly Option<string?> _topic = new("--topic", "-t") { Description = "Topic to read (default: where enriched articles come out)", HelpName = "TOPIC" };
    private readonly Option<string?> _count = new("--count", "-n") { Description = "Stop after this many records; fewer are a failure", HelpName = "N" };
    private readonly Option<string?> _timeout = new("--timeout") { Description = "Stop when nothing came for this many seconds (default: never)", HelpName = "SECONDS" };
    private readonly Option<bool> _withHeaders = new("--headers") { Description = "Wrap each line: {topic, partition, offset, timestamp, key, headers, value}" };

    internal ConsumeCommand()
    {
        Command = new Command("consume", "Print enriched articles, one JSON object a line.")
        {
            _bootstrap, _topic, _count, _timeout, _from, _withHeaders,
        };
    }

    internal override Command Command { get; }

    internal override string Details =>
        "Reads committed records only, belongs to no consumer group and commits nothing. With --count, fewer records within\n"
        + "the --timeout are a failure (exit code 1), and so is a record that is no article; it is named on standard error.";

    internal override IReadOnlyList<string> Examples { get; } =
    [
        "./run consume --bootstrap localhost:9092 --count 10",
        "./run consume --bootstrap localhost:9092 --from latest | jq -r '.topic.label + \": \" + .title'",
        "./run consume --bootstrap localhost:9092 --topic articles.dlq --headers --timeout 5",
    ];

    internal override IEnumerable<KeyValuePair<string, string?>> Overrides(ParseResult parsed) =>
        [.. CommonOptions.Set(parsed, _bootstrap, "Kafka:BootstrapServers"), .. CommonOptions.Set(parsed, _from, "Kafka:From")];

    internal override void Check(ParseResult parsed, AppOptions options, List<string> problems)
    {
        CommandChecks.Bootstrap(options, problems);
        CommandChecks.Topic(parsed, _topic, problems);
        CommandChecks.Number(parsed, _count, long.MaxValue - 1, problems);
        CommandChecks.Number(parsed, _timeout, 86_400.0, problems);
    }

    internal override async Task<int> ExecuteAsync(CommandContext context)
    {
        var options = context.Options;
        var logger = context.Logs.CreateLogger("StreamScoring.Consume");
        var clients = context.ConnectKafka();
        var topic = CommonOptions.ValueOf(context.Parsed, _topic) ?? TopicGraph.FinalTopics(options.Nodes)[0];
        var findings = await TopicCheck.RequireAsync(clients, [topic], logger, context.Time, context.Stopping);

        using var consumer = clients.Consumer("consume", PartitionAssigner.Config(options.Kafka.FromEarliest)).Build();
        using var clock = clients.WatchClock(consumer);
        try
        {
            PartitionAssigner.Assign(consumer, [new(topic, findings.Partitions[topic])], options.Kafka.FromEarliest);
        }
        catch (KafkaException exception)
        {
            throw new CommandException($"{topic} cannot be read: {exception.Error.Reason}", exception);
        }
        using var serdes = new ArticleSerdes(options.SchemaRegistry, options.Codec, context.Time);
        // Polling blocks, so it has a thread of the pool to itself.
        return await Task.Run(() => Print(consumer, serdes.Reader, context), CancellationToken.None);
    }

    private int Print(IConsumer<byte[]?, byte[]?> consumer, ArticleSerde serde, CommandContext context)
    {
        var count = CommandChecks.ValueOf<long>(context.Parsed, _count) ?? long.MaxValue;
        var idle = CommandChecks.ValueOf<double>(context.Parsed, _timeout) is { } seconds ? TimeSpan.FromSeconds(seconds) : (TimeSpan?)null;
        using var output = new LineWriter(StandardOutput.Open());
        var withHeaders = context.Parsed.GetValue(_withHeaders);
        long printed = 0, unreadable = 0;
        var lastAt = context.Time.GetTimestamp();
        while (printed + unreadable < count)
        {
            if (context.Stopping.IsCancellationRequested)
            {
                output.Flush();
                return ExitCodes.Interrupted;
            }
            var result = TopicReader.Poll(consumer, output.HasPending ? TimeSpan.Zero : TimeSpan.FromMilliseconds(50));
            if (result is null || result.IsPartitionEOF)
            {
                // Nothing more at hand: what was printed goes out now.
                if (!output.Flush()) return ExitCodes.Done;
                if (idle is { } limit && context.Time.GetElapsedTime(lastAt) >= limit) break;
                continue;
            }

            if (Decode(result, serde, output, idle, context) is not { } decoded) continue;
            var (article, error) = decoded;
            lastAt = context.Time.GetTimestamp();
            if (withHeaders || article is not null)
            {
                if (withHeaders) RecordCodec.WriteEnvelope(result, article, serde, output);
                else serde.Encode(article!, ArticleFormat.Json, output);
                printed++;
                if (!output.EndLine()) return ExitCodes.Done;
            }
            else
            {
                unreadable++;
                context.Error.WriteLine($"{result.Topic}-{result.Partition.Value}@{result.Offset.Value}: {error}");
            }
        }

        output.Flush();
        if (printed + unreadable < count && count != long.MaxValue)
        {
            context.Error.WriteLine($"streamscoring: {printed + unreadable:N0} of {count:N0} records came within the timeout.");
            return ExitCodes.Failed;
        }
        return unreadable > 0 ? ExitCodes.Failed : ExitCodes.Done;
    }

    /// <summary>Reads a record's article; waits for a schema registry that is down, no longer than for a record.</summary>
    /// <returns>Null where the user asked to stop.</returns>
    private static (Article? Article, string? Error)? Decode(
        ConsumeResult<byte[]?, byte[]?> result, ArticleSerde serde, LineWriter output, TimeSpan? limit, CommandContext context)
    {
        var startedAt = context.Time.GetTimestamp();
        long? toldAt = null;
        while (!context.Stopping.IsCancellationRequested)
        {
            try
            {
                return RecordCodec.Decode(serde, result.Message.Value, result.Message.Headers);
            }
            catch (CodecException exception)
            {
                var place = $"{result.Topic}-{result.Partition.Value}@{result.Offset.Value}";
                if (context.Time.GetElapsedTime(startedAt) >= limit) throw new CommandException($"{place}: {exception.Message}", exception);
                output.Flush();
                if (toldAt is null || context.Time.GetElapsedTime(toldAt.Value) >= RegistryReminder)
                {
                    context.Error.WriteLine($"{place} waits: {exception.Message}");
                    toldAt = context.Time.GetTimestamp();
                }
                context.Stopping.WaitHandle.WaitOne(RegistryPause);
            }
        }
        return null;
    }
}
