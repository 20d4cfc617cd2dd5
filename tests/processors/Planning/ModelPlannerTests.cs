using StreamScoring.Processors.Planning;
using StreamScoring.Schemas;

namespace StreamScoring.Processors.Tests.Planning;

public sealed class ModelPlannerTests
{
    [Theory]
    [InlineData(1, "1x1")]
    [InlineData(2, "2x1 1x2")]
    [InlineData(6, "6x1 3x2 1x4")]
    public void Plans_share_the_cores_and_never_put_rows_together(int cores, string plans)
    {
        var candidates = ModelPlan.Candidates(cores, manyRows: false);
        Assert.Equal(plans, string.Join(' ', candidates.Select(plan => $"{plan.Calls}x{plan.IntraOpThreads}")));
        Assert.All(candidates, plan => Assert.Equal(1, plan.RowsPerRun));
    }

    [Fact]
    public void The_quickest_plan_is_chosen_and_every_processor_given_back()
    {
        using var probe = new Probing(plan => plan.IntraOpThreads == 4 ? 10 : 30);
        Assert.Equal(4, probe.Run(cores: 8).IntraOpThreads);
        Assert.Equal(0, probe.Alive);
    }

    [Fact]
    public void A_plan_with_more_threads_in_a_call_must_be_clearly_quicker()
    {
        using var probe = new Probing(plan => plan.IntraOpThreads == 1 ? 100 : 95);
        Assert.Equal(1, probe.Run(cores: 8).IntraOpThreads);
    }

    [Fact]
    public void One_lucky_pass_does_not_decide()
    {
        var calls = 0;
        using var probe = new Probing(plan => plan.IntraOpThreads == 1 ? 30 : Interlocked.Increment(ref calls) <= 6 ? 5 : 40);
        Assert.Equal(1, probe.Run(cores: 2).IntraOpThreads);
    }

    [Fact]
    public void A_quick_model_is_asked_about_more_articles()
    {
        var calls = 0;
        using var probe = new Probing(_ =>
        {
            calls++;
            return 1;
        });
        probe.Run(cores: 2);
        // 24 articles are 6 calls, 6 ms; 96 are 24, long enough.
        Assert.Equal(0, (calls - (2 * 6)) % 24);
        Assert.True(calls > 2 * 24, $"{calls} calls");
    }

    [Fact]
    public void A_model_that_fails_while_it_is_probed_says_so()
    {
        using var probe = new Probing(_ => throw new InvalidOperationException("broken"));
        Assert.Equal("broken", Assert.Throws<InvalidOperationException>(() => probe.Run(cores: 2)).Message);
        Assert.Equal(0, probe.Alive);
    }

    /// <summary>Processors that take as long as told, by a clock that only they move; a pass adds up its calls.</summary>
    private sealed class Probing(Func<ModelPlan, int> callMs) : TimeProvider, IDisposable
    {
        private long _ms;
        private int _alive;

        public int Alive => _alive;

        public override long TimestampFrequency => 1000;

        public override long GetTimestamp() => Interlocked.Read(ref _ms);

        public ModelPlan Run(int cores) => ModelPlanner.Probe(
            ModelPlan.Candidates(cores, manyRows: false),
            plan =>
            {
                Interlocked.Increment(ref _alive);
                return new Fake(this, plan);
            },
            TimeSpan.FromSeconds(1), this, CancellationToken.None);

        public void Dispose() => Assert.Equal(0, _alive);

        private sealed class Fake(Probing owner, ModelPlan plan) : IArticleProcessor
        {
            public ModelIdentity? Model => null;

            public void Process(
                ReadOnlySpan<Article> batch, Span<IReadOnlyList<string>?> warnings, CancellationToken cancellationToken) =>
                Interlocked.Add(ref owner._ms, owner.CallMs(plan));

            public void Dispose() => Interlocked.Decrement(ref owner._alive);
        }

        private int CallMs(ModelPlan plan) => callMs(plan);
    }
}
