using StreamScoring.App.Configuration;
using StreamScoring.App.Sinks;
using StreamScoring.App.View;
using StreamScoring.Topology.Kafka;

namespace StreamScoring.App.Hosting;

/// <summary>Gathers what engine, tail and sinks know into one <see cref="ViewState"/>.</summary>
internal sealed class StreamMonitor(
    IReadOnlyList<NodeSettings> nodes, string bootstrapServers, Func<KafkaStreamSnapshot?> stream, Func<TailSnapshot> tail,
    Func<IReadOnlyList<SinkSnapshot>> sinks, LogRelay? logs, TimeProvider time)
{
    private readonly long _startedAt = time.GetTimestamp();
    private readonly RateMeter _articles = new(time);
    private readonly Dictionary<string, RateMeter> _meters = new(StringComparer.Ordinal);

    /// <summary>What people see the program do.</summary>
    internal string Activity { get; set; } = "starting";

    /// <summary>What the keys do now.</summary>
    internal string Hint { get; set; } = "Ctrl-C drains and stops";

    /// <summary>The state now. One thread at a time.</summary>
    internal ViewState Take()
    {
        var seen = tail();
        _articles.Sample(seen.Articles);
        var snapshot = stream();
        return new ViewState
        {
            State = Activity,
            BootstrapServers = bootstrapServers,
            InputTopic = TopicGraph.FirstTopics(nodes)[0],
            Uptime = time.GetElapsedTime(_startedAt),
            Nodes = snapshot is null ? Idle() : [.. snapshot.SubTopologies.Select(Row)],
            Sinks = [.. sinks().Select(Row)],
            ArticlesPerSecond = _articles.PerSecond,
            MedianLatency = seen.MedianLatency,
            Articles = seen.Articles,
            DeadLetters = seen.DeadLetters,
            TopicCounts = seen.TopicCounts,
            LastArticle = seen.Last,
            Notice = logs?.Latest,
            Hint = Hint,
        };
    }

    private NodeRow Row(SubTopologySnapshot subTopology)
    {
        // A fused chain is one sub-topology: its row is named after all its nodes.
        var chain = new List<NodeSettings>();
        for (var next = nodes.FirstOrDefault(node => subTopology.SourceTopics.Contains(node.Input)); next is not null && !chain.Contains(next);)
        {
            chain.Add(next);
            var output = next.Output;
            next = nodes.FirstOrDefault(node => node.Input == output && !IsSource(output));
        }
        var name = chain.Count > 0 ? string.Join('+', chain.Select(node => node.Name)) : $"sub-topology {subTopology.Id}";
        var meter = Meter("node " + name, subTopology.RecordsIn);
        return new NodeRow(
            name, string.Join(", ", subTopology.SourceTopics), chain.Count > 0 ? chain[^1].Output : "", meter.PerSecond,
            subTopology.RecordsIn, subTopology.Lag, subTopology.DeadLetters, meter.History);

        bool IsSource(string topic) => stream()?.SubTopologies.Any(other => other.SourceTopics.Contains(topic)) ?? false;
    }

    private SinkRow Row(SinkSnapshot sink)
    {
        var meter = Meter("sink " + sink.Name, sink.Written);
        return new SinkRow(sink.Name, sink.Target, meter.PerSecond, sink.Written, sink.Lag, sink.Trouble, meter.History);
    }

    private List<NodeRow> Idle() => [.. nodes.Select(node => new NodeRow(node.Name, node.Input, node.Output, 0, 0, -1, 0, []))];

    private RateMeter Meter(string key, long count)
    {
        if (!_meters.TryGetValue(key, out var meter)) _meters[key] = meter = new RateMeter(time);
        meter.Sample(count);
        return meter;
    }
}
