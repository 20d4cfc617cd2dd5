using StreamScoring.Testing.Internal;
using StreamScoring.Testing.Processes;
using Xunit;

namespace StreamScoring.Testing.Brokers;

/// <summary>
/// An Apache Kafka broker (KRaft, one node) of this test's own, from the distribution in <c>KAFKA_HOME</c>: it formats a
/// temporary folder, takes free ports of 127.0.0.1 and can be stopped, killed and started again on the same data.
/// Nothing outlives the test, however the test process ends.
/// </summary>
public sealed class KafkaHomeBroker : IKafkaBroker, IAsyncDisposable
{
    private const int StartAttempts = 3;

    private readonly KafkaHomeOptions _options;
    private readonly string _home;
    private readonly string _folder;
    private readonly string _properties;
    private readonly ClusterNode _node;
    private readonly Dictionary<string, int> _listeners;
    private ChildProcess? _process;

    private KafkaHomeBroker(KafkaHomeOptions options, string home, ClusterNode node)
    {
        _options = options;
        _home = home;
        _node = node;
        _listeners = options.Listeners.Keys.ToDictionary(static name => name, static _ => LoopbackPorts.Take());
        _folder = Directory.CreateTempSubdirectory("streamscoring-kafka-").FullName;
        Reaper.Watch(_folder);
        _properties = Path.Combine(_folder, "server.properties");
        File.WriteAllText(_properties, ServerProperties.Write(
            node, options.AdvertisedPort?.Invoke(node.Port) ?? node.Port, Path.Combine(_folder, "data"),
            _listeners.Select(listener => (listener.Key, options.Listeners[listener.Key], listener.Value)), options.Properties));
    }

    /// <inheritdoc/>
    public string Name => $"{KafkaHome.Variable}={_home}";

    /// <inheritdoc/>
    public string BootstrapServers => $"127.0.0.1:{_node.Port}";

    /// <summary>Its <c>node.id</c>: 1, or its place in a <see cref="KafkaHomeCluster"/>.</summary>
    public int NodeId => _node.Id;

    /// <summary>Its <c>log.dirs</c>: the partitions' files, to be looked at where a test cannot tell what went wrong.</summary>
    public string DataFolder => Path.Combine(_folder, "data");

    /// <summary>host:port of one of <see cref="KafkaHomeOptions.Listeners"/>.</summary>
    public string BootstrapServersOf(string listener) => $"127.0.0.1:{_listeners[listener]}";

    /// <summary>What the broker has logged since its last start, the newest 10,000 lines.</summary>
    public IReadOnlyList<string> Log => _process?.Output ?? [];

    /// <summary>Starts a broker and waits until it answers.</summary>
    /// <exception cref="InvalidOperationException">
    /// There is no distribution, or the broker ended while it started; the message has the end of its log.
    /// </exception>
    /// <exception cref="TimeoutException">It did not answer in time.</exception>
    public static async Task<KafkaHomeBroker> StartAsync(
        KafkaHomeOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new KafkaHomeOptions();
        if (!KafkaHome.Find(options.Home, out var home, out var why)) throw new InvalidOperationException(why);

        for (var attempt = 1; ; attempt++)
        {
            var broker = new KafkaHomeBroker(options, home, ClusterNode.Plan(1)[0]);
            try
            {
                await broker.StartFirstAsync(cancellationToken);
                return broker;
            }
            catch (Exception error)
            {
                var portTaken = broker.Log.Any(line => line.Contains("Address already in use", StringComparison.Ordinal));
                await broker.DisposeAsync();
                if (error is InvalidOperationException && portTaken && attempt < StartAttempts) continue;
                throw;
            }
        }
    }

    /// <summary>As <see cref="StartAsync"/>, but skips the test where there is no distribution.</summary>
    public static Task<KafkaHomeBroker> StartOrSkipAsync(KafkaHomeOptions? options = null)
    {
        if (!KafkaHome.Find(options?.Home, out _, out var why))
        {
            Assert.Skip($"needs a Kafka of its own: {why}");
        }
        return StartAsync(options, TestContext.Current.CancellationToken);
    }

    /// <summary>A node that is not started yet.</summary>
    internal static KafkaHomeBroker Prepare(KafkaHomeOptions options, string home, ClusterNode node) => new(options, home, node);

    /// <summary>Formats its folder and starts it.</summary>
    internal async Task StartFirstAsync(CancellationToken cancellationToken)
    {
        await FormatAsync(cancellationToken);
        await StartAgainAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public Task CreateTopicAsync(string name, int partitions, CancellationToken cancellationToken = default) =>
        KafkaAdmin.CreateTopicAsync(BootstrapServers, name, partitions, cancellationToken);

    /// <summary>Starts the stopped or killed broker on the same ports and data, and waits until it answers.</summary>
    /// <exception cref="InvalidOperationException">It runs, or it ended while it started.</exception>
    /// <exception cref="TimeoutException">It did not answer in time.</exception>
    public async Task StartAgainAsync(CancellationToken cancellationToken = default)
    {
        if (_process is { HasExited: false }) throw new InvalidOperationException("The broker is running.");
        if (_process is not null) await _process.DisposeAsync();

        var process = Run("kafka-server-start.sh", _properties);
        _process = process;
        if (await KafkaAdmin.AnswersAsync(
            BootstrapServers, _options.StartTimeout, () => process.HasExited, cancellationToken)) return;

        if (process.HasExited) throw new InvalidOperationException($"The broker ended while it started. {Tail(process)}");
        throw new TimeoutException($"The broker did not answer within {_options.StartTimeout}. {Tail(process)}");
    }

    /// <summary>Stops the broker in an orderly way (SIGTERM); its data stays. After 60 seconds it is killed.</summary>
    public async Task StopAsync()
    {
        if (_process is null) return;
        _process.Signal(ProcessSignal.Terminate);
        try
        {
            await _process.WaitForExitAsync(TimeSpan.FromSeconds(60));
        }
        catch (TimeoutException)
        {
            await KillAsync();
        }
    }

    /// <summary>Kills the broker (SIGKILL), as a crash would; its data stays.</summary>
    public async Task KillAsync()
    {
        if (_process is null) return;
        _process.Signal(ProcessSignal.Kill);
        await _process.WaitForExitAsync(TimeSpan.FromSeconds(30));
    }

    /// <summary>Kills the broker and removes its folder.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_process is not null) await _process.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
        Reaper.Forget(_folder);
    }

    private async Task FormatAsync(CancellationToken cancellationToken)
    {
        await using var format =
            Run("kafka-storage.sh", "format", "--cluster-id", _node.ClusterId, "--config", _properties);
        var code = await format.WaitForExitAsync(_options.StartTimeout, cancellationToken);
        if (code != 0) throw new InvalidOperationException($"kafka-storage.sh format failed ({code}). {Tail(format)}");
    }

    private ChildProcess Run(string script, params string[] arguments) => ChildProcess.Start(
        Path.Combine(_home, "bin", script), arguments, new ChildProcessOptions
        {
            RetainedLines = 10_000,
            MergeErrors = true,
            Environment = KafkaHome.JvmEnvironment(Path.Combine(_folder, "log")),
        });

    private static string Tail(ChildProcess process) =>
        "The end of its output:\n" + string.Join('\n', process.Output.TakeLast(25).Concat(process.Errors.TakeLast(25)));
}
