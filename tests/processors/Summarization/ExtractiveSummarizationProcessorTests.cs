using CsCheck;
using StreamScoring.Processors.Onnx;
using StreamScoring.Processors.Summarization;
using StreamScoring.Processors.Tests.Models;
using StreamScoring.Schemas;

namespace StreamScoring.Processors.Tests.Summarization;

public sealed class ExtractiveSummarizationProcessorTests : IDisposable
{
    private readonly TemporaryModel _model = TemporaryModel.Summaries();
    private readonly ExtractiveSummarizationProcessor _processor;

    public ExtractiveSummarizationProcessorTests() => _processor = new ExtractiveSummarizationProcessor(_model.Load());

    public void Dispose()
    {
        _processor.Dispose();
        _model.Dispose();
    }

    [Fact]
    public void The_best_sentences_are_given_in_reading_order()
    {
        var summary = _processor.Score("News", "The rain won it. It said the news. The goal of the match.").Summary!;
        Assert.Equal("The rain won it. The goal of the match.", summary.Text);
        Assert.Equal([(0, 16), (35, 57)], summary.Sentences.Select(s => (s.Start, s.End)));
        Assert.All(summary.Sentences, s => Assert.Equal(ArticleField.Body, s.Field));
        Assert.All(summary.Sentences, s => Assert.InRange(s.Score, 0f, 1f));
    }

    [Fact]
    public void A_redundancy_penalty_prefers_another_thing_to_the_same_again()
    {
        const string body = "The goal of the news. The match of the news. The bank of the news.";
        Assert.Equal("The goal of the news. The match of the news.", _processor.Score("", body).Summary!.Text);
        using var model = TemporaryModel.Summaries(manifest => manifest["selection"]!["redundancy_penalty"] = 2);
        using var processor = new ExtractiveSummarizationProcessor(model.Load());
        Assert.Equal("The goal of the news. The bank of the news.", processor.Score("", body).Summary!.Text);
    }

    [Fact]
    public void Boilerplate_is_left_out_where_there_is_anything_else()
    {
        var summary = _processor.Score("", "By John Smith\n\nPhoto: the goal match of the goal.\n\nThe rain said the news. The bank said it.").Summary!;
        Assert.Equal("The rain said the news. The bank said it.", summary.Text);
        Assert.Equal("Photo: goal match.", _processor.Score("", "Photo: goal match.").Summary!.Text);
    }

    [Fact]
    public void Headings_and_the_title_again_are_left_out_too()
    {
        var summary = _processor.Score("The goal match", "The goal match Tuesday, May 3, 2022\n\nGoal match goal\n\nThe rain said the news. The bank said it.").Summary!;
        Assert.Equal("The rain said the news. The bank said it.", summary.Text);
    }

    [Fact]
    public void What_the_text_says_twice_is_said_once()
    {
        var summary = _processor.Score("", "The goal of the match. The rain.\n\nTHE GOAL OF THE MATCH.\n\nThe bank said the news.").Summary!;
        Assert.Equal("The goal of the match. The bank said the news.", summary.Text);
        Assert.Equal("The goal.", _processor.Score("", "The goal. The goal. The goal.").Summary!.Text);
    }

    [Fact]
    public void A_sentence_that_leans_on_another_is_chosen_only_beside_it_or_for_want_of_others()
    {
        using var model = TemporaryModel.Summaries(manifest => manifest["selection"]!["dangling_penalty"] = 10);
        using var processor = new ExtractiveSummarizationProcessor(model.Load());
        Assert.Equal("The rain of London. The bank said no.",
            processor.Score("", "The rain of London. The news of it. But he won the match goal. The bank said no.").Summary!.Text);
        Assert.Equal("The goal of London. But he won the match.",
            processor.Score("", "The rain. The goal of London. But he won the match. The bank said no.").Summary!.Text);
        Assert.Equal("But he won the match.", processor.Score("", "But he won the match.").Summary!.Text);
    }

    [Theory]
    [InlineData("But he said no.", true)]
    [InlineData("“Well, it rained,” Smith said.", true)]
    [InlineData("In addition, the bank closed.", true)]
    [InlineData("\"We go home,\" she said.", true)]
    [InlineData("\"We go home.\"", true)]
    [InlineData("It's over.", true)]
    [InlineData("That was the end.", true)]
    [InlineData("\"We go home,\" John Smith said.", false)]
    [InlineData("This week the bank closed.", false)]
    [InlineData("So far nothing has come of it.", false)]
    [InlineData("Then-president Smith spoke.", false)]
    [InlineData("Andrew Smith spoke.", false)]
    [InlineData("In additional talks they met.", false)]
    [InlineData("The bank, however, closed.", false)]
    [InlineData("", false)]
    public void What_leans_on_the_sentence_before(string sentence, bool expected) => Assert.Equal(expected, DanglingStart.Is(sentence));

    [Fact]
    public void Without_a_body_the_title_is_the_summary()
    {
        var summary = _processor.Score("The goal of John Smith", " ").Summary!;
        Assert.Equal("The goal of John Smith", summary.Text);
        Assert.Equal(ArticleField.Title, Assert.Single(summary.Sentences).Field);
    }

    [Fact]
    public void Without_a_word_there_is_no_summary_but_a_warning()
    {
        Assert.Null(_processor.Score("", "", out var warnings).Summary);
        Assert.Equal(["title and body have no text to score"], warnings);
    }

    [Fact]
    public void The_end_of_a_long_text_is_read_too()
    {
        var body = string.Concat(Enumerable.Repeat("The rain of the news. ", 200)) + "The goal won the match.";
        Assert.EndsWith("The goal won the match.", _processor.Score("", body).Summary!.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_sentence_longer_than_a_window_does_not_stop_the_work()
    {
        var body = string.Concat(Enumerable.Repeat("rain ", 300)) + ". The goal won the match.";
        Assert.EndsWith("The goal won the match.", _processor.Score("", body).Summary!.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Ten_megabytes_are_read_up_to_the_limit()
    {
        var body = string.Concat(Enumerable.Repeat("The goal of the news. ", 500_000));
        Assert.NotNull(_processor.Score("", body, out var warnings).Summary);
        Assert.Equal(["truncated at 16384 tokens"], warnings);
    }

    [Fact]
    public void Sentences_are_slices_in_order_and_the_answer_does_not_depend_on_the_batch()
    {
        string[] parts = ["The goal. ", "rain ", "\n\n", "He won it! ", "\"bank.\" ", "\uD83D", "Mr. John ", "\0", "match", ". "];
        using var batching = new ExtractiveSummarizationProcessor(
            _model.Load(), new ModelProcessorOptions { Onnx = new OnnxModelOptions { RowsPerRun = 5 } });
        Gen.Int[0, parts.Length - 1].Array[0, 80].Select(x => string.Concat(x.Select(i => parts[i]))).Array[1, 5].Sample(
            bodies =>
            {
                var articles = bodies.Select(body => ArticleScoring.Article("", body)).ToArray();
                batching.Process(articles, new IReadOnlyList<string>?[articles.Length], CancellationToken.None);
                foreach (var article in articles)
                {
                    Assert.Equal(_processor.Score("", article.Body).Fingerprint(), article.Fingerprint());
                    if (article.Summary is not { } summary) continue;
                    Assert.InRange(summary.Sentences.Count, 1, 2);
                    Assert.Equal(summary.Text, string.Join(' ', summary.Sentences.Select(s => article.Body[s.Start..s.End])));
                    for (var i = 1; i < summary.Sentences.Count; i++)
                        Assert.True(summary.Sentences[i].Start >= summary.Sentences[i - 1].End);
                }
            },
            iter: 200);
    }

    [Theory]
    [InlineData("Read more: the whole story", true)]
    [InlineData("By Jane Doe", true)]
    [InlineData("By Jane Doe in New York", true)]
    [InlineData("Photo by Jane Doe/Agency", true)]
    [InlineData("Tuesday, September 1, 2015", true)]
    [InlineData("https://example.com/a/b", true)]
    [InlineData("© 2024 Acme. All rights reserved.", true)]
    [InlineData("***", true)]
    [InlineData("By the end of the day the rain had stopped.", false)]
    [InlineData("The image of the bank suffered in 2015.", false)]
    [InlineData("Officials said the bridge would open in May.", false)]
    public void What_is_boilerplate(string sentence, bool expected) => Assert.Equal(expected, Boilerplate.Is(sentence));
}
