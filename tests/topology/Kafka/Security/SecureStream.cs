using Microsoft.Extensions.Logging;
using StreamScoring.Testing.Brokers;
using StreamScoring.Topology.Kafka;

namespace StreamScoring.Topology.Tests.Kafka.Security;

/// <summary>A stream that copies a topic to another on a secured broker, with all that it logged.</summary>
internal sealed class SecureStream : IAsyncDisposable
{
    private const int Count = 200;
    private const int Keys = 20;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly SecureKafka _kafka;
    private readonly CancellationTokenSource _stop = new();
    private readonly LogLines _lines = new();
    private readonly ILoggerFactory _logs;
    private KafkaStream? _stream;
    private int _sent;

    internal SecureStream(SecureKafka kafka, string name, ProcessingGuarantee guarantee)
    {
        (_kafka, Name, Guarantee) = (kafka, name, guarantee);
        _logs = LoggerFactory.Create(logging => logging.SetMinimumLevel(LogLevel.Trace).AddProvider(_lines));
    }

    internal string Name { get; }

    internal string Input => Name + ".in";

    internal string Output => Name + ".out";

    internal string Group => Name + ".group";

    internal ProcessingGuarantee Guarantee { get; }

    /// <summary>The least it needs.</summary>
    internal string[] Rights => Guarantee == ProcessingGuarantee.ExactlyOnce
        ? [$"Read topic {Input}", $"Read group {Group}", $"Write topic {Output}", $"Write transactionalid {Group}-one"]
        : [$"Read topic {Input}", $"Read group {Group}", $"Write topic {Output}"];

    internal IEnumerable<string> Log => _lines.Lines;

    internal Task Running { get; private set; } = Task.CompletedTask;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    internal async Task CreateTopicsAsync()
    {
        await _kafka.Broker.CreateTopicAsync(Input, 4, Stop);
        await _kafka.Broker.CreateTopicAsync(Output, 4, Stop);
    }

    /// <summary>Starts it.</summary>
    /// <param name="bootstrapServers">The broker's listener.</param>
    /// <param name="properties">Who the user is.</param>
    /// <param name="topology">What to run instead of a plain copy.</param>
    internal void Start(string bootstrapServers, Dictionary<string, string> properties, StreamTopology? topology = null)
    {
        var options = new KafkaStreamOptions
        {
            BootstrapServers = bootstrapServers, GroupId = Group, InstanceId = "one", Guarantee = Guarantee,
            CommitInterval = TimeSpan.FromMilliseconds(20),
            // What is taken away is told to a member by its next heartbeat.
            Properties = new Dictionary<string, string>(properties) { ["heartbeat.interval.ms"] = "500" },
        };
        _stream = topology is null
            ? new KafkaStream([new CopyExecutor(Input, Output)], options, _logs, TimeProvider.System)
            : new KafkaStream(topology, options, _logs, TimeProvider.System);
        Running = _stream.RunAsync(_stop.Token);
    }

    internal void Send()
    {
        Raw.Produce(_kafka.Broker.BootstrapServers, Input, Count, Keys, first: _sent);
        _sent += Count;
    }

    /// <summary>All that was sent comes out.</summary>
    internal async Task AssertCopiesAsync()
    {
        var consuming = Task.Run(() => Raw.Consume(_kafka.Broker.BootstrapServers, Output, _sent, Limit), Stop);
        if (await Task.WhenAny(consuming, Running) == Running) await Running;
        Raw.AssertEachOnceInOrder(await consuming, _sent, Keys);
    }

    /// <summary>It stops by itself; what it said.</summary>
    internal async Task<KafkaStreamException> FailureAsync() =>
        await Assert.ThrowsAsync<KafkaStreamException>(() => Running.WaitAsync(Limit, Stop));

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await ((Task)Running.ContinueWith(static _ => { }, TaskScheduler.Default)).WaitAsync(Limit);
        _stream?.Dispose();
        _logs.Dispose();
        _stop.Dispose();
    }
}
