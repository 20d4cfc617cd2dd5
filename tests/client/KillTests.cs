using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using StreamScoring.Testing.Brokers;
using StreamScoring.Testing.Processes;
using StreamScoring.Testing.Records;

namespace StreamScoring.Client.Tests;

/// <summary>
/// The program is killed again and again while calls are under way: each call ends with one answer or a timeout. Exactly-once
/// the reply topic never holds two answers to one call; at-least-once it may, and the caller still gets one.
/// </summary>
public sealed class KillTests(ITestOutputHelper output)
{
    private const int CallsInFlight = 100;
    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(40);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public Task A_few_kills_exactly_once() => RunAsync("exactly-once", kills: 3);

    [Fact]
    [Trait("Category", "Chaos")]
    public Task A_hundred_kills_exactly_once() => RunAsync("exactly-once", kills: 100);

    [Fact]
    [Trait("Category", "Chaos")]
    public Task Twenty_kills_at_least_once() => RunAsync("at-least-once", kills: 20);

    private async Task RunAsync(string guarantee, int kills)
    {
        await using var broker = await KafkaHomeBroker.StartOrSkipAsync(new KafkaHomeOptions
        {
            // A killed member's partitions move after two seconds instead of ten.
            Properties = new Dictionary<string, string> { ["group.min.session.timeout.ms"] = "500" },
        });
        foreach (var topic in new[] { "in", "1", "out", "dlq", "replies" }) await broker.CreateTopicAsync(topic, 4, Stop);
        using var folder = new TemporaryFolder();
        var config = Path.Combine(folder.Path, "kill.json");
        await File.WriteAllTextAsync(config, Configuration(guarantee), Stop);
        var instances = new[] { Start(broker, config), Start(broker, config) };
        try
        {
            await using var client = await ScoringClient.ConnectAsync(
                new ScoringClientOptions { BootstrapServers = broker.BootstrapServers, RequestTopic = "in", ReplyTopic = "replies" },
                cancellationToken: Stop);
            var tally = new Tally();
            using var enough = new CancellationTokenSource();
            var callers = Enumerable.Range(0, CallsInFlight).Select(number => CallAsync(client, number, tally, enough.Token)).ToArray();

            await tally.WaitForMoreAsync(CallsInFlight, Stop);
            for (var kill = 0; kill < kills; kill++)
            {
                instances[kill % 2].Signal(ProcessSignal.Kill);
                await instances[kill % 2].DisposeAsync();
                instances[kill % 2] = Start(broker, config);
                await tally.WaitForMoreAsync(CallsInFlight, Stop);
            }
            await enough.CancelAsync();
            await Task.WhenAll(callers);

            // One that is told to stop before it runs has nothing to finish, and says so by its exit code.
            foreach (var instance in instances) await instance.WaitForErrorAsync(line => line == "stream running", TimeSpan.FromSeconds(60), Stop);
            foreach (var instance in instances) instance.Signal(ProcessSignal.Terminate);
            foreach (var instance in instances) Assert.Equal(0, await instance.WaitForExitAsync(TimeSpan.FromSeconds(60), Stop));
            var answers = KafkaRecords.ConsumeAll(broker, ["replies"], TimeSpan.FromMinutes(2), Stop).ConvertAll(
                record => Convert.ToHexString(record.Message.Headers.GetLastBytes("kafka_correlationId")));
            var repeated = answers.Count - answers.Distinct().Count();
            output.WriteLine($"{guarantee}, {kills} kills: {tally}; answers in the topic: {answers.Count}, repeated: {repeated}");
            Assert.Equal("", tally.Unexpected);
            Assert.True(answers.Distinct().Count() >= tally.Answered, "an answer was given that the topic does not hold");
            if (guarantee == "exactly-once") Assert.Equal(0, repeated);
        }
        finally
        {
            foreach (var instance in instances) await instance.DisposeAsync();
        }
    }

    private static async Task CallAsync(ScoringClient client, int caller, Tally tally, CancellationToken enough)
    {
        for (var i = 0; !enough.IsCancellationRequested; i++)
        {
            var id = string.Create(CultureInfo.InvariantCulture, $"{caller}-{i}");
            try
            {
                var answer = await client.ScoreAsync(ArticleStream.Article(id), CallTimeout, Stop);
                tally.Add(answered: true, answer.Id == id ? "" : $"{id} was answered with {answer.Id}");
            }
            catch (ScoringException exception) when (exception.Error is ScoringError.TimedOut or ScoringError.DeadlinePassed)
            {
                tally.Add(answered: false, "");
            }
            catch (Exception exception)
            {
                tally.Add(answered: false, exception.Message);
            }
        }
    }

    private static ChildProcess Start(KafkaHomeBroker broker, string config) => ChildProcess.StartProgram(
        ["stream", "--bootstrap", broker.BootstrapServers, "--config", config], new ChildProcessOptions { RetainedLines = 1_000 });

    private static string Configuration(string guarantee) => JsonSerializer.Serialize(new
    {
        Kafka = new
        {
            GroupId = "kill", Guarantee = guarantee, CommitIntervalMs = 20,
            Properties = new Dictionary<string, string> { ["session.timeout.ms"] = "2000", ["heartbeat.interval.ms"] = "500" },
        },
        Nodes = new[]
        {
            new { Name = "first", Kind = "identity", Input = "in", Output = "1" },
            new { Name = "second", Kind = "identity", Input = "1", Output = "out" },
        },
        DeadLetterTopic = "dlq",
        Replies = new { AllowedTopics = new[] { "rep*" } },
    });

    private sealed class Tally
    {
        private readonly Lock _lock = new();
        private int _answered;
        private int _timedOut;
        private string _unexpected = "";

        public int Answered
        {
            get { lock (_lock) return _answered; }
        }

        public string Unexpected
        {
            get { lock (_lock) return _unexpected; }
        }

        public void Add(bool answered, string unexpected)
        {
            lock (_lock)
            {
                if (answered) _answered++;
                else _timedOut++;
                if (_unexpected.Length == 0) _unexpected = unexpected;
            }
        }

        public async Task WaitForMoreAsync(int count, CancellationToken cancellationToken)
        {
            var (target, waited) = (Answered + count, Stopwatch.StartNew());
            while (Answered < target)
            {
                Assert.True(waited.Elapsed < TimeSpan.FromMinutes(2), $"no more answers: {this}, {Unexpected}");
                await Task.Delay(10, cancellationToken);
            }
        }

        public override string ToString()
        {
            lock (_lock) return $"{_answered} calls answered, {_timedOut} timed out";
        }
    }

    private sealed class TemporaryFolder : IDisposable
    {
        public string Path { get; } = Directory.CreateTempSubdirectory("streamscoring-client-").FullName;

        public void Dispose() => Directory.Delete(Path, recursive: true);
    }
}
