using System.Text;
using Confluent.Kafka;
using Microsoft.Data.Sqlite;
using StreamScoring.App.Tests.DeadLetters;
using StreamScoring.Testing.Brokers;
using StreamScoring.Testing.Processes;
using StreamScoring.Testing.Records;

namespace StreamScoring.App.Tests.Commands;

/// <summary>
/// The program against a broker that asks who one is and grants nothing by itself: each command runs with the rights that
/// docs/security.md gives it, names what it lacks, and shows no secret. Settings come by the environment, as in a container.
/// </summary>
public sealed class SecurityTests(SecurityTests.SecureBroker broker) : IClassFixture<SecurityTests.SecureBroker>
{
    private const string Articles = """
        {"id":"a","title":"Rain","body":"It rained in Oslo."}
        {"id":"b","title":"Sun","body":"The sun shone in Bergen."}
        """;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Each_command_runs_with_the_least_rights()
    {
        var kafka = await broker.StartOrSkipAsync();
        using var setup = await Setup.CreateAsync(kafka);
        var (topics, group) = (setup.Letters.Topics, setup.Group);

        var producer = await setup.UserAsync($"Write topic {topics[0]}");
        Assert.Equal(0, (await setup.RunAsync(producer, ["produce", "-", "--topic", topics[0]], Articles)).ExitCode);

        // Two nodes, exactly-once, and a sink.
        await using (var stream = setup.Start(await setup.UserAsync(
            $"Read topic {topics[0]}", $"Write topic {topics[1]}", $"Read topic {topics[1]}", $"Write topic {topics[2]}", $"Write topic {topics[3]}",
            $"Read group {group}", $"Write transactionalid {group}-*", $"Read topic {topics[2]}", $"Read group {group}.sink.sqlite"), "stream"))
        {
            var reader = await setup.UserAsync($"Read topic {topics[2]}");
            Assert.Equal(0, (await setup.RunAsync(reader, ["consume", "--topic", topics[2], "--count", "2", "--timeout", "60"])).ExitCode);
            while (setup.Rows() < 2)
            {
                Assert.False(stream.HasExited, string.Join('\n', stream.Errors.TakeLast(20)));
                await Task.Delay(50, Stop);
            }
            stream.Signal(ProcessSignal.Terminate);
            Assert.Equal(0, await stream.WaitForExitAsync(Limit, Stop));
            Assert.DoesNotContain(stream.Errors, static line => line.StartsWith("warn", StringComparison.Ordinal));
        }

        setup.Letters.Send([setup.Letters.Of(1)]);
        var looker = await setup.UserAsync($"Read topic {topics[3]}");
        Assert.Contains(setup.Letters.DeadLetterTopic, (await setup.RunAsync(looker, ["dlq", "list"])).Errors[^1], StringComparison.Ordinal);
        string[] replaying =
        [
            $"Read topic {topics[3]}", $"Write topic {topics[1]}", $"Create topic {topics[3]}.replayed", $"Read topic {topics[3]}.replayed",
            $"Write topic {topics[3]}.replayed", $"Write transactionalid {group}-replay-{topics[3]}",
        ];
        var replayer = await setup.UserAsync(replaying);
        var replayed = await setup.RunAsync(replayer, ["dlq", "replay", "--all", "--yes"]);
        Assert.True(replayed.ExitCode == 0, string.Join('\n', replayed.Errors));
    }

    [Theory]
    [InlineData("exactly-once")]
    [InlineData("at-least-once")]
    public async Task A_stream_that_makes_its_topics_and_answers_runs_with_the_least_rights(string guarantee)
    {
        var kafka = await broker.StartOrSkipAsync();
        using var setup = await Setup.CreateAsync(kafka);
        var (topics, group) = (setup.Letters.Topics, setup.Group);
        var (output, letters, replies) = (topics[2] + ".made", topics[3] + ".made", await kafka.Broker.NewTopicAsync("secure.replies", 1, Stop));
        setup.Settings.Add("Nodes__1__Output", output);
        setup.Settings.Add("DeadLetterTopic", letters);
        setup.Settings.Add("Sinks__0__Topics__0", topics[1]);
        setup.Settings.Add("Replies__AllowedTopics__0", replies);
        setup.Settings.Add("Replies__AnswerFrom__0", output);
        string[] command = ["stream", "--guarantee", guarantee, "--create-topics", "1"];
        string[] rights =
        [
            $"Read topic {topics[0]}", $"Write topic {topics[1]}", $"Read topic {topics[1]}", $"Write topic {output}", $"Write topic {letters}",
            $"Read group {group}", $"Read group {group}.sink.sqlite", $"Write topic {replies}",
            .. guarantee == "exactly-once" ? [$"Write transactionalid {group}-*"] : Array.Empty<string>(),
        ];

        var refused = await setup.RunAsync(await setup.UserAsync([.. rights, $"Create topic {output}"]), command);
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains(refused.Errors, line => line.Contains($"{letters}: ", StringComparison.Ordinal) && line.Contains("needs Create on them", StringComparison.Ordinal));

        await using var stream = setup.Start(await setup.UserAsync([.. rights, $"Create topic {output}", $"Create topic {letters}"]), command);
        KafkaRecords.Produce(kafka.Broker, topics[0], new[] { "a", "" }.Select((id, i) => new Message<byte[], byte[]>
        {
            Key = [(byte)i],
            Value = Encoding.UTF8.GetBytes(i == 0 ? $$"""{"id":"{{id}}","title":"T","body":"B"}""" : "no article"),
            Headers = [new Header("kafka_replyTopic", Encoding.UTF8.GetBytes(replies)), new Header("kafka_correlationId", [(byte)i])],
        }));
        var answers = await Task.Run(() => KafkaRecords.Consume(kafka.Broker, replies, 2, Limit, Stop), Stop);

        // The record of one, the error of the other.
        Assert.Equal([0, 1], answers.Select(static answer => (int)answer.Message.Headers.GetLastBytes("kafka_correlationId")[0]).Order());
        stream.Signal(ProcessSignal.Terminate);
        Assert.Equal(0, await stream.WaitForExitAsync(Limit, Stop));
        Assert.DoesNotContain(stream.Errors, static line => line.StartsWith("warn", StringComparison.Ordinal) && !line.Contains("no article", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_capture_and_a_run_of_it_need_the_least_rights()
    {
        var kafka = await broker.StartOrSkipAsync();
        using var setup = await Setup.CreateAsync(kafka);
        KafkaRecords.Produce(kafka.Broker, setup.Letters.Topics[0], Articles.Split('\n').Select(static line => new Message<byte[], byte[]> { Key = [1], Value = Encoding.UTF8.GetBytes(line) }));

        var capturer = await setup.UserAsync($"Read topic {setup.Letters.Topics[0]}");
        var capture = await setup.RunAsync(capturer, ["replay", "capture", setup.PathOf("capture")]);
        Assert.True(capture.ExitCode == 0, string.Join('\n', capture.Errors));
        string[] run = ["replay", "run", setup.PathOf("capture"), "--against", kafka.SaslServers, "--out"];
        var refused = await setup.RunAsync(capturer, [.. run, setup.PathOf("refused")]);
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains(refused.Errors, static line => line.Contains("needs topics of its own (streamscoring-run-", StringComparison.Ordinal));

        var runner = await setup.UserAsync(
            "Create topic streamscoring-run*", "Delete topic streamscoring-run*", "Read topic streamscoring-run*", "Write topic streamscoring-run*",
            "Read group streamscoring-run*", "Delete group streamscoring-run*", "Write transactionalid streamscoring-run*");
        var done = await setup.RunAsync(runner, [.. run, setup.PathOf("run")]);
        Assert.True(done.ExitCode == 0, string.Join('\n', done.Errors));
        Assert.StartsWith("2 of 2 records answered in ", done.Errors[^1], StringComparison.Ordinal);
        // It leaves nothing behind.
        Assert.DoesNotContain(kafka.Admin.GetMetadata(Limit).Topics, static topic => topic.Topic.StartsWith("streamscoring-run", StringComparison.Ordinal));
        Assert.DoesNotContain((await kafka.Admin.ListConsumerGroupsAsync()).Valid, static group => group.GroupId.StartsWith("streamscoring-run", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_a_command_lacks_is_named_at_once()
    {
        var kafka = await broker.StartOrSkipAsync();
        using var setup = await Setup.CreateAsync(kafka);
        var (topics, group) = (setup.Letters.Topics, setup.Group);
        string[] inMemory = [$"Read topic {topics[0]}", $"Write topic {topics[1]}", $"Read topic {topics[1]}", $"Write topic {topics[2]}"];

        await RefusedAsync($"Write on topic {topics[0]}. ", ["produce", "-", "--topic", topics[0]], $"Describe topic {topics[0]}");
        await RefusedAsync($"does not let this user see topic {topics[0]}. ", ["produce", "-", "--topic", topics[0]]);
        await RefusedAsync($"{topics[2]} cannot be read", ["consume", "--topic", topics[2], "--count", "1"], $"Describe topic {topics[2]}");
        await RefusedAsync($"does not let this user see topic {topics[3]}. ", ["stream"], [.. inMemory, $"Read group {group}"]);
        await RefusedAsync($"Read on group {group}. ", ["stream", "--guarantee", "at-least-once"], [.. inMemory, $"Write topic {topics[3]}"]);
        await RefusedAsync(
            $"Write on transactional-id {group}-replay-{topics[3]}. ", ["dlq", "replay", "--all", "--yes"], $"Read topic {topics[3]}",
            $"Create topic {topics[3]}.replayed");

        // A sink that may not read pauses alone, as one whose database is away.
        await using var stream = setup.Start(await setup.UserAsync(
            [.. inMemory, $"Write topic {topics[3]}", $"Read group {group}", $"Write transactionalid {group}-*", $"Read topic {topics[2]}"]), "stream");
        await stream.WaitForErrorAsync(line => line.Contains("Sink sqlite is paused", StringComparison.Ordinal)
            && line.Contains($"Read on group {group}.sink.sqlite. ", StringComparison.Ordinal), Limit, Stop);
        await stream.WaitForErrorAsync(static line => line == "stream running", Limit, Stop);

        async Task RefusedAsync(string reason, string[] command, params string[] rights)
        {
            var result = await setup.RunAsync(await setup.UserAsync(rights), command, Articles);
            Assert.Equal(1, result.ExitCode);
            Assert.Contains(result.Errors, line => line.StartsWith("streamscoring: ", StringComparison.Ordinal) && line.Contains(reason, StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task A_wrong_password_ends_every_command_at_once_and_is_shown_by_none()
    {
        var kafka = await broker.StartOrSkipAsync();
        using var setup = await Setup.CreateAsync(kafka);
        const string secret = "5ec4e7-n0t-t0-be-seen";
        var user = kafka.PlainOf(kafka.NewUser(), secret);
        user["debug"] = "all";
        foreach (var command in new string[][] { ["stream"], ["produce", "-"], ["consume"] })
        {
            var result = await setup.RunAsync(user, [.. command, "--log-level", "trace"], Articles);

            Assert.Equal(1, result.ExitCode);
            Assert.Contains(result.Errors, static line => line.StartsWith("streamscoring: ", StringComparison.Ordinal)
                && line.Contains("Kafka:Properties:sasl.password", StringComparison.Ordinal));
            Assert.DoesNotContain(result.Errors.Concat(result.Output), static line => line.Contains(secret, StringComparison.OrdinalIgnoreCase));
            Assert.Contains(result.Errors, static line => line.Contains("librdkafka", StringComparison.Ordinal));
        }
        foreach (var format in new[] { "text", "json" })
        {
            var described = await setup.RunAsync(user, ["topology", "describe", "--format", format, "--log-level", "trace"]);
            Assert.Equal(0, described.ExitCode);
            Assert.DoesNotContain(described.Errors.Concat(described.Output), static line => line.Contains(secret, StringComparison.OrdinalIgnoreCase));
        }
    }

    /// <summary>Topics and a configuration of two nodes and a sink; who the user is comes by the environment.</summary>
    private sealed class Setup : IDisposable
    {
        private readonly SecureKafka _kafka;
        private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("streamscoring-secure-");

        private Setup(SecureKafka kafka, Letters letters) => (_kafka, Letters) = (kafka, letters);

        internal Letters Letters { get; }

        internal string Group { get; } = KafkaBrokerExtensions.NewName("secure");

        private string Database => Path.Combine(_folder.FullName, "news.db");

        internal static async Task<Setup> CreateAsync(SecureKafka kafka) => new(kafka, await Letters.CreateAsync(kafka.Broker, Stop));

        internal async Task<Dictionary<string, string>> UserAsync(params string[] rights)
        {
            var user = _kafka.NewUser();
            if (rights.Length > 0) await _kafka.GrantAsync(user, rights);
            return _kafka.PlainOf(user);
        }

        /// <summary>Settings of the environment beside who the user is.</summary>
        internal Dictionary<string, string> Settings { get; } = [];

        internal string PathOf(string name) => Path.Combine(_folder.FullName, name);

        internal Task<ProgramResult> RunAsync(Dictionary<string, string> user, string[] command, string input = "") =>
            Program.RunAsync([.. command, "--config", Letters.Config], Environment(user), input);

        internal ChildProcess Start(Dictionary<string, string> user, params string[] command) => ChildProcess.StartProgram(
            [.. command, "--config", Letters.Config], new ChildProcessOptions { Environment = Environment(user) });

        /// <summary>Articles in the sink.</summary>
        internal int Rows()
        {
            if (!File.Exists(Database)) return 0;
            try
            {
                using var connection = new SqliteConnection($"Data Source={Database};Pooling=False;Mode=ReadOnly");
                connection.Open();
                using var command = connection.CreateCommand();
                command.CommandText = "SELECT count(*) FROM articles";
                return Convert.ToInt32(command.ExecuteScalar(), System.Globalization.CultureInfo.InvariantCulture);
            }
            catch (SqliteException)
            {
                // Not created yet, or just being written.
                return 0;
            }
        }

        public void Dispose()
        {
            Letters.Dispose();
            _folder.Delete(recursive: true);
        }

        private Dictionary<string, string?> Environment(Dictionary<string, string> user)
        {
            var environment = user.ToDictionary(static property => "STREAMSCORING__Kafka__Properties__" + property.Key, static property => (string?)property.Value);
            environment["STREAMSCORING__Kafka__BootstrapServers"] = _kafka.SaslServers;
            environment["STREAMSCORING__Kafka__GroupId"] = Group;
            environment["STREAMSCORING__Sinks__0__Kind"] = "sqlite";
            environment["STREAMSCORING__Sinks__0__Path"] = Database;
            foreach (var (name, value) in Settings) environment["STREAMSCORING__" + name] = value;
            return environment;
        }
    }

    /// <summary>The broker of these tests.</summary>
    public sealed class SecureBroker : IAsyncDisposable
    {
        private readonly SecureKafka _kafka = new();

        public ValueTask DisposeAsync() => _kafka.DisposeAsync();

        internal async Task<SecureKafka> StartOrSkipAsync()
        {
            await _kafka.StartOrSkipAsync();
            return _kafka;
        }
    }
}
