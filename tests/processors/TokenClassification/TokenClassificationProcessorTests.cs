using CsCheck;
using StreamScoring.Processors.Models;
using StreamScoring.Processors.Onnx;
using StreamScoring.Processors.Tests.Models;
using StreamScoring.Processors.TokenClassification;
using StreamScoring.Schemas;

namespace StreamScoring.Processors.Tests.TokenClassification;

public sealed class TokenClassificationProcessorTests : IDisposable
{
    private readonly TemporaryModel _model = TemporaryModel.Entities();
    private readonly TokenClassificationProcessor _processor;

    public TokenClassificationProcessorTests() => _processor = new TokenClassificationProcessor(_model.Load());

    public void Dispose()
    {
        _processor.Dispose();
        _model.Dispose();
    }

    private static string Show(Article article) =>
        string.Join(' ', article.Entities!.Select(e => $"{e.Type}:{e.Text}@{e.Field}{e.Start}"));

    [Fact]
    public void Names_are_found_in_title_and_body_with_their_place()
    {
        var article = _processor.Score("Ann in London", "The rain. John Smith of Acme met Ann.");
        Assert.Equal("PER:Ann@Title0 LOC:London@Title7 PER:John Smith@Body10 ORG:Acme@Body24 PER:Ann@Body33", Show(article));
        Assert.All(article.Entities!, e => Assert.InRange(e.Score, 0.9f, 1f));
    }

    [Fact]
    public void The_model_is_named() =>
        Assert.Equal(new ModelIdentity("small", "1.2.3", _model.Sha256("model.onnx")), _processor.Model);

    [Fact]
    public void An_inside_label_cannot_open_an_entity() =>
        // "smith" alone says I-PER: the best path that makes sense has another label for it.
        Assert.DoesNotContain("PER:Smith", Show(_processor.Score("", "The Smith rain")), StringComparison.Ordinal);

    [Fact]
    public void No_name_goes_on_over_an_empty_line()
    {
        Assert.Equal("PER:John\nSmith@Body0", Show(_processor.Score("", "John\nSmith")));
        Assert.StartsWith("PER:John@Body0", Show(_processor.Score("", "John\n\nSmith")), StringComparison.Ordinal);
        Assert.DoesNotContain("Smith", _processor.Score("", "John\n\nSmith").Entities![0].Text, StringComparison.Ordinal);
    }

    [Fact]
    public void The_last_stop_of_an_acronym_belongs_to_it()
    {
        Assert.Equal("LOC:U.S.@Body3", Show(_processor.Score("", "in U.S. news")));
        Assert.Equal("LOC:U.S.@Body3", Show(_processor.Score("", "in U.S.")));
        Assert.Equal("LOC:London@Body3", Show(_processor.Score("", "in London.")));
    }

    [Fact]
    public void No_text_gives_no_entities()
    {
        var article = _processor.Score("", "", out var warnings);
        Assert.Empty(article.Entities!);
        Assert.Null(warnings);
    }

    [Fact]
    public void Scoring_again_overwrites()
    {
        var article = ArticleScoring.Article("Ann", "");
        _processor.Process([article, article], new IReadOnlyList<string>?[2], CancellationToken.None);
        Assert.Single(article.Entities!);
    }

    [Fact]
    public void Every_name_of_a_long_text_is_found_once_whatever_windows_it_lies_in()
    {
        for (var words = 1; words < 120; words += 7)
        {
            var body = string.Concat(Enumerable.Repeat("the John Smith, ", words));
            var article = _processor.Score("", body);
            Assert.Equal(Enumerable.Range(0, words).Select(i => 16 * i + 4), article.Entities!.Select(e => e.Start));
            Assert.All(article.Entities!, e => Assert.Equal("John Smith", e.Text));
        }
    }

    [Fact]
    public void A_text_longer_than_the_limit_is_read_up_to_it_and_says_so()
    {
        using var processor = new TokenClassificationProcessor(_model.Load(), new ModelProcessorOptions { MaxTokens = 100 });
        var article = processor.Score("Ann", string.Concat(Enumerable.Repeat("London ", 500)), out var warnings);
        Assert.Equal(100, article.Entities!.Count);
        Assert.Equal(["truncated at 100 tokens"], warnings);
    }

    [Fact]
    public void Ten_megabytes_are_read_up_to_the_limit()
    {
        var article = _processor.Score("", string.Concat(Enumerable.Repeat("London rain ", 900_000)), out var warnings);
        Assert.Equal(8_192, article.Entities!.Count);
        Assert.Equal(["truncated at 16384 tokens"], warnings);
    }

    [Fact]
    public void Text_equals_its_slice_and_spans_are_sorted_and_apart_whatever_the_text()
    {
        string[] parts = ["John", "smith", " ", "\u0301", "London", "-", ".", "\n", "\u200D", "\0", "\uD83D", "\uDE00", "acme", "\uD83D\uDE00", "\u00A0", "x"];
        Gen.Int[0, parts.Length - 1].Array[0, 120].Sample(
            indices =>
            {
                var text = string.Concat(indices.Select(i => parts[i]));
                var article = _processor.Score(text, text);
                foreach (var field in (ArticleField[])[ArticleField.Title, ArticleField.Body])
                {
                    var end = 0;
                    foreach (var e in article.Entities!.Where(e => e.Field == field))
                    {
                        Assert.Equal(text[e.Start..e.End], e.Text);
                        Assert.True(e.Start >= end);
                        Assert.Equal(e.Text.Trim(), e.Text);
                        // No word is cut in two.
                        Assert.False(e.Start > 0 && char.IsLetter(text[e.Start - 1]) && char.IsLetter(text[e.Start]));
                        Assert.False(e.End < text.Length && char.IsLetter(text[e.End - 1]) && char.IsLetter(text[e.End]));
                        end = e.End;
                    }
                }
            },
            iter: 300);
    }

    [Fact]
    public void The_answer_does_not_depend_on_the_batch_or_the_thread()
    {
        var texts = Enumerable.Range(0, 40).Select(i => ("Ann", string.Concat(Enumerable.Repeat("John Smith of Acme ", i + 1)))).ToArray();
        var alone = texts.Select(t => _processor.Score(t.Item1, t.Item2).Fingerprint()).ToArray();
        using var batching = new TokenClassificationProcessor(
            _model.Load(), new ModelProcessorOptions { Onnx = new OnnxModelOptions { RowsPerRun = 7 } });
        foreach (var processor in (IArticleProcessor[])[_processor, batching])
        {
            var articles = texts.Select(t => ArticleScoring.Article(t.Item1, t.Item2)).ToArray();
            processor.Process(articles, new IReadOnlyList<string>?[articles.Length], CancellationToken.None);
            Assert.Equal(alone, articles.Select(a => a.Fingerprint()));
            var parallel = texts.Select(t => ArticleScoring.Article(t.Item1, t.Item2)).ToArray();
            Parallel.ForEach(parallel, article => processor.Process([article], new IReadOnlyList<string>?[1], CancellationToken.None));
            Assert.Equal(alone, parallel.Select(a => a.Fingerprint()));
        }
    }

    [Fact]
    public void A_cancelled_call_ends()
    {
        using var source = new CancellationTokenSource();
        source.Cancel();
        var articles = new[] { ArticleScoring.Article("Ann", "") };
        Assert.ThrowsAny<OperationCanceledException>(() => _processor.Process(articles, new IReadOnlyList<string>?[1], source.Token));
    }

    [Fact]
    public void A_disposed_processor_says_so()
    {
        _processor.Dispose();
        Assert.Throws<ObjectDisposedException>(() => _processor.Score("Ann", ""));
    }

    [Fact]
    public void Casing_reaches_the_graph_through_the_token_types()
    {
        // By word nothing is known; by casing class: capitalized → PER, all capitals → ORG.
        var types = new float[CasingClass.Count, TemporaryModel.EntityLabels.Length];
        for (var type = 0; type < CasingClass.Count; type++) types[type, 0] = 2;
        types[CasingClass.Capitalized, 1] = 6;
        types[CasingClass.Upper, 3] = 6;
        var manifest = TemporaryModel.Manifest(ModelTask.TokenClassification, TemporaryModel.EntityLabels);
        manifest["token_types"] = "casing";
        var zeros = TemporaryModel.Table(TemporaryModel.EntityLabels.Length, _ => 0);
        using var model = TemporaryModel.Create(StreamScoring.Processors.Tests.Onnx.GraphWriter.PerToken(zeros, types), manifest);
        using var processor = new TokenClassificationProcessor(model.Load());
        Assert.Equal("PER:John@Body4 ORG:ACME@Body12", Show(processor.Score("", "the John of ACME rain")));
    }

    [Theory]
    [InlineData("", 0)]
    [InlineData("--", 0)]
    [InlineData("rain", 1)]
    [InlineData("Rain", 2)]
    [InlineData("RAIN", 3)]
    [InlineData("A", 4)]
    [InlineData("iPhone", 5)]
    [InlineData("McDonald", 5)]
    [InlineData("2024", 6)]
    [InlineData("G7", 7)]
    [InlineData("\u00C9cole", 2)]
    public void Casing_classes(string word, int expected) => Assert.Equal(expected, CasingClass.Of(word));
}
