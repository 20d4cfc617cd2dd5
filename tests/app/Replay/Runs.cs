using StreamScoring.App.Replay;
using StreamScoring.Schemas;

namespace StreamScoring.App.Tests.Replay;

/// <summary>Folders of runs that a test makes up.</summary>
internal sealed class Runs : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("streamscoring-runs-");

    internal string PathOf(string name) => Path.Combine(_folder.FullName, name);

    /// <summary>Writes a run of topic "articles".</summary>
    internal string Write(string name, IEnumerable<RunResult> results)
    {
        using var writer = CaptureWriter.Create(PathOf(name), "results");
        foreach (var result in results) writer.Add(result.Partition, result.Offset, result.Write);
        writer.Finish(files => new CaptureManifest
        {
            Kind = CaptureManifest.RunKind,
            CreatedAt = DateTimeOffset.UnixEpoch,
            Topic = "articles",
            PartitionCount = 2,
            Complete = true,
            Partitions = files,
            Nodes = [],
            CaptureSha256 = "c",
            Run = new RunFacts("embedded", "max", 1, 0),
        });
        return PathOf(name);
    }

    internal DiffReport Diff(IEnumerable<RunResult> a, IEnumerable<RunResult> b, params string[] tolerances)
    {
        var problems = new List<string>();
        var bounds = Tolerances.With(tolerances, problems);
        Assert.Empty(problems);
        var stop = TestContext.Current.CancellationToken;
        return RunDiff.Compare(
            CaptureFolder.Open(Write("a", a), CaptureManifest.RunKind, stop), CaptureFolder.Open(Write("b", b), CaptureManifest.RunKind, stop), bounds, stop);
    }

    /// <summary>An answer with topic, entities and summary.</summary>
    internal static RunResult Answer(long offset, string label = "Sports", float score = 0.9f, string[]? entities = null, string summary = "Oslo won the cup", long latencyUs = 1_000, int partition = 0)
    {
        const string body = "Oslo won the cup against Bergen and Molde";
        var article = new Article { Id = $"{partition}-{offset}", Title = $"Title <{offset}>", Body = body };
        article.Topic = new TopicScore { Label = label, Score = score, Scores = { [label] = score, ["Other"] = 1 - score } };
        article.Entities = [.. (entities ?? ["Oslo"]).Select(text => new Entity
        {
            Type = "LOC",
            Text = text,
            Field = ArticleField.Body,
            Start = body.IndexOf(text, StringComparison.Ordinal),
            End = body.IndexOf(text, StringComparison.Ordinal) + text.Length,
            Score = 0.8f,
        })];
        article.Summary = new Summary { Text = summary };
        return new RunResult { Partition = partition, Offset = offset, LatencyUs = latencyUs, Outputs = { ["articles.summary"] = new RunOutput(article, null) } };
    }

    public void Dispose() => _folder.Delete(recursive: true);
}
