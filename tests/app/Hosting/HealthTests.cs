using System.Net;
using System.Net.Sockets;
using StreamScoring.Testing.Brokers;
using StreamScoring.Testing.Processes;

namespace StreamScoring.App.Tests.Hosting;

public sealed class HealthTests(KafkaFixture kafka) : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("streamscoring-health-");
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(10) };

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _http.Dispose();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public async Task A_stream_is_live_from_the_start_and_ready_once_it_has_joined_its_group()
    {
        var broker = await kafka.UseAsync(KafkaKind.Embedded);
        var (input, output, letters) = (await broker.NewTopicAsync("health.in", 2, Stop), await broker.NewTopicAsync("health.out", 2, Stop), await broker.NewTopicAsync("health.dlq", 1, Stop));
        var port = FreePort();
        await using var stream = ChildProcess.StartProgram(["stream", "--bootstrap", broker.BootstrapServers, "--config", Config(port, input, output, letters)]);
        await WaitForAsync(stream, port, "/livez", HttpStatusCode.OK);
        await WaitForAsync(stream, port, "/readyz", HttpStatusCode.OK);

        Assert.Equal((HttpStatusCode.OK, "ok\n"), await GetAsync(port, "/readyz"));
        Assert.Equal(HttpStatusCode.NotFound, (await GetAsync(port, "/")).Status);
        using var post = await _http.PostAsync(new Uri($"http://127.0.0.1:{port}/livez"), null, Stop);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, post.StatusCode);
        using var head = await _http.SendAsync(new HttpRequestMessage(HttpMethod.Head, new Uri($"http://127.0.0.1:{port}/readyz")), Stop);
        Assert.Equal(HttpStatusCode.OK, head.StatusCode);

        // The port is taken: a second one says so.
        var second = await Program.RunAsync(["stream", "--bootstrap", broker.BootstrapServers, "--config", Config(port, input, output, letters)]);
        Assert.Equal(1, second.ExitCode);
        Assert.Contains(second.Errors, line => line.Contains("Health:Port", StringComparison.Ordinal));

        stream.Signal(ProcessSignal.Terminate);
        Assert.Equal(0, await stream.WaitForExitAsync(Limit, Stop));
    }

    [Fact]
    public async Task A_stream_without_its_broker_is_live_and_not_ready()
    {
        var port = FreePort();
        await using var stream = ChildProcess.StartProgram(["stream", "--bootstrap", "127.0.0.1:1", "--config", Config(port, "a", "b", "c")]);
        await WaitForAsync(stream, port, "/livez", HttpStatusCode.OK);
        var (status, reason) = await GetAsync(port, "/readyz");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, status);
        Assert.StartsWith("starting", reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_broker_that_goes_away_leaves_a_stream_live_and_not_ready_until_it_is_back()
    {
        using var broker = new EmbeddedKafkaBroker();
        foreach (var topic in new[] { "in", "out", "dlq" }) await broker.CreateTopicAsync(topic, 2, Stop);
        var port = FreePort();
        await using var stream = ChildProcess.StartProgram(["stream", "--bootstrap", broker.BootstrapServers, "--config", Config(port, "in", "out", "dlq")]);
        await WaitForAsync(stream, port, "/readyz", HttpStatusCode.OK);

        broker.Kafka.StopBroker(1);
        await WaitForAsync(stream, port, "/readyz", HttpStatusCode.ServiceUnavailable);
        var (_, reason) = await GetAsync(port, "/readyz");
        Assert.StartsWith("waiting for partitions to be assigned: ", reason, StringComparison.Ordinal);
        Assert.Contains(broker.BootstrapServers, reason, StringComparison.Ordinal);
        Assert.Equal((HttpStatusCode.OK, "ok\n"), await GetAsync(port, "/livez"));

        broker.Kafka.RestartBroker(1);
        await WaitForAsync(stream, port, "/readyz", HttpStatusCode.OK);
        Assert.Equal((HttpStatusCode.OK, "ok\n"), await GetAsync(port, "/livez"));
    }

    [Fact]
    public async Task The_main_job_serves_them_too()
    {
        var port = FreePort();
        await using var job = ChildProcess.StartProgram(["--config", Program.IdentityNodes, "--log-level", "debug"], new ChildProcessOptions
        {
            WorkingDirectory = _folder.FullName,
            Environment = new Dictionary<string, string?> { ["STREAMSCORING__Health__Port"] = $"{port}", ["STREAMSCORING__Feed__MaxPerSecond"] = "20" },
        });
        await WaitForAsync(job, port, "/livez", HttpStatusCode.OK);
        await WaitForAsync(job, port, "/readyz", HttpStatusCode.OK);
        await job.WaitForOutputAsync(static line => line.StartsWith('{'), Limit, Stop);

        var second = await Program.RunAsync([], new() { ["STREAMSCORING__Health__Port"] = $"{port}" });
        Assert.Equal(1, second.ExitCode);
        Assert.Contains(second.Errors, static line => line.Contains("Health:Port", StringComparison.Ordinal));

        job.Signal(ProcessSignal.Interrupt);
        Assert.Equal(0, await job.WaitForExitAsync(Limit, Stop));
        await Assert.ThrowsAsync<HttpRequestException>(() => GetAsync(port, "/livez"));
    }

    private string Config(int port, string input, string output, string letters)
    {
        var path = Path.Combine(_folder.FullName, "health.json");
        File.WriteAllText(path, $$"""
            {
              "Kafka": { "GroupId": "{{input}}", "Guarantee": "at-least-once" },
              "Nodes": [ { "Name": "copy", "Kind": "identity", "Input": "{{input}}", "Output": "{{output}}" } ],
              "DeadLetterTopic": "{{letters}}",
              "Health": { "Port": {{port}} }
            }
            """);
        return path;
    }

    private async Task WaitForAsync(ChildProcess stream, int port, string path, HttpStatusCode status)
    {
        var startedAt = TimeProvider.System.GetTimestamp();
        while (true)
        {
            try
            {
                if ((await GetAsync(port, path)).Status == status) return;
            }
            catch (HttpRequestException)
            {
                // Not listening yet.
            }
            Assert.True(TimeProvider.System.GetElapsedTime(startedAt) < Limit, $"{path} was not {status} after {Limit}:\n{string.Join('\n', stream.Errors)}");
            await Task.Delay(50, Stop);
        }
    }

    private async Task<(HttpStatusCode Status, string Text)> GetAsync(int port, string path)
    {
        using var response = await _http.GetAsync(new Uri($"http://127.0.0.1:{port}{path}"), Stop);
        return (response.StatusCode, await response.Content.ReadAsStringAsync(Stop));
    }

    // Below the range that Linux gives to outgoing connections: until the program listens, nobody else takes it.
    private static int FreePort()
    {
        for (var port = 18_000 + (Environment.ProcessId % 1_000); ; port++)
        {
            try
            {
                using var listener = new TcpListener(IPAddress.Loopback, port);
                listener.Start();
                return port;
            }
            catch (SocketException)
            {
                // Taken.
            }
        }
    }
}
