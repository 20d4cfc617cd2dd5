using System.CommandLine;
using System.Text;
using StreamScoring.App.Articles;
using StreamScoring.App.Configuration;
using StreamScoring.App.Replay;

namespace StreamScoring.App.Commands;

/// <summary><c>replay diff</c>: two runs compared, within tolerances.</summary>
internal sealed class ReplayDiffCommand : CommandHandler
{
    private static readonly string[] Formats = ["text", "json"];

    private readonly Argument<string> _a = new("A") { Description = "Folder of the first run" };
    private readonly Argument<string> _b = new("B") { Description = "Folder of the second run" };
    private readonly Option<string[]> _tolerances = new("--tolerance") { Description = "A bound: NAME=NUMBER or NAME=none; may be given several times", HelpName = "NAME=N", AllowMultipleArgumentsPerToken = true };
    private readonly Option<string?> _format = new("--format") { Description = "text (default) or json", HelpName = "text|json" };
    private readonly Option<string?> _html = new("--html") { Description = "Also write a report that a browser opens by itself", HelpName = "FILE" };

    internal ReplayDiffCommand() => Command = new Command("diff", "Compare two runs; exit code 1 where a tolerance is broken.")
    {
        _a, _b, _tolerances, _format, _html,
    };

    internal override Command Command { get; }

    internal override string Details =>
        "Joins both runs by topic, partition and offset. Tolerances, with their defaults:\n"
        + string.Join('\n', Tolerances.Defaults.Select(static tolerance => $"  {tolerance.Name,-22} {DiffText.Bound(tolerance),-14} {tolerance.Meaning}"));

    internal override IReadOnlyList<string> Examples { get; } =
    [
        "./run replay diff before after",
        "./run replay diff before after --html report.html --tolerance topic.flips=0.02 entities.f1=0.95 summary.rouge_l=0.9",
    ];

    internal override void Check(ParseResult parsed, AppOptions options, List<string> problems)
    {
        CommandChecks.OneOf(parsed, _format, Formats, problems);
        Tolerances.With(parsed.GetValue(_tolerances) ?? [], problems);
    }

    internal override async Task<int> ExecuteAsync(CommandContext context)
    {
        var parsed = context.Parsed;
        var tolerances = Tolerances.With(parsed.GetValue(_tolerances) ?? [], []);
        var report = await Task.Run(
            () =>
            {
                var a = CaptureFolder.Open(parsed.GetValue(_a)!, CaptureManifest.RunKind, context.Stopping);
                var b = CaptureFolder.Open(parsed.GetValue(_b)!, CaptureManifest.RunKind, context.Stopping);
                return RunDiff.Compare(a, b, tolerances, context.Stopping);
            }, CancellationToken.None);
        foreach (var (folder, manifest) in new[] { (report.FolderA, report.A), (report.FolderB, report.B) })
        {
            if (!manifest.Complete) await context.Error.WriteLineAsync($"{folder} was interrupted: it is not the whole run.");
        }
        if (report.A.CaptureSha256 != report.B.CaptureSha256) await context.Error.WriteLineAsync("The runs are of different captures; records are matched by their offsets.");
        if (CommonOptions.ValueOf(parsed, _html) is { } html) WriteHtml(report, html);

        using var output = new LineWriter(StandardOutput.Open());
        var asJson = string.Equals(CommonOptions.ValueOf(parsed, _format), "json", StringComparison.OrdinalIgnoreCase);
        if (asJson) DiffJson.Write(report, output);
        else Encoding.UTF8.GetBytes(DiffText.Write(report).TrimEnd().AsSpan(), output);
        output.EndLine();
        return report.IsKept ? ExitCodes.Done : ExitCodes.Failed;
    }

    private static void WriteHtml(DiffReport report, string path)
    {
        try
        {
            File.WriteAllText(path, DiffHtml.Write(report));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new CommandException($"{path} cannot be written: {exception.Message}", exception);
        }
    }
}
