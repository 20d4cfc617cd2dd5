using StreamScoring.Processors.Identity;

namespace StreamScoring.Processors.Tests;

public sealed class ProcessorRegistryTests
{
    private static ProcessorSettings Settings(string kind) => new("node", kind, null, new ModelProcessorOptions());

    [Fact]
    public void The_four_kinds_are_there() =>
        Assert.Equal(
            ["extractive-summarization", "identity", "text-classification", "token-classification"],
            ProcessorRegistry.CreateDefault().Kinds);

    [Fact]
    public void A_kind_of_ones_own_can_be_registered_once()
    {
        var registry = ProcessorRegistry.CreateDefault().Register("mine", _ => new IdentityProcessor());
        using var processor = registry.Create(Settings("mine"));
        Assert.Null(processor.Model);
        Assert.Throws<ArgumentException>(() => registry.Register("mine", _ => new IdentityProcessor()));
    }

    [Fact]
    public void An_unknown_kind_and_a_missing_model_are_named()
    {
        var registry = ProcessorRegistry.CreateDefault();
        var unknown = Assert.Throws<ArgumentException>(() => registry.Create(Settings("translation")));
        Assert.Contains("translation", unknown.Message, StringComparison.Ordinal);
        Assert.Contains("identity", unknown.Message, StringComparison.Ordinal);
        var missing = Assert.Throws<ArgumentException>(() => registry.Create(Settings("token-classification")));
        Assert.Contains("needs a model", missing.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Identity_leaves_an_article_as_it_is()
    {
        using var processor = new IdentityProcessor();
        var article = processor.Score("title", "body", out var warnings);
        Assert.Null(article.Topic);
        Assert.Null(article.Entities);
        Assert.Null(article.Summary);
        Assert.Null(warnings);
    }
}
