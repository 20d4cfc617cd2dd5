using StreamScoring.Processors.Onnx;
using StreamScoring.Processors.Tests.Models;
using StreamScoring.Processors.TextClassification;
using StreamScoring.Schemas;

namespace StreamScoring.Processors.Tests.TextClassification;

public sealed class TextClassificationProcessorTests : IDisposable
{
    private readonly TemporaryModel _model = TemporaryModel.Topics();
    private readonly TextClassificationProcessor _processor;

    public TextClassificationProcessorTests() => _processor = new TextClassificationProcessor(_model.Load());

    public void Dispose()
    {
        _processor.Dispose();
        _model.Dispose();
    }

    [Theory]
    [InlineData("The goal", "", "Sports")]
    [InlineData("", "The bank price", "Business")]
    [InlineData("The goal", "The bank price", "Business")]
    public void Title_and_body_are_both_read(string title, string body, string label) =>
        Assert.Equal(label, _processor.Score(title, body).Topic!.Label);

    [Fact]
    public void Scores_are_probabilities_of_every_label()
    {
        var topic = _processor.Score("goal", "").Topic!;
        Assert.Equal(["Sports", "Business"], topic.Scores.Keys);
        Assert.Equal(1f, topic.Scores.Values.Sum(), 1e-6f);
        Assert.Equal(1 / (1 + MathF.Exp(-1)), topic.Score, 1e-6f);
        Assert.Equal(topic.Score, topic.Scores[topic.Label]);
    }

    [Fact]
    public void The_temperature_softens_the_scores()
    {
        using var model = TemporaryModel.Topics(manifest => manifest["temperature"] = 2);
        using var processor = new TextClassificationProcessor(model.Load());
        Assert.Equal(1 / (1 + MathF.Exp(-0.5f)), processor.Score("goal", "").Topic!.Score, 1e-6f);
    }

    [Fact]
    public void A_long_body_is_read_to_its_end()
    {
        var body = string.Concat(Enumerable.Repeat("rain ", 300)) + string.Concat(Enumerable.Repeat("bank ", 20));
        var article = _processor.Score("news", body, out var warnings);
        Assert.Equal("Business", article.Topic!.Label);
        Assert.Null(warnings);
    }

    [Fact]
    public void A_model_may_read_the_beginning_only()
    {
        using var model = TemporaryModel.Topics(manifest => manifest["max_windows"] = 1);
        using var processor = new TextClassificationProcessor(model.Load());
        var body = "goal " + string.Concat(Enumerable.Repeat("rain ", 40)) + string.Concat(Enumerable.Repeat("bank ", 200));
        Assert.Equal("Sports", processor.Score("news", body).Topic!.Label);
        Assert.Equal("Business", _processor.Score("news", body).Topic!.Label);
    }

    [Theory]
    [InlineData(0.01, "Sports")]
    [InlineData(0.9999, "Business")]
    public void A_model_may_stop_reading_once_it_is_sure(double sure, string label)
    {
        using var model = TemporaryModel.Topics(manifest => manifest["early_exit"] = sure);
        using var processor = new TextClassificationProcessor(model.Load());
        var body = "goal " + string.Concat(Enumerable.Repeat("rain ", 40)) + string.Concat(Enumerable.Repeat("bank ", 200));
        Assert.Equal(label, processor.Score("news", body).Topic!.Label);
    }

    [Fact]
    public void Articles_that_need_more_windows_get_their_own_in_a_batch_with_others()
    {
        using var model = TemporaryModel.Topics(manifest => manifest["early_exit"] = 0.9999);
        using var processor = new TextClassificationProcessor(
            model.Load(), new ModelProcessorOptions { Onnx = new OnnxModelOptions { RowsPerRun = 4 } });
        string[] bodies =
        [
            "goal", "goal " + string.Concat(Enumerable.Repeat("bank ", 100)), "", "bank", "bank " + string.Concat(Enumerable.Repeat("goal ", 150)),
        ];
        var batch = bodies.Select(body => new Article { Id = "a", Title = "news", Body = body }).ToArray();
        processor.Process(batch, new IReadOnlyList<string>?[batch.Length], TestContext.Current.CancellationToken);
        for (var i = 0; i < batch.Length; i++)
        {
            var expected = processor.Score("news", bodies[i]).Topic!;
            Assert.Equal(expected.Label, batch[i].Topic!.Label);
            Assert.Equal(expected.Score, batch[i].Topic!.Score, 1e-5f);
        }
    }

    [Fact]
    public void Windows_count_alike_and_each_has_the_title()
    {
        // 31 tokens of room: [CLS] goal [SEP] + 28 of the body + [SEP]; every window says goal once.
        var once = _processor.Score("goal", "rain").Topic!.Score;
        var often = _processor.Score("goal", string.Concat(Enumerable.Repeat("rain ", 200))).Topic!.Score;
        Assert.Equal(once, often, 1e-6f);
    }

    [Theory]
    [InlineData("", "")]
    [InlineData(" ", "\n\u200B")]
    public void An_article_without_a_word_has_no_topic_and_a_warning(string title, string body)
    {
        var article = _processor.Score(title, body, out var warnings);
        Assert.Null(article.Topic);
        Assert.Equal(["title and body have no text to score"], warnings);
    }

    [Fact]
    public void A_title_longer_than_a_row_leaves_room_for_the_body()
    {
        var title = string.Concat(Enumerable.Repeat("goal ", 300));
        Assert.Equal("Business", _processor.Score(title, string.Concat(Enumerable.Repeat("bank ", 60))).Topic!.Label);
    }

    [Fact]
    public void Ten_megabytes_are_read_up_to_the_limit()
    {
        var article = _processor.Score("", string.Concat(Enumerable.Repeat("goal ", 2_000_000)), out var warnings);
        Assert.Equal("Sports", article.Topic!.Label);
        Assert.Equal(["truncated at 16384 tokens"], warnings);
    }

    [Fact]
    public void The_answer_does_not_depend_on_the_batch()
    {
        var bodies = Enumerable.Range(1, 30).Select(i => string.Concat(Enumerable.Repeat("bank rain goal ", i))).ToArray();
        var alone = bodies.Select(body => _processor.Score("news", body).Fingerprint()).ToArray();
        using var batching = new TextClassificationProcessor(
            _model.Load(), new ModelProcessorOptions { Onnx = new OnnxModelOptions { RowsPerRun = 4 } });
        foreach (var processor in (IArticleProcessor[])[_processor, batching])
        {
            var articles = bodies.Select(body => ArticleScoring.Article("news", body)).ToArray();
            processor.Process(articles, new IReadOnlyList<string>?[articles.Length], CancellationToken.None);
            Assert.Equal(alone, articles.Select(a => a.Fingerprint()));
        }
    }
}
