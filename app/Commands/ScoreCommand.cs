using System.CommandLine;
using StreamScoring.App.Articles;
using StreamScoring.App.Configuration;
using StreamScoring.App.Hosting;

namespace StreamScoring.App.Commands;

/// <summary><c>score</c>: the nodes over a file or a pipe, without Kafka.</summary>
internal sealed class ScoreCommand : CommandHandler
{
    private static readonly string[] Formats = ["json", "xml"];

    private readonly Argument<string> _file = new("FILE") { Description = "JSON lines, .gz too; - for standard input" };
    private readonly Option<string?> _format = new("--format") { Description = "json (default) or xml, one article a line", HelpName = "json|xml" };
    private readonly Option<string?> _nodes = CommonOptions.Nodes();
    private readonly Option<string?> _models = CommonOptions.Models();

    internal ScoreCommand()
    {
        Command = new Command("score", "Score articles without Kafka.")
        {
            _file, _format, _nodes, _models,
        };
    }

    internal override Command Command { get; }

    internal override string Details =>
        "One line out for each good line in, in the same order, in constant memory, on all cores. A line that cannot be scored\n"
        + "is named on standard error, the others go on, and the exit code is 1. Input as for produce.";

    internal override IReadOnlyList<string> Examples { get; } =
    [
        "./run score samples/articles.jsonl > enriched.jsonl",
        "cat articles.jsonl | ./run score - --nodes topic,entities | jq -c '[.id, .topic.label]'",
        "./run score articles.jsonl.gz --format xml --models my-models",
    ];

    internal override IEnumerable<KeyValuePair<string, string?>> Overrides(ParseResult parsed) =>
        CommonOptions.Set(parsed, _models, "Models:Root");

    internal override void Check(ParseResult parsed, AppOptions options, List<string> problems)
    {
        CommandChecks.Nodes(parsed, _nodes, options, problems);
        CommandChecks.OneOf(parsed, _format, Formats, problems);
    }

    internal override async Task<int> ExecuteAsync(CommandContext context)
    {
        var (stream, lengthBytes) = ArticleInput.Open(context.Parsed.GetValue(_file)!);
        using var lines = new LineReader(stream);
        var nodes = CommandChecks.Nodes(context.Parsed, _nodes, context.Options, []);
        using var chain = TopologyFactory.BuildChain(context.Options, nodes, context.Time);
        using var output = new LineWriter(StandardOutput.Open());
        var asXml = string.Equals(CommonOptions.ValueOf(context.Parsed, _format), "xml", StringComparison.OrdinalIgnoreCase);
        ScorePipeline? pipeline = null;
        using var progress = new ProgressLine(context, lengthBytes, lines, () => $"{pipeline?.Scored ?? 0:N0} scored");
        pipeline = new ScorePipeline(lines, chain, output, progress.Report, ArticleLines.Writer(asXml), Environment.ProcessorCount);
        try
        {
            await pipeline.RunAsync(context.Stopping);
        }
        finally
        {
            output.Flush();
            progress.End();
        }
        if (pipeline.Failed > 0)
        {
            await context.Error.WriteLineAsync($"{pipeline.Scored:N0} articles scored, {pipeline.Failed:N0} lines could not be.");
        }
        return pipeline.Failed > 0 ? ExitCodes.Failed : ExitCodes.Done;
    }
}
