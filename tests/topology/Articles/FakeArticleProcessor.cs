using StreamScoring.Processors;
using StreamScoring.Schemas;
using StreamScoring.Topology.Testing;

namespace StreamScoring.Topology.Tests.Articles;

/// <summary>A processor of the tests: writes its mark into the attributes, takes its time, fails on bad titles.</summary>
internal sealed class FakeArticleProcessor(string name, ManualTimeProvider? time = null) : IArticleProcessor
{
    private readonly Lock _lock = new();

    public static TimeSpan Duration { get; } = TimeSpan.FromMilliseconds(9);

    public List<int> BatchSizes { get; } = [];

    public bool IsDisposed { get; private set; }

    public ModelIdentity? Model { get; } = new(name + "-model", "1.2", new string('a', 64));

    public void Process(
        ReadOnlySpan<Article> batch, Span<IReadOnlyList<string>?> warnings, CancellationToken cancellationToken)
    {
        lock (_lock) BatchSizes.Add(batch.Length);
        Assert.Equal(batch.Length, warnings.Length);
        time?.Advance(Duration);
        for (var i = 0; i < batch.Length; i++)
        {
            var article = batch[i];
            if (article.Title == $"bad for {name}") throw new InvalidDataException($"{name} cannot read '{article.Title}'");
            article.Attributes[name] = $"{string.Join('+', article.Attributes.Keys.Where(key => key != name).Order())}|{article.Title.Length}";
            Assert.Null(warnings[i]);
            if (article.Title.Length > 20) warnings[i] = ["long title"];
        }
    }

    public void Dispose() => IsDisposed = true;
}
