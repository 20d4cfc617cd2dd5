using StreamScoring.Processors.Models;
using StreamScoring.Schemas;

namespace StreamScoring.Processors.Tests.Models;

public sealed class DefaultModelTests
{
    private const string Title = "Angela Merkel visits Boeing works in Seattle";

    private const string Body =
        """
        SEATTLE (Reuters) — German Chancellor Angela Merkel visited Boeing's works near Seattle on Tuesday. She met Sarah
        O'Neil, who leads the U.S. company's airliner division, and workers of its Everett plant.

        "We want to buy more," she said. Boeing shares rose 2.5 percent in New York. Airbus, Boeing’s European rival, did
        not comment. Mrs. Merkel flies home to Berlin on Wednesday, her spokesman Steffen Seibert said.
        """;

    private static IArticleProcessor Create(string name)
    {
        var folder = DefaultModels.Load(name);
        return ProcessorRegistry.CreateDefault().Create(
            new ProcessorSettings(name, folder.Manifest.Task, folder, new ModelProcessorOptions()));
    }

    [Theory]
    [InlineData("topic")]
    [InlineData("entities")]
    [InlineData("summary")]
    [InlineData("fast/topic")]
    [InlineData("fast/entities")]
    [InlineData("fast/summary")]
    public void Files_and_self_test_are_as_the_manifest_says(string name) =>
        Assert.Empty(ModelVerifier.Verify(DefaultModels.Load(name), ProcessorRegistry.CreateDefault(), new ModelProcessorOptions()));

    [Fact]
    public void Topic()
    {
        using var processor = Create("topic");
        Assert.Equal("Sports", processor.Score("Arsenal beat Chelsea in cup final", "The striker scored twice after half-time.").Topic!.Label);
        Assert.Equal("Business", processor.Score("Oil prices fall as OPEC raises output", "").Topic!.Label);
        Assert.Equal("Sci/Tech", processor.Score("", "Nasa's probe sent back pictures of the moon, its scientists said.").Topic!.Label);
    }

    [Fact]
    public void Entities()
    {
        using var processor = Create("entities");
        var entities = processor.Score(Title, Body).Entities!;
        var found = entities.Select(e => $"{e.Type} {e.Text}").ToHashSet();
        Assert.Superset(
            (HashSet<string>)["PER Angela Merkel", "ORG Boeing", "LOC Seattle", "LOC Berlin", "LOC New York", "PER Steffen Seibert"],
            found);
        Assert.All(entities, e => Assert.Equal((e.Field == ArticleField.Title ? Title : Body)[e.Start..e.End], e.Text));
    }

    [Fact]
    public void Summary()
    {
        using var processor = Create("summary");
        var summary = processor.Score(Title, Body).Summary!;
        Assert.InRange(summary.Sentences.Count, 1, 4);
        Assert.Contains("Merkel", summary.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("topic")]
    [InlineData("entities")]
    [InlineData("summary")]
    public void The_answer_does_not_depend_on_the_batch_or_the_thread(string name)
    {
        using var processor = Create(name);
        string[] bodies = [Body, "Short.", string.Concat(Enumerable.Repeat(Body + "\n\n", 6)), "", Body[..200]];
        var alone = bodies.Select(body => processor.Score(Title, body).Fingerprint()).ToArray();
        var together = bodies.Select(body => ArticleScoring.Article(Title, body)).ToArray();
        processor.Process(together, new IReadOnlyList<string>?[together.Length], CancellationToken.None);
        Assert.Equal(alone, together.Select(article => article.Fingerprint()));
        var parallel = bodies.Reverse().Select(body => ArticleScoring.Article(Title, body)).ToArray();
        Parallel.ForEach(parallel, article => processor.Process([article], new IReadOnlyList<string>?[1], CancellationToken.None));
        Assert.Equal(alone.Reverse(), parallel.Select(article => article.Fingerprint()));
    }

    [Theory]
    [InlineData("topic")]
    [InlineData("entities")]
    [InlineData("summary")]
    public void Hostile_text_is_scored_like_any_other(string name)
    {
        using var processor = Create(name);
        string[] texts = ["\0", "\uD83D", "\uDE00\uD83D", "\u0301\u0301\u0301", new string('\u0301', 5_000), new string('!', 3_000), "\u202E[SEP][CLS]\u2066", "👩‍👩‍👧‍👦🇩🇪", new string('a', 100_000)];
        foreach (var text in texts)
        {
            var article = processor.Score(text, text);
            Assert.All(article.Entities ?? [], e => Assert.Equal(text[e.Start..e.End], e.Text));
            Assert.All(article.Summary?.Sentences ?? [], s => Assert.InRange(s.End, s.Start + 1, text.Length));
        }
    }
}
