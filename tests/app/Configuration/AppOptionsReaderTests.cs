using StreamScoring.App.Configuration;
using StreamScoring.Schemas.Registry;

namespace StreamScoring.App.Tests.Configuration;

public sealed class AppOptionsReaderTests
{
    private static readonly string[] Kinds = ["text-classification", "token-classification", "extractive-summarization", "identity"];

    [Fact]
    public void The_file_beside_the_program_says_what_the_program_does_without_it()
    {
        var withFile = Read(baseFile: Path.Combine(AppContext.BaseDirectory, ConfigurationLayers.DefaultFileName));
        var without = Read(baseFile: "/nonexistent/appsettings.json");

        Assert.Empty(withFile.Problems);
        Assert.Empty(withFile.Warnings);
        Assert.Equivalent(without.Options, withFile.Options, strict: true);
        Assert.True(File.Exists(Path.Combine(AppContext.BaseDirectory, ConfigurationLayers.DefaultFileName)));
    }

    [Fact]
    public void Every_mistake_is_reported_at_once_with_its_key_and_place()
    {
        var result = Read(json: """
            {
              "Kafka": { "BootstrapServers": "localhost", "Guarantee": "maybe", "CommitIntervalMs": 0, "MaxInFlightBytes": 5,
                         "Properties": { "linger.mss": "5", "linger.ms": "soon" } },
              "Nodes": [
                { "Name": "a b", "Kind": "text-clasification", "Input": "x/y", "Output": "z" },
                { "Name": "same", "Kind": "identity", "Input": "z", "Output": "z" },
                { "Name": "same", "Kind": "identity", "Input": "z", "Output": "w" },
                { "Name": "needs", "Kind": "token-classification", "Input": "w", "Output": "v", "Batch": { "Records": 0 } }
              ],
              "Fuse": "perhaps",
              "DeadLetterTopic": "",
              "Sinks": [ { "Kind": "oracle" } ],
              "Feed": { "MaxInFlight": 1000, "MaxPerSecond": -1 },
              "Telemetry": { "OtlpEndpoint": "collector:4317" }
            }
            """);

        string[] expected =
        [
            "Kafka:BootstrapServers: 'localhost' is no host:port", "Kafka:Guarantee: 'maybe' must be exactly-once or at-least-once",
            "Kafka:CommitIntervalMs: '0' must be a whole number from 1 to 10000 ms", "Kafka:MaxInFlightBytes: '5'",
            "Kafka:Properties:linger.mss: librdkafka has no such property", "Kafka:Properties:linger.ms: librdkafka does not take this value",
            "Nodes:0:Name: 'a b' is no name", "Nodes:0:Kind: there is no kind 'text-clasification', did you mean 'text-classification'?",
            "Nodes:0:Input: 'x/y' is no topic name", "Nodes:2:Name: 'same' is the name of another node too",
            "Nodes:1:Output: is the node's own input", "Nodes:3:Model: is missing", "Nodes:3:Batch:Records: '0'", "Fuse: 'perhaps'",
            "DeadLetterTopic: is missing", "Sinks:0:Kind: there is no kind of sink 'oracle'", "Feed:MaxInFlight: '1000'",
            "Feed:MaxPerSecond: '-1'", "Telemetry:OtlpEndpoint: 'collector:4317'",
        ];
        foreach (var complaint in expected) Assert.Contains(result.Problems, problem => problem.StartsWith(complaint, StringComparison.Ordinal));
        Assert.Contains(result.Problems, problem => problem.EndsWith("(in user.json).", StringComparison.Ordinal));
        Assert.Equal(expected.Length, result.Problems.Count);
    }

    [Fact]
    public void Answers_come_from_the_last_nodes_where_no_topic_is_named()
    {
        var result = Read(json: """{ "Replies": { "AllowedTopics": ["replies.*", "team-a"], "Format": "as-output" } }""");

        Assert.Empty(result.Problems);
        Assert.Equal(["replies.*", "team-a"], result.Options.Replies.AllowedTopics.Order(StringComparer.Ordinal));
        Assert.Equal(["articles.summary"], result.Options.Replies.AnswerFrom);
        Assert.False(result.Options.Replies.WritesJson);
    }

    [Fact]
    public void A_request_that_would_get_two_answers_is_a_mistake_until_one_topic_is_named()
    {
        const string fork = """
            "Nodes": [
              { "Name": "first", "Kind": "identity", "Input": "a", "Output": "b" },
              { "Name": "left", "Kind": "identity", "Input": "b", "Output": "c" },
              { "Name": "right", "Kind": "identity", "Input": "b", "Output": "d" }
            ],
            """;
        var forked = Read(json: $$"""{ {{fork}} "Replies": { "AllowedTopics": ["r"] } }""");
        var named = Read(json: $$"""{ {{fork}} "Replies": { "AllowedTopics": ["r"], "AnswerFrom": ["d"] } }""");
        var twice = Read(json: $$"""{ {{fork}} "Replies": { "AllowedTopics": ["r"], "AnswerFrom": ["b", "d"] } }""");
        var unasked = Read(json: $$"""{ {{fork}} "Replies": { "AllowedTopics": [] } }""");

        Assert.Contains("by the nodes left and right", Assert.Single(forked.Problems));
        Assert.Empty(named.Problems);
        Assert.Contains("a record of 'b' is an answer and leads to another one", Assert.Single(twice.Problems));
        Assert.Empty(unasked.Problems);
    }

    [Fact]
    public void Mistakes_in_the_replies_are_all_named()
    {
        var result = Read(json: """
            { "Replies": { "AllowedTopics": ["a b", ""], "AnswerFrom": ["nobody"], "MaxAnswerBytes": 1, "AnswersPerSecond": 0, "Format": "xml" } }
            """);

        string[] expected =
        [
            "Replies:AllowedTopics:0: 'a b' is no pattern", "Replies:AllowedTopics:1: a pattern has 1 to 249 characters",
            "Replies:AnswerFrom: no node writes 'nobody'", "Replies:MaxAnswerBytes: '1'", "Replies:AnswersPerSecond: '0'", "Replies:Format: 'xml'",
        ];
        foreach (var complaint in expected) Assert.Contains(result.Problems, problem => problem.StartsWith(complaint, StringComparison.Ordinal));
        Assert.Equal(expected.Length, result.Problems.Count);
    }

    [Fact]
    public void How_a_node_batches_is_said_in_records_rows_tokens_and_time()
    {
        var result = Read(json: """
            { "Nodes": [ { "Name": "n", "Kind": "text-classification", "Model": "m", "Input": "a", "Output": "b",
                           "Batch": { "Records": 64, "Bytes": 65536, "LingerMs": 20, "Rows": 16, "Tokens": 4096, "Threads": 2 } } ] }
            """);

        var node = Assert.Single(result.Options.Nodes);
        Assert.Empty(result.Problems);
        Assert.Empty(result.Warnings);
        Assert.Equal(
            (64, 65536, 20, 16, 4096, 2),
            (node.BatchRecords, node.BatchBytes, node.BatchLingerMs, node.BatchRows, node.BatchTokens, node.BatchThreads));
    }

    [Fact]
    public void A_setting_that_does_not_exist_is_warned_about_with_the_one_that_was_meant()
    {
        var result = Read(json: """{ "Kafka": { "GroupID": "g", "CommitIntervallMs": 5 }, "DeadLeterTopic": "x", "Zebra": 1 }""");

        Assert.Empty(result.Problems);
        Assert.Equal(3, result.Warnings.Count);
        Assert.Contains("Kafka:CommitIntervallMs: there is no such setting, it has no effect. Did you mean Kafka:CommitIntervalMs?", result.Warnings);
        Assert.Contains("DeadLeterTopic: there is no such setting, it has no effect. Did you mean DeadLetterTopic?", result.Warnings);
        Assert.Contains("Zebra: there is no such setting, it has no effect.", result.Warnings);
        Assert.Equal("g", result.Options.Kafka.GroupId);
    }

    [Fact]
    public void A_file_with_nodes_replaces_the_default_nodes_as_a_whole()
    {
        var result = Read(
            json: """{ "Nodes": [ { "Name": "copy", "Kind": "identity", "Input": "in", "Output": "out" } ] }""",
            baseFile: Path.Combine(AppContext.BaseDirectory, ConfigurationLayers.DefaultFileName));

        Assert.Empty(result.Problems);
        var node = Assert.Single(result.Options.Nodes);
        Assert.Equal(("copy", "in", "out"), (node.Name, node.Input, node.Output));
    }

    [Fact]
    public void The_command_line_wins_over_the_file()
    {
        var result = Read(
            json: """{ "Kafka": { "GroupId": "file", "BootstrapServers": "file:1" } }""",
            commandLine: new() { ["Kafka:GroupId"] = "line" });

        Assert.Equal(("line", "file:1"), (result.Options.Kafka.GroupId, result.Options.Kafka.BootstrapServers));
    }

    [Fact]
    public void Nodes_that_go_round_in_a_circle_are_refused()
    {
        var result = Read(json: """
            { "Nodes": [ { "Name": "a", "Kind": "identity", "Input": "x", "Output": "y" },
                         { "Name": "b", "Kind": "identity", "Input": "y", "Output": "x" } ] }
            """);

        Assert.Contains("a -> b -> a", Assert.Single(result.Problems), StringComparison.Ordinal);
    }

    [Fact]
    public void A_secret_is_never_shown()
    {
        var result = Read(json: """{ "Kafka": { "Properties": { "ssl.key.password": "hunter2", "sasl.mechanism": "hunter3", "ssl.keystore.passwordd": "hunter4" } } }""");

        Assert.NotEmpty(result.Problems);
        Assert.DoesNotContain(result.Problems, problem => problem.Contains("hunter2", StringComparison.Ordinal) || problem.Contains("hunter4", StringComparison.Ordinal));
    }

    [Fact]
    public void A_schema_registry_is_read_whole()
    {
        var result = Read(json: """
            { "SchemaRegistry": { "Url": "http://one:8081, https://two/api", "BearerToken": "hunter2", "AutoRegister": false,
                                  "UseLatestVersion": true, "SubjectNameStrategy": "topic-record", "SchemaIdIn": "header", "TimeoutMs": 500 } }
            """);

        Assert.Empty(result.Problems);
        var registry = result.Options.SchemaRegistry!;
        Assert.Equal([new Uri("http://one:8081"), new Uri("https://two/api")], registry.Urls);
        Assert.True(registry.SchemaIdInHeader);
        Assert.Equal(
            ("hunter2", false, true, SubjectNameStrategy.TopicRecord, TimeSpan.FromMilliseconds(500)),
            (registry.BearerToken, registry.AutoRegister, registry.UseLatestVersion, registry.SubjectNames, registry.Timeout));
    }

    [Fact]
    public void Spelling_and_limits_of_articles_are_set_once()
    {
        var result = Read(json: """{ "Codec": { "FieldNaming": "camelCase", "MaxStringBytes": 4096, "MaxItems": 7, "MaxDepth": 3, "MaxResolvedBytes": 5000 } }""");

        Assert.Empty(result.Problems);
        Assert.Equal(Schemas.FieldNaming.CamelCase, result.Options.Codec.FieldNaming);
        var limits = result.Options.Codec.Limits;
        Assert.Equal((4096, 7, 3, 5000), (limits.MaxStringBytes, limits.MaxItems, limits.MaxDepth, limits.MaxResolvedBytes));
        Assert.Equal(2, Read(json: """{ "Codec": { "FieldNaming": "PascalCase", "MaxDepth": 0 } }""").Problems.Count);
    }

    [Fact]
    public void Mistakes_about_a_schema_registry_are_all_reported_and_show_no_secret()
    {
        var result = Read(json: """
            { "SchemaRegistry": { "Url": "http://me:hunter1@one, hunter2", "Username": "me", "Password": "hunter3", "BearerToken": "hunter4",
                                  "CaCertificatePath": "/nonexistent.pem", "SubjectNameStrategy": "none", "SchemaIdIn": "footer", "TimeoutMs": 0 } }
            """);

        Assert.Equal(
            ["BearerToken", "CaCertificatePath", "SchemaIdIn", "SubjectNameStrategy", "TimeoutMs", "Url", "Url"],
            result.Problems.Select(problem => problem.Split(':')[1]).Order(StringComparer.Ordinal));
        Assert.DoesNotContain(result.Problems, problem => problem.Contains("hunter", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("{ \"Kafka\": ", "not valid JSON")]
    [InlineData("[]", "not valid JSON")]
    public void A_file_that_is_no_configuration_is_refused(string json, string complaint)
    {
        var result = Read(json: json);

        Assert.Contains(complaint, Assert.Single(result.Problems), StringComparison.Ordinal);
    }

    private static (AppOptions Options, List<string> Problems, List<string> Warnings) Read(
        string? json = null, string baseFile = "/nonexistent/appsettings.json", Dictionary<string, string?>? commandLine = null)
    {
        var problems = new List<string>();
        var warnings = new List<string>();
        var folder = Directory.CreateTempSubdirectory("streamscoring-options-");
        try
        {
            string? file = null;
            if (json is not null)
            {
                file = Path.Combine(folder.FullName, "user.json");
                File.WriteAllText(file, json);
            }
            var root = ConfigurationLayers.Load(baseFile, file, commandLine ?? [], problems);
            var options = AppOptionsReader.Read(root, Kinds, problems, warnings);
            var shown = problems.ConvertAll(problem => problem.Replace(folder.FullName + Path.DirectorySeparatorChar, "", StringComparison.Ordinal));
            return (options, shown, warnings);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
