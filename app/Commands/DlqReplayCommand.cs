using System.CommandLine;
using System.Globalization;
using StreamScoring.App.Configuration;
using StreamScoring.App.DeadLetters;
using StreamScoring.App.Kafka;
using StreamScoring.App.View;

namespace StreamScoring.App.Commands;

/// <summary><c>dlq replay</c>: dead letters through the node that failed, once more.</summary>
internal sealed class DlqReplayCommand : CommandHandler
{
    private const int DefaultAttempts = 3;
    private const int MostAttempts = 1_000;
    private const int ReasonsShown = 10;

    private readonly DlqOptions _letters = new();
    private readonly Argument<string[]> _positions = new("PARTITION:OFFSET") { Description = "These letters alone, as `dlq list` shows them", Arity = ArgumentArity.ZeroOrMore };
    private readonly Option<bool> _all = new("--all") { Description = "Every open letter; without it, give a filter or positions" };
    private readonly Option<string?> _to = new("--to") { Description = "Topic to send them to (default: the one the failed node reads)", HelpName = "TOPIC" };
    private readonly Option<string?> _attempts = new("--max-attempts") { Description = "Leave out what was replayed this often already (default 3)", HelpName = "N" };
    private readonly Option<bool> _dryRun = new("--dry-run") { Description = "Say what would be sent where, and send nothing" };
    private readonly Option<bool> _yes = new("--yes", "-y") { Description = "Do not ask" };

    internal DlqReplayCommand()
    {
        Command = new Command("replay", "Send dead letters to the node that failed, with what earlier nodes already found out.") { _positions };
        _letters.AddTo(Command);
        foreach (var option in (Option[])[_all, _to, _attempts, _dryRun, _yes]) Command.Options.Add(option);
    }

    internal override Command Command { get; }

    internal override string Details =>
        "A letter goes back as it came: key, value, the client's headers, time and partition; only what asks for a reply or\n"
        + "sets a deadline is taken off, since that answer was given. What succeeds comes out as if nothing had happened; what\n"
        + "fails again is a new letter that counts one replay more, up to --max-attempts. Letters that come in meanwhile wait\n"
        + "for the next replay. Sending and noting what was sent (topic NAME.replayed) are one Kafka transaction: stopped or\n"
        + "killed at any point, start it again and no letter is sent twice or left out.";

    internal override IReadOnlyList<string> Examples { get; } =
    [
        "./run dlq replay 0:17 --bootstrap localhost:9092",
        "./run dlq replay --node entities --reason timeout --bootstrap localhost:9092 --dry-run",
        "./run dlq replay --all --yes --bootstrap localhost:9092",
    ];

    internal override IEnumerable<KeyValuePair<string, string?>> Overrides(ParseResult parsed) => _letters.Overrides(parsed);

    internal override void Check(ParseResult parsed, AppOptions options, List<string> problems)
    {
        _letters.Check(parsed, options, problems);
        CommandChecks.Topic(parsed, _to, problems);
        CommandChecks.Number(parsed, _attempts, MostAttempts, problems);
        var positions = parsed.GetValue(_positions) ?? [];
        DlqOptions.Positions(positions, problems);
        if (positions.Length == 0 && !parsed.GetValue(_all) && !_letters.HasFilter(parsed))
        {
            problems.Add("Which ones? Give PARTITION:OFFSET, a filter (--node, --reason, --key, --since, --until), or --all.");
        }
    }

    internal override async Task<int> ExecuteAsync(CommandContext context)
    {
        var clients = context.ConnectKafka();
        using var letters = await LetterTopic.OpenAsync(context, clients);
        var selection = new LetterSelection(
            letters,
            _letters.FilterOf(context.Parsed, context.Time, DlqOptions.Positions(context.Parsed.GetValue(_positions) ?? [], [])),
            new ReplayTarget(context.Options, CommonOptions.ValueOf(context.Parsed, _to), letters.Topics),
            CommandChecks.ValueOf<int>(context.Parsed, _attempts) ?? DefaultAttempts);
        if (context.Parsed.GetValue(_dryRun) || !context.Parsed.GetValue(_yes))
        {
            var preview = await Task.Run(() => Preview(selection, context), CancellationToken.None);
            if (context.Parsed.GetValue(_dryRun)) return preview.Problems > 0 ? ExitCodes.Failed : ExitCodes.Done;
            if (preview.Selected > 1 && !Confirmed(preview.Selected, context)) return ExitCodes.Done;
        }

        using var replay = await LetterReplay.StartAsync(clients, letters, selection.Target, context.Options.Kafka.GroupId);
        return await Task.Run(() => Replay(replay, selection, context), CancellationToken.None);
    }

    private static int Replay(LetterReplay replay, LetterSelection selection, CommandContext context)
    {
        var interrupted = false;
        try
        {
            foreach (var (letter, topic) in selection.Choose(context.Stopping)) replay.Add(letter, topic);
            replay.Commit();
        }
        catch (OperationCanceledException) when (context.Stopping.IsCancellationRequested)
        {
            interrupted = true;
        }
        context.Error.WriteLine($"{replay.Replayed:N0} dead letters replayed{(interrupted ? ", the rest waits: start it again" : "")}.");
        Explain(selection, context);
        if (interrupted) return ExitCodes.Interrupted;
        return selection.Homeless.Total > 0 ? ExitCodes.Failed : ExitCodes.Done;
    }

    private (long Selected, long Problems) Preview(LetterSelection selection, CommandContext context)
    {
        var counts = new Dictionary<(string Topic, string Node), long>();
        foreach (var (letter, topic) in selection.Choose(context.Stopping))
        {
            var key = (topic, TextCleaner.Line(letter.Says.Node ?? "-"));
            counts[key] = counts.GetValueOrDefault(key) + 1;
        }
        foreach (var ((topic, node), count) in counts.OrderBy(static entry => entry.Key))
        {
            context.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{count,10:N0}  {node} -> {topic}"));
        }
        var selected = counts.Values.Sum();
        if (context.Parsed.GetValue(_dryRun))
        {
            context.Error.WriteLine($"{selected:N0} dead letters would be replayed; nothing was sent.");
            Explain(selection, context);
        }
        return (selected, selection.Homeless.Total);
    }

    private static void Explain(LetterSelection selection, CommandContext context)
    {
        if (selection.Exhausted > 0)
        {
            context.Error.WriteLine($"{selection.Exhausted:N0} left out: replayed {selection.MaxAttempts} times already (--max-attempts).");
        }
        if (selection.ReplayedBefore > 0) context.Error.WriteLine($"{selection.ReplayedBefore:N0} left out: they were replayed before.");
        foreach (var (problem, count) in selection.Homeless.Largest.Take(ReasonsShown))
        {
            context.Error.WriteLine($"streamscoring: {count:N0} cannot be replayed: {problem}.");
        }
    }

    private static bool Confirmed(long count, CommandContext context)
    {
        if (Console.IsInputRedirected)
        {
            throw new UsageException([$"{count:N0} dead letters would be replayed and nobody is there to confirm it: give --yes, or look first with --dry-run."]);
        }
        context.Error.Write($"Replay {count:N0} dead letters? [y/N] ");
        context.Error.Flush();
        var answer = Console.ReadLine()?.Trim();
        if (answer is "y" or "Y" or "yes") return true;
        context.Error.WriteLine("Nothing was sent.");
        return false;
    }
}
