using System.CommandLine;
using System.Globalization;
using System.Text;
using StreamScoring.App.Articles;
using StreamScoring.App.Configuration;
using StreamScoring.App.DeadLetters;
using StreamScoring.App.Kafka;
using StreamScoring.App.View;

namespace StreamScoring.App.Commands;

/// <summary><c>dlq show</c>: everything about one dead letter.</summary>
internal sealed class DlqShowCommand : CommandHandler
{
    private readonly DlqOptions _letters = new();
    private readonly Argument<string> _position = new("PARTITION:OFFSET") { Description = "Which one, as `dlq list` shows it" };
    private readonly Option<bool> _json = new("--json") { Description = "One JSON object" };

    internal DlqShowCommand()
    {
        Command = new Command("show", "Show a dead letter: exception, headers, and its payload, decoded as far as it goes.") { _position, _json };
        _letters.AddTo(Command, withFilters: false);
    }

    internal override Command Command { get; }

    internal override IReadOnlyList<string> Examples { get; } =
        ["./run dlq show 0:17 --bootstrap localhost:9092", "./run dlq show 0:17 --bootstrap localhost:9092 --json | jq .headers"];

    internal override IEnumerable<KeyValuePair<string, string?>> Overrides(ParseResult parsed) => _letters.Overrides(parsed);

    internal override void Check(ParseResult parsed, AppOptions options, List<string> problems)
    {
        _letters.Check(parsed, options, problems);
        if (parsed.GetResult(_position) is { Tokens.Count: > 0 }) DlqOptions.Positions([parsed.GetValue(_position)!], problems);
    }

    internal override async Task<int> ExecuteAsync(CommandContext context)
    {
        var clients = context.ConnectKafka();
        var positions = DlqOptions.Positions([context.Parsed.GetValue(_position)!], []);
        using var letters = await LetterTopic.OpenAsync(context, clients);
        using var serdes = new ArticleSerdes(context.Options.SchemaRegistry, context.Options.Codec, context.Time);
        return await Task.Run(() => Show(letters, positions, serdes, context), CancellationToken.None);
    }

    private int Show(LetterTopic letters, HashSet<LetterPosition> positions, ArticleSerdes serdes, CommandContext context)
    {
        letters.LoadReplayed(context.Stopping);
        var letter = letters.Read(letters.Ranges(positions, openOnly: false), context.Stopping).FirstOrDefault()
            ?? throw new CommandException($"{positions.First()}: there is no record at this offset (it may hold a transaction's marker, or was compacted away).");
        using var output = new LineWriter(StandardOutput.Open());
        if (context.Parsed.GetValue(_json)) LetterJson.Write(letter, letters.StateOf(letter), full: true, output);
        else Encoding.UTF8.GetBytes(Describe(letter, letters.StateOf(letter), serdes).AsSpan(), output);
        output.EndLine();
        return ExitCodes.Done;
    }

    private static string Describe(Letter letter, LetterState state, ArticleSerdes serdes)
    {
        var says = letter.Says;
        var text = new StringBuilder();
        Field("dead letter", $"{letter.Position} ({(state == LetterState.Open ? "open" : "replayed")})");
        Field("time", letter.Timestamp.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture));
        Field("key", letter.KeyText);
        Field("node", TextCleaner.Line(says.Node ?? "-"));
        Field("came from", says.Topic is null ? "-" : string.Create(CultureInfo.InvariantCulture, $"{TextCleaner.Line(says.Topic)}, partition {says.Partition}, offset {says.Offset}"));
        Field("replayed", string.Create(CultureInfo.InvariantCulture, $"{says.ReplayAttempts} times before this failure"));
        Field("exception", TextCleaner.Line(says.ExceptionType ?? "-"));
        Field("message", TextCleaner.Line(says.Message ?? "-"));
        if (says.StackTrace is { } trace)
        {
            text.Append("\nstack trace\n");
            foreach (var line in trace.Split('\n')) text.Append("  ").Append(TextCleaner.SameLength(line.TrimEnd('\r'))).Append('\n');
        }
        text.Append("\nheaders of the record\n");
        foreach (var header in StreamScoring.Topology.DeadLetters.DeadLetterHeaders.Original(letter.Headers))
        {
            text.Append("  ").Append(TextCleaner.Line(header.Key)).Append(": ").Append(ValueText(header.Value)).Append('\n');
        }
        text.Append("\npayload: ").Append(LetterPayload.Describe(letter.Value, letter.Headers, serdes.Reader, serdes.Registry).TrimEnd());
        return text.ToString();

        void Field(string name, string value) => text.Append(CultureInfo.InvariantCulture, $"{name,-12} {value}\n");
    }

    private static string ValueText(byte[]? value)
    {
        const int maxShown = 500;
        if (value is null) return "(null)";
        if (!System.Text.Unicode.Utf8.IsValid(value)) return "0x" + Convert.ToHexString(value.AsSpan(0, Math.Min(value.Length, maxShown / 2)));
        var text = TextCleaner.Line(Encoding.UTF8.GetString(value));
        return text.Length <= maxShown ? text : text[..maxShown] + "…";
    }
}
