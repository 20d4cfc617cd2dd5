using System.CommandLine;
using StreamScoring.App.Articles;
using StreamScoring.App.Configuration;
using StreamScoring.App.Kafka;

namespace StreamScoring.App.Commands;

/// <summary><c>produce</c>: articles from JSON lines into a topic.</summary>
internal sealed class ProduceCommand : CommandHandler
{
    private static readonly string[] Formats = ["avro", "json"];

    private readonly Argument<string> _file = new("FILE") { Description = "JSON lines, .gz too; - for standard input" };
    private readonly Option<string?> _bootstrap = CommonOptions.Bootstrap();
    private readonly Option<string?> _topic = new("--topic", "-t") { Description = "Topic to write (default: where articles come in)", HelpName = "TOPIC" };
    private readonly Option<string?> _rate = new("--rate") { Description = "Articles a second (default: as fast as Kafka takes them)", HelpName = "N" };
    private readonly Option<string?> _format = new("--format") { Description = "avro (default) or json", HelpName = "avro|json" };
    private readonly Option<string?> _replyTopic = new("--reply-topic") { Description = "Ask for a reply: sets kafka_replyTopic and a correlation id on each record", HelpName = "TOPIC" };

    internal ProduceCommand()
    {
        Command = new Command("produce", "Send articles to Kafka.")
        {
            _file, _bootstrap, _topic, _rate, _format, _replyTopic,
        };
    }

    internal override Command Command { get; }

    internal override string Details =>
        "Each line is one article: {\"id\", \"title\", \"body\"}, more fields as in schemas/article.avsc, \"text\" accepted for\n"
        + "\"body\"; one without an id gets one from its content. The id is the record's key. Every record is waited for until\n"
        + "all replicas have it. A bad line is named on standard error, the others go on, and the exit code is 1.";

    internal override IReadOnlyList<string> Examples { get; } =
    [
        "./run produce --bootstrap localhost:9092 samples/articles.jsonl",
        "./run produce --bootstrap localhost:9092 --rate 50 --format json articles.jsonl.gz",
        "echo '{\"title\":\"Rain\",\"body\":\"It rained in Oslo.\"}' | ./run produce --bootstrap localhost:9092 -",
    ];

    internal override IEnumerable<KeyValuePair<string, string?>> Overrides(ParseResult parsed) =>
        CommonOptions.Set(parsed, _bootstrap, "Kafka:BootstrapServers");

    internal override void Check(ParseResult parsed, AppOptions options, List<string> problems)
    {
        CommandChecks.Bootstrap(options, problems);
        CommandChecks.Topic(parsed, _topic, problems);
        CommandChecks.Topic(parsed, _replyTopic, problems);
        CommandChecks.Number(parsed, _rate, 1_000_000.0, problems);
        CommandChecks.OneOf(parsed, _format, Formats, problems);
    }

    internal override async Task<int> ExecuteAsync(CommandContext context)
    {
        var (parsed, options) = (context.Parsed, context.Options);
        var logger = context.Logs.CreateLogger("StreamScoring.Produce");
        var clients = context.ConnectKafka();
        var file = parsed.GetValue(_file)!;
        var (stream, lengthBytes) = ArticleInput.Open(file);
        using var lines = new LineReader(stream);

        var topic = CommonOptions.ValueOf(parsed, _topic) ?? TopicGraph.FirstTopics(options.Nodes)[0];
        var replyTopic = CommonOptions.ValueOf(parsed, _replyTopic);
        string[] needed = replyTopic is null ? [topic] : [topic, replyTopic];
        var findings = await TopicCheck.RequireAsync(clients, needed, logger, context.Time, context.Stopping);

        var writesJson = string.Equals(CommonOptions.ValueOf(parsed, _format), "json", StringComparison.OrdinalIgnoreCase);
        using var serdes = new ArticleSerdes(writesJson ? null : options.SchemaRegistry, options.Codec, context.Time);
        await serdes.PrepareAsync([topic], TopicCheck.Patience, logger, context.Stopping);

        ArticleSender? sender = null;
        using var progress = new ProgressLine(context, lengthBytes, lines, () => $"{sender?.Delivered ?? 0:N0} delivered to {topic}");
        using var sending = sender = new ArticleSender(clients, new ArticleSenderOptions
        {
            Topic = topic,
            WritesJson = writesJson,
            Serde = serdes.WriterOf(topic),
            ReplyTopic = replyTopic,
            PerSecond = CommandChecks.ValueOf<double>(parsed, _rate),
        }, progress.Report, context.Time);
        var interrupted = false;
        try
        {
            do
            {
                while (lines.TryRead(out var line)) await sender.SendAsync(line, context.Stopping);
            }
            while (await lines.FillAsync(context.Stopping));
            while (lines.TryRead(out var line)) await sender.SendAsync(line, context.Stopping);
        }
        catch (OperationCanceledException)
        {
            interrupted = true;
        }

        // Interrupted or not: what was handed to Kafka is waited for, so that the count is right.
        await sender.FlushAsync(interrupted ? TimeSpan.FromSeconds(4) : Timeout.InfiniteTimeSpan);
        progress.End();
        await context.Error.WriteLineAsync($"{sender.Delivered:N0} delivered, {sender.Rejected:N0} lines rejected, {sender.Failed:N0} not delivered.");
        sender.ThrowIfRefused();
        if (interrupted) return ExitCodes.Interrupted;
        return sender.Rejected + sender.Failed > 0 ? ExitCodes.Failed : ExitCodes.Done;
    }
}
