using StreamScoring.App.Configuration;

namespace StreamScoring.App.Tests.Configuration;

public sealed class SinkSettingsTests
{
    [Fact]
    public void Sinks_of_every_kind_are_read_with_their_defaults()
    {
        var (options, problems, warnings) = Read("""
            { "Sinks": [
                { "Kind": "postgresql", "ConnectionString": "Host=db;Database=news;Username=me", "Password": "hunter2", "Batch": { "Records": 2000 } },
                { "Kind": "sqlite", "Name": "local", "Path": "a.db", "Topics": [ "articles.topic" ] },
                { "Kind": "files", "Folder": "out", "MaxFileBytes": 1024, "Gzip": true } ] }
            """);

        Assert.Empty(problems);
        Assert.Empty(warnings);
        Assert.Equal(
            [("postgresql", "db:5432/news.streamscoring", 2000, "articles.summary"), ("local", "a.db", 500, "articles.topic"), ("files", "out", 500, "articles.summary")],
            options.Sinks.Select(sink => (sink.Name, sink.Plan.Target, sink.BatchRecords, Assert.Single(sink.Topics))));
        Assert.DoesNotContain("hunter2", string.Concat(options.Sinks.Select(sink => $"{sink} {sink.Plan}")), StringComparison.Ordinal);
    }

    [Fact]
    public void Every_mistake_of_every_sink_is_reported_at_once_without_a_secret()
    {
        var (_, problems, warnings) = Read("""
            { "Sinks": [
                { "Kind": "postgres", "ConnectionString": "Host=db" },
                { "Kind": "postgresql", "Name": "a", "ConnectionString": "Host=db;Pasword=hunter1", "Schema": "News!" },
                { "Kind": "postgresql", "Name": "b", "ConnectionString": "Host=db;Port=hunter2" },
                { "Kind": "postgresql", "Name": "c", "Password": "hunter3", "CommandTimeoutSeconds": 0 },
                { "Kind": "sqlite", "Name": "c", "Path": "", "Batch": { "Records": 0, "LingerMs": -1 } },
                { "Kind": "files", "Folder": "", "MaxFileBytes": 5, "MaxFileSeconds": 0, "Gzip": "maybe", "Topics": [ "x/y" ], "Foldr": "typo" } ] }
            """);

        string[] expected =
        [
            "Sinks:0:Kind: there is no kind of sink 'postgres', did you mean 'postgresql'?", "Sinks:1:ConnectionString: cannot be read", "Sinks:1:Schema: is no name",
            "Sinks:2:ConnectionString: cannot be read", "Sinks:3:ConnectionString: is missing", "Sinks:3:CommandTimeoutSeconds: '0'", "Sinks:4:Name: 'c' is the name of another sink too",
            "Sinks:4:Path: must name a file", "Sinks:4:Batch:Records: '0'", "Sinks:4:Batch:LingerMs: '-1'", "Sinks:5:Folder: must name a folder",
            "Sinks:5:MaxFileBytes: '5'", "Sinks:5:MaxFileSeconds: '0'", "Sinks:5:Gzip: 'maybe'", "Sinks:5:Topics:0: 'x/y' is no topic name",
        ];
        foreach (var complaint in expected) Assert.Contains(problems, problem => problem.StartsWith(complaint, StringComparison.Ordinal));
        Assert.Equal(expected.Length, problems.Count);
        Assert.Contains("Sinks:5:Foldr: there is no such setting, it has no effect. Did you mean Sinks:5:Folder?", warnings);
        Assert.DoesNotContain("hunter", string.Concat(problems) + string.Concat(warnings), StringComparison.Ordinal);
    }

    private static (AppOptions Options, List<string> Problems, List<string> Warnings) Read(string json)
    {
        var (problems, warnings) = (new List<string>(), new List<string>());
        var file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, json);
            var root = ConfigurationLayers.Load("/nonexistent/appsettings.json", file, [], problems);
            return (AppOptionsReader.Read(root, ["identity", "text-classification", "token-classification", "extractive-summarization"], problems, warnings), problems, warnings);
        }
        finally
        {
            File.Delete(file);
        }
    }
}
