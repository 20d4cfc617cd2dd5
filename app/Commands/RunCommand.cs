using System.CommandLine;
using Microsoft.Extensions.Logging;
using StreamScoring.App.Configuration;
using StreamScoring.App.Hosting;

namespace StreamScoring.App.Commands;

/// <summary>No command at all: the main job.</summary>
internal sealed class RunCommand : CommandHandler
{
    internal override Command Command { get; } = new RootCommand(
        "Scores an endless stream of articles: topic, entities and summary by ONNX models, with Apache Kafka between the nodes.\n\n"
        + "Without a command it runs the main job: an embedded Kafka, real articles, all nodes, a SQLite sink and a live view.");

    internal override IReadOnlyList<string> Examples { get; } =
    [
        "./run                                                  everything, in this process",
        "./run | jq -c '{id, topic: .topic.label}'              the same, as JSON lines",
        "./run stream --bootstrap localhost:9092                the nodes against your Kafka",
        "./run score samples/articles.jsonl                     no Kafka at all",
    ];

    internal override void Check(ParseResult parsed, AppOptions options, List<string> problems)
    {
        if (options.Kafka.BootstrapServers.Length > 0)
        {
            problems.Add("Kafka:BootstrapServers is set, but the main job brings its own broker: use `./run stream` for yours, or leave the setting empty.");
        }
    }

    internal override Task<int> ExecuteAsync(CommandContext context) => new MainJob(context).RunAsync();
}
