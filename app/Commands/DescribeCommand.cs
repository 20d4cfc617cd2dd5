using System.CommandLine;
using StreamScoring.App.Configuration;
using StreamScoring.App.Hosting;
using StreamScoring.Topology;
using StreamScoring.Topology.Articles;

namespace StreamScoring.App.Commands;

/// <summary><c>topology describe</c>: what would run.</summary>
internal sealed class DescribeCommand : CommandHandler
{
    private static readonly string[] Formats = ["text", "mermaid", "json"];

    private readonly Option<string?> _nodes = CommonOptions.Nodes();
    private readonly Option<string?> _format = new("--format") { Description = "text (default, as Kafka Streams prints it), mermaid or json", HelpName = "text|mermaid|json" };

    internal DescribeCommand() => Command = new Command("describe", "Print the topology that would run.") { _format, _nodes };

    internal override Command Command { get; }

    internal override string Details => "Sub-topologies, their nodes, and the topics between them. Loads no model and needs no Kafka.";

    internal override IReadOnlyList<string> Examples { get; } =
    [
        "./run topology describe",
        "./run topology describe --format mermaid --config my.json > topology.mmd",
    ];

    internal override void Check(ParseResult parsed, AppOptions options, List<string> problems)
    {
        CommandChecks.OneOf(parsed, _format, Formats, problems);
        CommandChecks.Nodes(parsed, _nodes, options, problems);
    }

    internal override async Task<int> ExecuteAsync(CommandContext context)
    {
        var nodes = CommandChecks.Nodes(context.Parsed, _nodes, context.Options, []);
        try
        {
            var description = ArticleTopology.Describe(TopologyFactory.OptionsOf(context.Options, nodes, context.Time));
            var text = CommonOptions.ValueOf(context.Parsed, _format)?.ToLowerInvariant() switch
            {
                "mermaid" => description.ToMermaid(),
                "json" => description.ToJson(),
                _ => description.ToString(),
            };
            await Console.Out.WriteLineAsync(text.TrimEnd());
            return ExitCodes.Done;
        }
        catch (TopologyException exception)
        {
            throw new UsageException(exception.Mistakes);
        }
    }
}
