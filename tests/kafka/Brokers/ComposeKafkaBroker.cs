using System.Globalization;
using StreamScoring.Testing.Internal;
using StreamScoring.Testing.Processes;

namespace StreamScoring.Testing.Brokers;

/// <summary>A broker from docker-compose.kafka.yml, in a project and on a port of this test process's own.</summary>
public sealed class ComposeKafkaBroker : IKafkaBroker, IAsyncDisposable
{
    private static readonly TimeSpan PullTimeout = TimeSpan.FromMinutes(5);

    private readonly string _file = WriteFile();
    private readonly string _project;
    private readonly int _port;

    private ComposeKafkaBroker(string project, int port)
    {
        _project = project;
        _port = port;
    }

    /// <inheritdoc/>
    public string Name => "docker compose";

    /// <inheritdoc/>
    public string BootstrapServers => $"127.0.0.1:{_port}";

    /// <inheritdoc/>
    public Task CreateTopicAsync(string name, int partitions, CancellationToken cancellationToken = default) =>
        KafkaAdmin.CreateTopicAsync(BootstrapServers, name, partitions, cancellationToken);

    /// <summary>Starts it where a Docker engine answers.</summary>
    /// <returns>The broker, or why there is none.</returns>
    public static async Task<(ComposeKafkaBroker? Broker, string WhyNone)> TryStartAsync(
        CancellationToken cancellationToken = default)
    {
        var port = LoopbackPorts.Take();
        var broker = new ComposeKafkaBroker($"streamscoring-tests-{Environment.ProcessId}-{port}", port);
        if (await DockerAsync(port, TimeSpan.FromSeconds(15), ["info"], cancellationToken) is { } noEngine)
        {
            File.Delete(broker._file);
            return (null, $"and no Docker engine answered ({noEngine})");
        }

        if (await broker.ComposeAsync(["up", "--detach", "--wait"], cancellationToken) is not { } failure)
        {
            return (broker, "");
        }
        await broker.DisposeAsync();
        return (null, $"and docker compose could not start one ({failure})");
    }

    /// <summary>Removes the containers and their volumes.</summary>
    public async ValueTask DisposeAsync()
    {
        await ComposeAsync(["down", "--volumes", "--timeout", "1"], CancellationToken.None);
        File.Delete(_file);
    }

    private Task<string?> ComposeAsync(string[] arguments, CancellationToken cancellationToken) => DockerAsync(
        _port, PullTimeout,
        ["compose", "--file", _file, "--project-name", _project, .. arguments],
        cancellationToken);

    // The package brings the file along: a user's tests run in another repository.
    private static string WriteFile()
    {
        var path = Path.Combine(Path.GetTempPath(), $"streamscoring-{Guid.NewGuid():N}.yml");
        using var source = typeof(ComposeKafkaBroker).Assembly.GetManifestResourceStream("docker-compose.kafka.yml")!;
        using var target = File.Create(path);
        source.CopyTo(target);
        return path;
    }

    // Null when it worked, otherwise the last thing it said.
    private static async Task<string?> DockerAsync(
        int port, TimeSpan timeout, string[] arguments, CancellationToken cancellationToken)
    {
        try
        {
            await using var docker = ChildProcess.Start("docker", arguments, new ChildProcessOptions
            {
                MergeErrors = true,
                Environment = new Dictionary<string, string?>
                {
                    ["KAFKA_PORT"] = port.ToString(CultureInfo.InvariantCulture),
                },
            });
            var code = await docker.WaitForExitAsync(timeout, cancellationToken);
            return code == 0 ? null : docker.Output.LastOrDefault(line => line.Length > 0) ?? $"exit code {code}";
        }
        catch (Exception error) when (error is TimeoutException or System.ComponentModel.Win32Exception)
        {
            return error.Message;
        }
    }
}
