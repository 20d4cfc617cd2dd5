using System.CommandLine;
using StreamScoring.App.Configuration;
using StreamScoring.App.DeadLetters;

namespace StreamScoring.App.Commands;

/// <summary>Options that the commands about dead letters share: which Kafka, which topic, which letters.</summary>
internal sealed class DlqOptions
{
    private readonly Option<string?> _bootstrap = CommonOptions.Bootstrap();
    private readonly Option<string?> _topic = new("--topic", "-t") { Description = "Dead-letter topic (default: DeadLetterTopic, articles.dlq)", HelpName = "TOPIC" };
    private readonly Option<string?> _node = new("--node") { Description = "Only of this node", HelpName = "NAME" };
    private readonly Option<string?> _reason = new("--reason") { Description = "Only with this text in the exception's name or message", HelpName = "TEXT" };
    private readonly Option<string?> _key = new("--key") { Description = "Only with this key", HelpName = "KEY" };
    private readonly Option<string?> _since = new("--since") { Description = "Only records of this time or later", HelpName = MomentOption.Help };
    private readonly Option<string?> _until = new("--until") { Description = "Only records before this time", HelpName = MomentOption.Help };

    /// <summary>Adds the options to a command.</summary>
    internal void AddTo(Command command, bool withFilters = true)
    {
        command.Options.Add(_bootstrap);
        command.Options.Add(_topic);
        if (!withFilters) return;
        foreach (var option in (Option[])[_node, _reason, _key, _since, _until]) command.Options.Add(option);
    }

    /// <summary>Configuration keys that the options stand for.</summary>
    internal IEnumerable<KeyValuePair<string, string?>> Overrides(ParseResult parsed) =>
        [.. CommonOptions.Set(parsed, _bootstrap, "Kafka:BootstrapServers"), .. CommonOptions.Set(parsed, _topic, "DeadLetterTopic")];

    /// <summary>Adds what is wrong.</summary>
    internal void Check(ParseResult parsed, AppOptions options, List<string> problems)
    {
        CommandChecks.Bootstrap(options, problems);
        MomentOption.Check(parsed, _since, problems);
        MomentOption.Check(parsed, _until, problems);
    }

    /// <summary>Whether any filter was given.</summary>
    internal bool HasFilter(ParseResult parsed) =>
        ((Option<string?>[])[_node, _reason, _key, _since, _until]).Any(option => CommonOptions.ValueOf(parsed, option) is not null);

    /// <summary>The filter.</summary>
    internal LetterFilter FilterOf(ParseResult parsed, TimeProvider time, IReadOnlySet<LetterPosition> positions) => new()
    {
        Node = CommonOptions.ValueOf(parsed, _node),
        Reason = CommonOptions.ValueOf(parsed, _reason),
        Key = CommonOptions.ValueOf(parsed, _key),
        Since = MomentOption.ValueOf(parsed, _since, time),
        Until = MomentOption.ValueOf(parsed, _until, time),
        Positions = positions,
    };

    /// <summary>The positions among arguments; adds the ones that are none to <paramref name="problems"/>.</summary>
    internal static HashSet<LetterPosition> Positions(IEnumerable<string> arguments, List<string> problems)
    {
        var positions = new HashSet<LetterPosition>();
        foreach (var argument in arguments)
        {
            if (LetterPosition.TryParse(argument, out var position)) positions.Add(position);
            else problems.Add($"'{argument}' must be PARTITION:OFFSET as `dlq list` shows it, e.g. 0:17.");
        }
        return positions;
    }
}
