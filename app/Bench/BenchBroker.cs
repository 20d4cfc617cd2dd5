using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using StreamScoring.App.Commands;

namespace StreamScoring.App.Bench;

/// <summary>
/// An Apache Kafka broker (KRaft, one node) for one run of measurements, from the distribution in <c>KAFKA_HOME</c>: on
/// free ports of 127.0.0.1, with its data in a temporary folder that goes with it.
/// </summary>
internal sealed class BenchBroker : IAsyncDisposable
{
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(90);

    private readonly ChildProgram _program;

    private BenchBroker(ChildProgram program, int port, IAdminClient admin)
    {
        _program = program;
        BootstrapServers = string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{port}");
        Admin = admin;
    }

    internal string BootstrapServers { get; }

    internal IAdminClient Admin { get; }

    /// <summary>Processor seconds that the broker has used so far.</summary>
    internal double CpuSeconds => _program.CpuSeconds;

    /// <summary>Starts the broker and waits until it answers.</summary>
    /// <param name="home">Folder of the distribution.</param>
    /// <param name="folder">Folder for its data and logs.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="CommandException">It did not start; the message has the end of its log.</exception>
    internal static async Task<BenchBroker> StartAsync(string home, string folder, CancellationToken cancellationToken)
    {
        var port = FreePort();
        var properties = Path.Combine(folder, "server.properties");
        await File.WriteAllTextAsync(properties, Properties(port, FreePort(), Path.Combine(folder, "data")), cancellationToken);
        var environment = new Dictionary<string, string>
        {
            ["LOG_DIR"] = Path.Combine(folder, "log"),
            ["KAFKA_HEAP_OPTS"] = Environment.GetEnvironmentVariable("KAFKA_HEAP_OPTS") ?? "-Xms1g -Xmx1g",
            ["KAFKA_JVM_PERFORMANCE_OPTS"] = Environment.GetEnvironmentVariable("KAFKA_JVM_PERFORMANCE_OPTS") ?? "-XX:+UseG1GC",
        };
        await FormatAsync(home, folder, properties, environment, cancellationToken);
        var program = await ChildProgram.StartAsync(
            "the Kafka broker", Path.Combine(folder, "broker.log"), [Path.Combine(home, "bin", "kafka-server-start.sh"), properties], environment);
        var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = $"127.0.0.1:{port}", ClientId = "streamscoring-bench" })
            .SetErrorHandler(static (_, _) => { })
            .SetLogHandler(static (_, _) => { })
            .Build();
        var broker = new BenchBroker(program, port, admin);
        try
        {
            await broker.WaitAsync(cancellationToken);
            return broker;
        }
        catch
        {
            await broker.DisposeAsync();
            throw;
        }
    }

    /// <summary>Creates topics of so many partitions.</summary>
    internal async Task CreateTopicsAsync(IReadOnlyCollection<string> topics, int partitions, CancellationToken cancellationToken)
    {
        await Admin.CreateTopicsAsync(topics.Select(topic => new TopicSpecification { Name = topic, NumPartitions = partitions, ReplicationFactor = 1 }));
        // A client that meets a topic before its partitions have leaders does not soon look again.
        while (!topics.All(HasLeaders)) await Task.Delay(50, cancellationToken);
    }

    /// <summary>Deletes topics: a run's data must not stay on the disk while the next one is measured.</summary>
    internal async Task DeleteTopicsAsync(IEnumerable<string> topics) => await Admin.DeleteTopicsAsync(topics);

    public async ValueTask DisposeAsync()
    {
        Admin.Dispose();
        await _program.DisposeAsync();
    }

    private static async Task FormatAsync(
        string home, string folder, string properties, Dictionary<string, string> environment, CancellationToken cancellationToken)
    {
        // 16 bytes in URL-safe base 64 that do not begin with '-', which reads as an option.
        var id = "A" + Convert.ToBase64String(Guid.NewGuid().ToByteArray()).TrimEnd('=').Replace('+', '-').Replace('/', '_')[1..];
        await using var format = await ChildProgram.StartAsync(
            "kafka-storage.sh", Path.Combine(folder, "format.log"),
            [Path.Combine(home, "bin", "kafka-storage.sh"), "format", "--cluster-id", id, "--config", properties], environment);
        while (!format.HasEnded) await Task.Delay(50, cancellationToken);
        if (!File.Exists(Path.Combine(folder, "data", "meta.properties")))
        {
            throw new CommandException($"kafka-storage.sh of {home} could not format a folder for the broker:\n{format.Tail()}");
        }
    }

    private async Task WaitAsync(CancellationToken cancellationToken)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            _program.ThrowIfEnded();
            try
            {
                if (Admin.GetMetadata(TimeSpan.FromSeconds(1)).Brokers.Count > 0) return;
            }
            catch (KafkaException) when (TimeProvider.System.GetElapsedTime(started) < StartTimeout)
            {
                await Task.Delay(100, cancellationToken);
            }
        }
    }

    private bool HasLeaders(string topic)
    {
        var metadata = Admin.GetMetadata(topic, TimeSpan.FromSeconds(10)).Topics;
        return metadata.Count == 1 && metadata[0].Partitions.Count > 0 && metadata[0].Partitions.TrueForAll(static partition => partition.Leader >= 0);
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static string Properties(int port, int controllerPort, string data) => string.Create(CultureInfo.InvariantCulture, $"""
        process.roles=broker,controller
        node.id=1
        controller.quorum.voters=1@127.0.0.1:{controllerPort}
        listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controllerPort}
        advertised.listeners=PLAINTEXT://127.0.0.1:{port}
        controller.listener.names=CONTROLLER
        listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
        log.dirs={data}
        num.partitions=4
        auto.create.topics.enable=false
        offsets.topic.replication.factor=1
        offsets.topic.num.partitions=4
        transaction.state.log.replication.factor=1
        transaction.state.log.min.isr=1
        transaction.state.log.num.partitions=4
        share.coordinator.state.topic.replication.factor=1
        share.coordinator.state.topic.min.isr=1
        group.initial.rebalance.delay.ms=0
        log.segment.delete.delay.ms=1000

        """);
}
