using System.CommandLine;
using Microsoft.Extensions.Logging;
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
    private readonly Option<string?> _out = new("--out", "-o") { Description = "Write to this file instead of standard output, so that it can be resumed", HelpName = "FILE" };
    private readonly Option<bool> _resume = new("--resume") { Description = "Go on with an --out that was interrupted or killed" };

    internal ScoreCommand()
    {
        Command = new Command("score", "Score articles without Kafka.")
        {
            _file, _format, _nodes, _models, _out, _resume,
        };
    }

    internal override Command Command { get; }

    internal override string Details =>
        "One line out for each good line in, in the same order, in constant memory, on all cores. A line that cannot be scored\n"
        + "is named on standard error, the others go on, and the exit code is 1. Input as for produce.\n"
        + "With --out, FILE.resume beside the output says every second how far it is. --resume checks that input, nodes and\n"
        + "models are the same, cuts off what came after, and goes on there; a finished one stays as it is.";

    internal override IReadOnlyList<string> Examples { get; } =
    [
        "./run score samples/articles.jsonl > enriched.jsonl",
        "cat articles.jsonl | ./run score - --nodes topic,entities | jq -c '[.id, .topic.label]'",
        "./run score articles.jsonl.gz --format xml --models my-models",
        "until ./run score huge.jsonl --out enriched.jsonl --resume; do sleep 1; done",
    ];

    internal override IEnumerable<KeyValuePair<string, string?>> Overrides(ParseResult parsed) =>
        CommonOptions.Set(parsed, _models, "Models:Root");

    internal override void Check(ParseResult parsed, AppOptions options, List<string> problems)
    {
        CommandChecks.Nodes(parsed, _nodes, options, problems);
        CommandChecks.OneOf(parsed, _format, Formats, problems);
        if (parsed.GetValue(_resume) && CommonOptions.ValueOf(parsed, _out) is null) problems.Add("--resume needs --out FILE: what went to standard output is gone.");
    }

    internal override async Task<int> ExecuteAsync(CommandContext context)
    {
        var (stream, lengthBytes) = ArticleInput.Open(context.Parsed.GetValue(_file)!);
        var outPath = CommonOptions.ValueOf(context.Parsed, _out);
        using var lines = new LineReader(stream, hashes: outPath is not null);
        var nodes = CommandChecks.Nodes(context.Parsed, _nodes, context.Options, []);
        var asXml = string.Equals(CommonOptions.ValueOf(context.Parsed, _format), "xml", StringComparison.OrdinalIgnoreCase);
        using var journal = outPath is null ? null : ScoreJournal.Open(
            outPath, context.Parsed.GetValue(_resume), ScoreSettings.Of(context.Options, nodes, asXml), context.Time);
        if (journal?.State is { Done: true } finished)
        {
            await context.Error.WriteLineAsync($"{outPath} is finished: {finished.Scored:N0} articles.");
            return finished.Failed > 0 ? ExitCodes.Failed : ExitCodes.Done;
        }
        if (journal is not null) await journal.SkipAnsweredAsync(lines, context.Stopping);

        using var chain = TopologyFactory.BuildChain(context.Options, nodes, context.Logs.CreateLogger("StreamScoring.Score"), context.Time);
        using var output = new LineWriter(journal?.Output ?? StandardOutput.Open());
        var (scoredBefore, failedBefore) = (journal?.State.Scored ?? 0, journal?.State.Failed ?? 0);
        ScorePipeline? pipeline = null;
        var isSaving = false;
        using var progress = new ProgressLine(context, lengthBytes, lines, () => $"{scoredBefore + (pipeline?.Scored ?? 0):N0} scored");
        var place = journal is null ? null : lines.Place();
        pipeline = new ScorePipeline(
            lines, chain, output, progress.Report, ArticleLines.Writer(asXml, context.Options.Codec.FieldNaming), Environment.ProcessorCount,
            journal is null ? null : Written);
        try
        {
            await pipeline.RunAsync(context.Stopping);
            if (journal is not null) Save(lines.Place(), done: true);
        }
        catch (IOException exception) when (journal is not null && (output.HasFailed || isSaving))
        {
            // What the last save speaks of is whole on disk.
            throw new CommandException($"{outPath} cannot be written: {exception.Message.TrimEnd('.')}. What is answered is kept: go on with --resume.", exception);
        }
        catch when (journal is not null)
        {
            Save(place!, done: false);
            throw;
        }
        finally
        {
            output.Flush();
            progress.End();
        }
        var (scored, failed) = (scoredBefore + pipeline.Scored, failedBefore + pipeline.Failed);
        if (failed > 0) await context.Error.WriteLineAsync($"{scored:N0} articles scored, {failed:N0} lines could not be.");
        return failed > 0 ? ExitCodes.Failed : ExitCodes.Done;

        void Written(InputPlace answered)
        {
            place = answered;
            if (journal!.IsDue) Save(answered, done: false);
        }

        void Save(InputPlace answered, bool done)
        {
            isSaving = true;
            output.Flush();
            journal!.Save(answered, scoredBefore + pipeline!.Scored, failedBefore + pipeline.Failed, done);
            isSaving = false;
        }
    }
}
