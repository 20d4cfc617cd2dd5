using System.Text.RegularExpressions;
using Spectre.Console;
using Spectre.Console.Testing;
using StreamScoring.App.View;
using StreamScoring.Schemas;

namespace StreamScoring.App.Tests.View;

public sealed partial class ScreenTests
{
    public static TheoryData<int, int> Sizes => new()
    {
        { 80, 24 }, { 120, 40 }, { 40, 10 }, { 200, 60 }, { 81, 25 },
    };

    [Theory, MemberData(nameof(Sizes))]
    public void A_frame_never_leaves_the_terminal(int width, int height)
    {
        foreach (var state in new[] { State(), State() with { LastArticle = null }, State(Article(new string('字', 4000))), State(Article("")), Troubled() })
        {
            var lines = Draw(state, width, height).Output.ReplaceLineEndings("\n").Split('\n');

            Assert.True(lines.Length <= height, $"{lines.Length} lines on {height}");
            foreach (var line in lines) Assert.True(new Spectre.Console.Rendering.Segment(line).CellCount() <= width, line);
        }
    }

    [Fact]
    public void It_shows_rates_lag_latency_dead_letters_and_the_last_article()
    {
        var output = Draw(State(), 120, 40).Output;

        foreach (var shown in new[]
        {
            "127.0.0.1:9092", "running", "12.3 articles/s", "p50 840 ms", "1,234 enriched", "2 dead letters", "articles → articles.topic",
            "entities", "summary", "news.db", "World", "87%", "Ada Lovelace met Charles Babbage", "The machine weaves.", "Ctrl-C drains and stops",
        })
        {
            Assert.Contains(shown, output, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Entities_are_coloured_in_place_by_their_type()
    {
        var article = Article("Ada Lovelace lived in London.",
            new Entity { Type = "PER", Text = "Ada Lovelace", Field = ArticleField.Body, Start = 0, End = 12, Score = 1 },
            new Entity { Type = "LOC", Text = "London", Field = ArticleField.Body, Start = 22, End = 28, Score = 1 });

        var output = Draw(State(article), 120, 40, ansi: true).Output;

        Assert.Equal("Ada Lovelace", ColouredBy(output, ViewColors.Entity("PER"), "Ada Lovelace"));
        Assert.Equal("London", ColouredBy(output, ViewColors.Entity("LOC"), "London"));
    }

    [Fact]
    public void Markup_and_control_characters_in_an_article_are_text()
    {
        var hostile = "[red]not markup[/] [link=http://evil]x[/] \e[31mred\e]0;title\a \u009b2J \u202Eright to left\0end";
        var article = Article(hostile);
        article.Title = hostile;
        article.Topic!.Label = hostile;
        article.Summary!.Text = hostile;

        var output = Draw(State(article) with { Notice = hostile }, 120, 40).Output;

        Assert.Contains("[red]not markup[/]", output, StringComparison.Ordinal);
        Assert.DoesNotMatch(ControlCharacters(), output.ReplaceLineEndings(""));
    }

    [Fact]
    public void Spans_that_do_not_fit_the_text_do_no_harm()
    {
        var article = Article("short",
            new Entity { Type = "PER", Text = "x", Field = ArticleField.Body, Start = -5, End = 2, Score = 1 },
            new Entity { Type = "PER", Text = "x", Field = ArticleField.Body, Start = 3, End = 999, Score = 1 },
            new Entity { Type = "PER", Text = "x", Field = ArticleField.Body, Start = 4, End = 1, Score = 1 },
            new Entity { Type = "PER", Text = "x", Field = ArticleField.Body, Start = int.MaxValue, End = int.MinValue, Score = 1 });

        Assert.Contains("short", Draw(State(article), 80, 24).Output, StringComparison.Ordinal);
    }

    private static TestConsole Draw(ViewState state, int width, int height, bool ansi = false)
    {
        var console = new TestConsole().Width(width).Height(height).Colors(ColorSystem.TrueColor);
        if (ansi) console.EmitAnsiSequences();
        console.Profile.Capabilities.Unicode = true;
        console.Write(new Screen(state, height));
        return console;
    }

    /// <summary>The text that the escape sequence of a style encloses.</summary>
    private static string? ColouredBy(string output, Style style, string text)
    {
        var console = new TestConsole().Colors(ColorSystem.TrueColor).EmitAnsiSequences();
        console.Write(new Text(text, style));
        var coloured = console.Output.TrimEnd('\n');
        return output.Contains(coloured, StringComparison.Ordinal) ? text : null;
    }

    private static ViewState Troubled() => State() with
    {
        Notice = "the disk is full",
        Sinks = [new SinkRow("sqlite", "news.db", 0, 10, 5, "SQLite file 'news.db': the disk is full.", [])],
    };

    private static ViewState State(Article? article = null) => new()
    {
        State = "running",
        BootstrapServers = "127.0.0.1:9092",
        InputTopic = "articles",
        Uptime = TimeSpan.FromSeconds(100),
        Nodes =
        [
            new NodeRow("topic", "articles", "articles.topic", 12.3, 1240, 3, 2, [1, 2, 3]),
            new NodeRow("entities", "articles.topic", "articles.entities", 12.3, 1238, 1, 0, [3, 2, 1]),
            new NodeRow("summary", "articles.entities", "articles.summary", 12.3, 1234, 0, 0, []),
        ],
        Sinks = [new SinkRow("sqlite", "news.db", 12.3, 1200, 34, null, [1, 1])],
        ArticlesPerSecond = 12.3,
        MedianLatency = TimeSpan.FromMilliseconds(840),
        Articles = 1234,
        DeadLetters = 2,
        TopicCounts = [new("World", 700), new("Sports", 534)],
        LastArticle = article ?? Article("Ada Lovelace met Charles Babbage. The machine weaves. Numbers bloom."),
    };

    private static Article Article(string body, params Entity[] entities) => new()
    {
        Id = "1",
        Title = "The Analytical Engine",
        Body = body,
        Topic = new TopicScore { Label = "World", Score = 0.87f },
        Entities = [.. entities],
        Summary = new Summary { Text = "The machine weaves." },
    };

    [GeneratedRegex(@"[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]")]
    private static partial Regex ControlCharacters();
}
