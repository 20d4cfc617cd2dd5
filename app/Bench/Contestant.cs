using System.Globalization;
using System.Reflection;
using System.Text.Json;

namespace StreamScoring.App.Bench;

/// <summary>A program that takes records through topics.</summary>
/// <param name="Name">As tables call it.</param>
/// <param name="Hops">Topics it writes, one after the other.</param>
/// <param name="Command">Program and arguments for a bootstrap address and the topics, input first.</param>
internal sealed record Contestant(string Name, int Hops, Func<string, IReadOnlyList<string>, IReadOnlyList<string>> Command)
{
    /// <summary>Our own program with nodes of these kinds and models, fused or not, with answers or not.</summary>
    internal static Contestant Ours(
        string name, BenchSession session, IReadOnlyList<(string Kind, string? Model)> nodes, bool exactlyOnce, int commitIntervalMs, bool fuse = false,
        bool replies = false) =>
        new(name, fuse ? 1 : nodes.Count, (bootstrap, topics) =>
        {
            // Fused nodes still have names for the topics between them; nothing is written there.
            var names = fuse ? FusedNames(topics, nodes.Count) : topics;
            var config = new
            {
                Kafka = new
                {
                    BootstrapServers = bootstrap,
                    GroupId = topics[^1],
                    Guarantee = exactlyOnce ? "exactly-once" : "at-least-once",
                    CommitIntervalMs = commitIntervalMs,
                },
                Nodes = nodes.Select((node, i) => new
                {
                    Name = string.Create(CultureInfo.InvariantCulture, $"node{i}"),
                    node.Kind,
                    node.Model,
                    Input = names[i],
                    Output = names[i + 1],
                }),
                Fuse = fuse,
                DeadLetterTopic = topics[0] + ".dlq",
                Models = new { Root = session.Options.Models },
                Replies = new { AllowedTopics = replies ? new[] { RepliesTo(topics) } : [] },
            };
            var file = session.File(topics[^1] + ".json");
            File.WriteAllText(file, JsonSerializer.Serialize(config));
            return Program("stream", "--config", file, "--create-topics", "4", "--log-level", "warning");
        });

    /// <summary>The topic where a contestant that replies may.</summary>
    internal static string RepliesTo(IReadOnlyList<string> topics) => topics[0] + ".replies";

    /// <summary>The leanest loop there is around Confluent.Kafka's clients, with the settings of our own clients.</summary>
    internal static Contestant BareLoop(string name, int commitIntervalMs) =>
        new(name, 1, (bootstrap, topics) => Program(
            BenchWorker.Name, "copy", "--bootstrap", bootstrap, "--input", topics[0], "--output", topics[1],
            "--commit-ms", commitIntervalMs.ToString(CultureInfo.InvariantCulture)));

    /// <summary>Kafka Streams.</summary>
    internal static Contestant KafkaStreams(string name, BenchSession session, IReadOnlyList<string> nodes, bool exactlyOnce) =>
        new(name, nodes.Count, (bootstrap, topics) =>
        [
            Path.Combine(session.Options.Peer!, "run.sh"), "streams", "--bootstrap", bootstrap, "--topics", string.Join(',', topics),
            "--app", topics[^1], "--threads", Environment.ProcessorCount.ToString(CultureInfo.InvariantCulture),
            "--set", "state.dir=" + session.File("streams-state"),
            .. nodes.SelectMany(static node => (string[])["--node", node]),
            .. exactlyOnce ? (string[])["--eos"] : [],
        ]);

    /// <summary>This program with arguments.</summary>
    internal static IReadOnlyList<string> Program(params string[] arguments) =>
        Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet"
            ? [Environment.ProcessPath!, Assembly.GetExecutingAssembly().Location, .. arguments]
            : [Environment.ProcessPath!, .. arguments];

    private static string[] FusedNames(IReadOnlyList<string> topics, int nodes) =>
    [
        topics[0],
        .. Enumerable.Range(1, nodes - 1).Select(i => string.Create(CultureInfo.InvariantCulture, $"{topics[0]}.fused{i}")),
        topics[1],
    ];
}
