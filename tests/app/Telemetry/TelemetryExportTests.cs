using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Confluent.Kafka;
using StreamScoring.Testing.Brokers;
using StreamScoring.Testing.Processes;
using StreamScoring.Testing.Records;

namespace StreamScoring.App.Tests.Telemetry;

public sealed class TelemetryExportTests(KafkaFixture kafka)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task A_collector_gets_metrics_and_one_trace_for_a_record_through_every_hop()
    {
        var stop = TestContext.Current.CancellationToken;
        const string traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
        var broker = await kafka.UseAsync(KafkaKind.Embedded);
        var topics = new List<string>();
        for (var i = 0; i < 4; i++) topics.Add(await broker.NewTopicAsync("telemetry", 1, stop));
        using var collector = new Collector();
        var config = Program.Write($$"""
            {
              "Kafka": { "GroupId": "{{KafkaBrokerExtensions.NewName("telemetry")}}" },
              "Nodes": [ { "Name": "one", "Kind": "identity", "Input": "{{topics[0]}}", "Output": "{{topics[1]}}" },
                         { "Name": "two", "Kind": "identity", "Input": "{{topics[1]}}", "Output": "{{topics[2]}}" } ],
              "DeadLetterTopic": "{{topics[3]}}",
              "Telemetry": { "OtlpEndpoint": "{{collector.Address}}", "OtlpProtocol": "http", "ExportIntervalMs": 200 }
            }
            """);

        await using var stream = ChildProcess.StartProgram(["stream", "--bootstrap", broker.BootstrapServers, "--config", config]);
        KafkaRecords.Produce(broker, topics[0], [new Message<byte[], byte[]>
        {
            Value = [1],
            Headers = [new Header("traceparent", Encoding.ASCII.GetBytes($"00-{traceId}-00f067aa0ba902b7-01"))],
        }]);
        var result = KafkaRecords.Consume(broker, topics[2], 1, Limit, stop);
        await collector.WaitForAsync("/v1/metrics", Encoding.ASCII.GetBytes("streamscoring.records.in"), stop);
        await collector.WaitForAsync("/v1/traces", Convert.FromHexString(traceId), stop);
        stream.Signal(ProcessSignal.Interrupt);

        Assert.Equal(0, await stream.WaitForExitAsync(Limit, stop));
        var traceparent = Encoding.ASCII.GetString(Assert.Single(result).Message.Headers.GetLastBytes("traceparent"));
        Assert.StartsWith($"00-{traceId}-", traceparent, StringComparison.Ordinal);
        Assert.DoesNotContain("00f067aa0ba902b7", traceparent, StringComparison.Ordinal);
    }

    /// <summary>Takes OTLP over HTTP on a port of its own and keeps the bodies.</summary>
    private sealed class Collector : IDisposable
    {
        private readonly HttpListener _listener = new();
        private readonly ConcurrentQueue<(string Path, byte[] Body)> _requests = new();

        public Collector()
        {
            using (var probe = new TcpListener(IPAddress.Loopback, 0))
            {
                probe.Start();
                Address = $"http://127.0.0.1:{((IPEndPoint)probe.LocalEndpoint).Port}";
            }
            _listener.Prefixes.Add(Address + "/");
            _listener.Start();
            _ = ServeAsync();
        }

        public string Address { get; }

        public async Task WaitForAsync(string path, byte[] bytes, CancellationToken stop)
        {
            var startedAt = TimeProvider.System.GetTimestamp();
            while (!_requests.Any(request => request.Path == path && request.Body.AsSpan().IndexOf(bytes) >= 0))
            {
                Assert.True(TimeProvider.System.GetElapsedTime(startedAt) < Limit, $"{path} never had it; requests: {_requests.Count}");
                await Task.Delay(20, stop);
            }
        }

        public void Dispose() => _listener.Close();

        private async Task ServeAsync()
        {
            try
            {
                while (true)
                {
                    var context = await _listener.GetContextAsync();
                    using var body = new MemoryStream();
                    await context.Request.InputStream.CopyToAsync(body);
                    _requests.Enqueue((context.Request.Url!.AbsolutePath, body.ToArray()));
                    context.Response.Close();
                }
            }
            catch (Exception exception) when (exception is HttpListenerException or ObjectDisposedException)
            {
                // Closed.
            }
        }
    }
}
