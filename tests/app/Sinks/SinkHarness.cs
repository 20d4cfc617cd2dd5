using System.Text;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;
using StreamScoring.App.Articles;
using StreamScoring.App.Configuration;
using StreamScoring.App.Hosting;
using StreamScoring.App.Kafka;
using StreamScoring.App.Sinks;
using StreamScoring.Schemas;
using StreamScoring.Testing.Brokers;
using StreamScoring.Testing.Records;
using StreamScoring.Topology.Sinks;

namespace StreamScoring.App.Tests.Sinks;

/// <summary>Runners of sinks against a test's Kafka, and what they log.</summary>
internal sealed class SinkHarness : IDisposable
{
    internal static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly StringWriter _log = new();
    private readonly ILoggerFactory _logs;

    internal SinkHarness()
    {
        var relay = new LogRelay(TextWriter.Synchronized(_log));
        _logs = LoggerFactory.Create(logging => logging.AddProvider(relay));
    }

    internal string Log
    {
        get
        {
            lock (_log) return _log.ToString();
        }
    }

    internal SinkRunner Runner(
        IKafkaBroker broker, string topic, SinkPlan plan, string? group = null, int batchRecords = 20, Dictionary<string, string>? properties = null)
    {
        var logger = _logs.CreateLogger("sinks");
        var context = new SinkContext("sink", "cluster", logger, TimeProvider.System);
        return new SinkRunner(
            new SinkRunnerOptions
            {
                Name = "sink", Target = plan.Target, Topics = [topic], GroupId = group ?? KafkaBrokerExtensions.NewName("sink.group"), MaxBatchRecords = batchRecords,
            },
            () => plan.Create(context), new KafkaClients(new KafkaSettings { Properties = properties ?? [] }, broker.BootstrapServers, _logs),
            (value, headers) => RecordCodec.Decode(ArticleSerde.Default, value, headers), logger, TimeProvider.System);
    }

    /// <summary>Sends JSON articles with the ids prefix0, prefix1, …</summary>
    internal static void Send(IKafkaBroker broker, string topic, int count, string prefix, int bodyBytes = 10)
    {
        var body = new string('x', bodyBytes);
        KafkaRecords.Produce(broker, topic, Enumerable.Range(0, count).Select(i => new Message<byte[], byte[]>
        {
            Key = Encoding.UTF8.GetBytes($"{i}"),
            Value = Encoding.UTF8.GetBytes($$"""{"id":"{{prefix}}{{i}}","title":"T","body":"{{body}}"}"""),
        }));
    }

    internal async Task WaitUntilAsync(Func<bool> holds)
    {
        var startedAt = TimeProvider.System.GetTimestamp();
        while (!holds())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(startedAt) < Limit, $"It did not come true within {Limit}.\n{Log}");
            await Task.Delay(10, TestContext.Current.CancellationToken);
        }
    }

    public void Dispose() => _logs.Dispose();
}
