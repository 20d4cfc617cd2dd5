using StreamScoring.Processors.Planning;
using StreamScoring.Schemas;

namespace StreamScoring.Processors.Tests.Planning;

public sealed class LimitedProcessorTests
{
    [Fact]
    public async Task No_more_calls_than_planned_are_inside_at_once_and_all_are_answered()
    {
        var inner = new Counting();
        using var limited = new LimitedProcessor(inner, calls: 2);
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Factory.StartNew(
            () =>
            {
                for (var i = 0; i < 200; i++) limited.Process([new Article()], new IReadOnlyList<string>?[1], CancellationToken.None);
            },
            TestContext.Current.CancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default)));
        Assert.Equal(1600, inner.Calls);
        Assert.InRange(inner.Most, 1, 2);
    }

    private sealed class Counting : IArticleProcessor
    {
        private readonly Lock _lock = new();
        private int _inside;

        public ModelIdentity? Model => null;

        public int Calls { get; private set; }

        public int Most { get; private set; }

        public void Process(ReadOnlySpan<Article> batch, Span<IReadOnlyList<string>?> warnings, CancellationToken cancellationToken)
        {
            lock (_lock)
            {
                Calls++;
                Most = Math.Max(Most, ++_inside);
            }
            Thread.Yield();
            lock (_lock) _inside--;
        }

        public void Dispose()
        {
        }
    }
}
