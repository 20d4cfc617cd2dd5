using System.Text;
using System.Xml.Linq;
using StreamScoring.Schemas;
using StreamScoring.Testing.Processes;

namespace StreamScoring.App.Tests.Commands;

public sealed class ScoreTests
{
    private static readonly string Samples = Path.Combine(AppContext.BaseDirectory, "samples", "articles.jsonl");

    [Fact]
    public async Task Every_good_line_is_answered_in_order_and_bad_ones_are_named()
    {
        var lines = File.ReadLines(Samples).Take(40).ToList();
        lines.Insert(20, "{\"title\": \"cut");
        lines.Insert(30, """{"id":"empty","title":" ","body":""}""");

        var result = await Program.RunAsync(["score", "-", "--config", Program.IdentityNodes], input: string.Join('\n', lines));

        Assert.Equal(1, result.ExitCode);
        Assert.Equal(
            lines.Where((_, index) => index is not (20 or 30)).Select(IdOf),
            result.Output.Select(IdOf));
        Assert.Equal(["line 21", "line 31"], result.Errors.Where(line => line.StartsWith("line ", StringComparison.Ordinal)).Select(line => line.Split(':')[0]));
        Assert.Equal("40 articles scored, 2 lines could not be.", result.Errors[^1]);
    }

    [Fact]
    public async Task Xml_has_one_article_on_each_line()
    {
        var input = """{"id":"a","title":"<&>","body":"two\nlines \u0001 \"q\""}""";

        var result = await Program.RunAsync(["score", "-", "--format", "xml", "--config", Program.IdentityNodes], input: input);

        Assert.Equal(0, result.ExitCode);
        var article = XElement.Parse(Assert.Single(result.Output));
        Assert.Equal("<&>", article.Elements().Single(element => element.Name.LocalName == "title").Value);
    }

    [Theory]
    [InlineData("json", "\"publishedAt\":\"2026-03-01T12:30:00.000Z\"")]
    [InlineData("xml", "<publishedAt>2026-03-01T12:30:00.000Z</publishedAt>")]
    public async Task Fields_are_spelled_as_asked(string format, string field)
    {
        var input = """{"id":"a","title":"T","body":"B","published_at":"2026-03-01T12:30:00Z"}""";

        var result = await Program.RunAsync(
            ["score", "-", "--format", format, "--config", Program.IdentityNodes], new() { ["STREAMSCORING__Codec__FieldNaming"] = "camelCase" }, input);

        Assert.Equal(0, result.ExitCode);
        Assert.Contains(field, Assert.Single(result.Output), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_bundled_articles_get_topic_entities_and_summary()
    {
        SkipWithoutModels();
        var result = await Program.RunAsync(["score", "-"], input: string.Join('\n', File.ReadLines(Samples).Take(12)));

        Assert.Equal((0, 12), (result.ExitCode, result.Output.Count));
        var entities = 0;
        foreach (var line in result.Output)
        {
            var article = ArticleJson.Read(Encoding.UTF8.GetBytes(line));
            Assert.Equal(1, article.Topic!.Scores.Values.Sum(), 0.01);
            Assert.Equal(["topic", "entities", "summary"], article.Provenance.Select(entry => entry.Node));
            Assert.NotEmpty(article.Summary!.Sentences);
            foreach (var entity in article.Entities!)
            {
                var field = entity.Field == ArticleField.Title ? article.Title : article.Body;
                Assert.Equal(entity.Text, field[entity.Start..entity.End]);
                entities++;
            }
        }
        Assert.True(entities > 12, $"{entities} entities");
    }

    [Fact]
    public async Task The_bundled_models_are_listed_and_verified()
    {
        SkipWithoutModels();

        var listed = await Program.RunAsync(["models", "list"]);
        var verified = await Program.RunAsync(["models", "verify"]);

        Assert.Equal((0, 0), (listed.ExitCode, verified.ExitCode));
        Assert.Equal(["entities: ok", "summary: ok", "topic: ok"], verified.Output);
        Assert.Equal(4, listed.Output.Count);
    }

    [Fact]
    public async Task Ctrl_C_ends_it_with_130()
    {
        await using var program = ChildProcess.StartProgram(["score", "-", "--config", Program.IdentityNodes]);
        await program.Input.WriteLineAsync("""{"id":"a","title":"T","body":"B"}""");
        await program.Input.FlushAsync(TestContext.Current.CancellationToken);
        await program.WaitForOutputAsync(line => line.Contains("\"a\"", StringComparison.Ordinal), null, TestContext.Current.CancellationToken);

        program.Signal(ProcessSignal.Interrupt);

        Assert.Equal(130, await program.WaitForExitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken));
    }

    private static string IdOf(string line) => ArticleJson.Read(Encoding.UTF8.GetBytes(line)).Id;

    internal static void SkipWithoutModels()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "models", "summary", "model.onnx"))) return;
            if (File.Exists(Path.Combine(folder.FullName, "StreamScoring.slnx"))) break;
        }
        Assert.Skip("the bundled models are not in this checkout");
    }
}
