using Microsoft.Extensions.Logging;
using StreamScoring.App.Articles;
using StreamScoring.App.Configuration;
using StreamScoring.App.Kafka;
using StreamScoring.App.Sinks;
using StreamScoring.Topology.Sinks;

namespace StreamScoring.App.Hosting;

/// <summary>The configured sinks of one process, started and stopped together.</summary>
internal sealed class SinkHost : IDisposable
{
    private readonly List<(SinkRunner Runner, Task Running)> _sinks = [];

    /// <summary>Starts a runner for each sink.</summary>
    /// <param name="sinks">What to start.</param>
    /// <param name="source">Which Kafka the records come from; offsets mean something only within it.</param>
    /// <param name="groupId">Group of the stream.</param>
    /// <param name="clients">How to connect.</param>
    /// <param name="serdes">Reads the articles.</param>
    /// <param name="logs">Where messages go.</param>
    /// <param name="time">The clock.</param>
    internal static SinkHost Start(
        IReadOnlyList<SinkSettings> sinks, string source, string groupId, KafkaClients clients, ArticleSerdes serdes,
        ILoggerFactory logs, TimeProvider time)
    {
        var host = new SinkHost();
        var logger = logs.CreateLogger("StreamScoring.Sinks");
        foreach (var settings in sinks)
        {
            var context = new SinkContext(settings.Name, source, logger, time);
            var runner = new SinkRunner(
                new SinkRunnerOptions
                {
                    Name = settings.Name,
                    Target = settings.Plan.Target,
                    Topics = settings.Topics,
                    GroupId = $"{groupId}.sink.{settings.Name}",
                    MaxBatchRecords = settings.BatchRecords,
                    MaxBatchBytes = settings.BatchBytes,
                    Linger = TimeSpan.FromMilliseconds(settings.BatchLingerMs),
                },
                () => settings.Plan.Create(context),
                clients, (value, headers) => RecordCodec.Decode(serdes.Reader, value, headers), logger, time);
            host._sinks.Add((runner, runner.RunAsync(CancellationToken.None)));
        }
        return host;
    }

    /// <summary>Where each sink stands.</summary>
    internal IReadOnlyList<SinkSnapshot> GetSnapshots() => _sinks.ConvertAll(sink => sink.Runner.GetSnapshot());

    /// <summary>Frees the runners; drain them first.</summary>
    public void Dispose()
    {
        foreach (var (runner, running) in _sinks)
        {
            // One that was never drained still uses what would be freed; the process is about to end.
            if (running.IsCompleted) runner.Dispose();
        }
    }

    /// <summary>Lets every sink write what is in its topics, then stops them.</summary>
    internal Task DrainAsync(TimeSpan budget) =>
        Task.WhenAll(_sinks.Select(sink => sink.Runner.DrainAsync(sink.Running, budget)));
}
