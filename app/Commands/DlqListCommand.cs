using System.CommandLine;
using System.Globalization;
using System.Text;
using StreamScoring.App.Articles;
using StreamScoring.App.Configuration;
using StreamScoring.App.DeadLetters;
using StreamScoring.App.Kafka;
using StreamScoring.App.View;

namespace StreamScoring.App.Commands;

/// <summary><c>dlq list</c>: which records could not be processed, and why.</summary>
internal sealed class DlqListCommand : CommandHandler
{
    private const int DefaultRows = 50;
    private const int MaxRows = 100_000;
    private const int ReasonsShown = 20;
    private static readonly string[] States = ["open", "replayed", "all"];

    private readonly DlqOptions _letters = new();
    private readonly Option<string?> _state = new("--state") { Description = "open (default: not replayed), replayed or all", HelpName = "open|replayed|all" };
    private readonly Option<string?> _limit = new("--limit", "-n") { Description = "Rows in the table: the newest ones (default 50)", HelpName = "N" };
    private readonly Option<bool> _counts = new("--counts") { Description = "Only how many there are of each reason" };
    private readonly Option<bool> _json = new("--json") { Description = "One JSON object a line: all of them without --limit; with --counts, one for each reason" };

    internal DlqListCommand()
    {
        Command = new Command("list", "List dead letters: when, node, reason, key; and how many of each reason.");
        _letters.AddTo(Command);
        foreach (var option in (Option[])[_state, _limit, _counts, _json]) Command.Options.Add(option);
    }

    internal override Command Command { get; }

    internal override string Details =>
        "Reads what the topic holds now and commits nothing. AT is the letter's PARTITION:OFFSET, which `dlq show` and\n"
        + "`dlq replay` take; WHEN is the time of the record that failed; TRIES counts its replays. In reasons that are\n"
        + "counted # stands for any number.";

    internal override IReadOnlyList<string> Examples { get; } =
    [
        "./run dlq list --bootstrap localhost:9092",
        "./run dlq list --bootstrap localhost:9092 --node entities --since 2h --counts",
        "./run dlq list --bootstrap localhost:9092 --json | jq -r .key",
    ];

    internal override IEnumerable<KeyValuePair<string, string?>> Overrides(ParseResult parsed) => _letters.Overrides(parsed);

    internal override void Check(ParseResult parsed, AppOptions options, List<string> problems)
    {
        _letters.Check(parsed, options, problems);
        CommandChecks.OneOf(parsed, _state, States, problems);
        CommandChecks.Number(parsed, _limit, MaxRows, problems);
    }

    internal override async Task<int> ExecuteAsync(CommandContext context)
    {
        var clients = context.ConnectKafka();
        using var letters = await LetterTopic.OpenAsync(context, clients);
        return await Task.Run(() => List(letters, context), CancellationToken.None);
    }

    private int List(LetterTopic letters, CommandContext context)
    {
        var parsed = context.Parsed;
        letters.LoadReplayed(context.Stopping);
        var state = CommonOptions.ValueOf(parsed, _state)?.ToLowerInvariant() ?? "open";
        var filter = _letters.FilterOf(parsed, context.Time, new HashSet<LetterPosition>());
        var asJson = parsed.GetValue(_json);
        var onlyCounts = parsed.GetValue(_counts);
        var limit = CommandChecks.ValueOf<int>(parsed, _limit);
        var rows = limit ?? (asJson ? int.MaxValue : DefaultRows);
        var counts = new ReasonCounts();
        // The newest: the oldest of those kept leaves first.
        var newest = new PriorityQueue<Row, (long, long)>();
        using var output = new LineWriter(StandardOutput.Open());
        foreach (var letter in letters.Read(letters.Ranges(filter.Positions, openOnly: state == "open"), context.Stopping))
        {
            var became = letters.StateOf(letter);
            if ((state == "open" && became != LetterState.Open) || (state == "replayed" && became != LetterState.Replayed) || !filter.Matches(letter)) continue;
            counts.Add(letter);
            if (onlyCounts) continue;
            if (asJson && limit is null)
            {
                LetterJson.Write(letter, became, full: false, output);
                if (!output.EndLine()) return ExitCodes.Done;
                continue;
            }
            newest.Enqueue(Row.Of(letter, became, asJson), (letter.Timestamp.UnixTimestampMs, letter.Position.Offset));
            if (newest.Count > rows) newest.Dequeue();
        }

        var alive = asJson switch
        {
            true when onlyCounts => WriteCountsAsJson(counts, output),
            true => WriteAll(newest, output, static (row, lines) => Text(lines, row.Json)),
            false when onlyCounts => WriteCounts(counts, output),
            false => WriteTable(newest, output) && Separate(counts, output) && WriteCounts(counts, output),
        };
        if (alive) output.Flush();
        if (!asJson)
        {
            var shown = onlyCounts || counts.Total <= rows ? "" : $", the newest {rows:N0} shown (--limit)";
            context.Error.WriteLine($"{counts.Total:N0} {(state == "all" ? "" : state + " ")}dead letters in {letters.Name}{shown}.");
        }
        return ExitCodes.Done;
    }

    private static bool WriteTable(PriorityQueue<Row, (long, long)> newest, LineWriter output)
    {
        if (newest.Count == 0) return true;
        Text(output, $"{"AT",-10}  {"WHEN",-20}  {"NODE",-12}  {"TRIES",5}  {"KEY",-24}  REASON");
        return output.EndLine() && WriteAll(newest, output, static (row, lines) => Text(lines, row.Line));
    }

    private static bool WriteAll(PriorityQueue<Row, (long, long)> newest, LineWriter output, Action<Row, LineWriter> write)
    {
        while (newest.TryDequeue(out var row, out _))
        {
            write(row, output);
            if (!output.EndLine()) return false;
        }
        return true;
    }

    private static bool Separate(ReasonCounts counts, LineWriter output) => counts.Total == 0 || output.EndLine();

    private static bool WriteCounts(ReasonCounts counts, LineWriter output)
    {
        var left = ReasonsShown;
        foreach (var (node, reason, count) in counts.Largest)
        {
            if (left-- == 0) break;
            Text(output, string.Create(CultureInfo.InvariantCulture, $"{count,10:N0}  {node,-12}  {reason}"));
            if (!output.EndLine()) return false;
        }
        return true;
    }

    private static bool WriteCountsAsJson(ReasonCounts counts, LineWriter output)
    {
        foreach (var (node, reason, count) in counts.Largest)
        {
            using (var json = new System.Text.Json.Utf8JsonWriter(output))
            {
                json.WriteStartObject();
                json.WriteString("node", node);
                json.WriteString("reason", reason);
                json.WriteNumber("count", count);
                json.WriteEndObject();
            }
            if (!output.EndLine()) return false;
        }
        return true;
    }

    private static void Text(LineWriter output, string text) => Encoding.UTF8.GetBytes(text.AsSpan(), output);

    /// <summary>A letter as it will be printed: its value is not kept.</summary>
    private sealed record Row(string Line, string Json)
    {
        private const int MaxReasonLength = 120;

        internal static Row Of(Letter letter, LetterState state, bool asJson)
        {
            if (asJson)
            {
                var buffer = new System.Buffers.ArrayBufferWriter<byte>();
                LetterJson.Write(letter, state, full: false, buffer);
                return new Row("", Encoding.UTF8.GetString(buffer.WrittenSpan));
            }
            var when = letter.Timestamp.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
            var reason = letter.Reason is { Length: > MaxReasonLength } all ? all[..MaxReasonLength] + "…" : letter.Reason;
            var mark = state == LetterState.Replayed ? " (replayed)" : "";
            return new Row(string.Create(CultureInfo.InvariantCulture,
                $"{letter.Position,-10}  {when,-20}  {TextCleaner.Line(letter.Says.Node ?? "-"),-12}  {letter.Says.ReplayAttempts,5}  {letter.KeyText,-24}  {reason}{mark}"), "");
        }
    }
}
