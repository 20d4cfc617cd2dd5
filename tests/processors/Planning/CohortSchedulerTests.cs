using System.Collections.Concurrent;
using StreamScoring.Processors.Planning;
using StreamScoring.Schemas;

namespace StreamScoring.Processors.Tests.Planning;

public sealed class CohortSchedulerTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Every_call_gets_its_own_answers_whoever_computes_them()
    {
        var scheduler = new CohortScheduler();
        var models = Enumerable.Range(0, 3).Select(i => new Named($"m{i}")).ToArray();
        var members = models.Select(scheduler.Add).ToArray();
        await Task.WhenAll(Enumerable.Range(0, 4).Select(thread => OnThread(() =>
        {
            var random = new Random(thread);
            for (var call = 0; call < 300; call++)
            {
                var articles = Articles($"{thread}-{call}", random.Next(1, 20));
                foreach (var member in members)
                {
                    var warnings = new IReadOnlyList<string>?[articles.Length];
                    member.Process(articles, warnings, CancellationToken.None);
                    for (var i = 0; i < articles.Length; i++)
                        Assert.Equal([$"{models[Array.IndexOf(members, member)].Name} read {articles[i].Id}"], warnings[i]!);
                }
                Assert.All(articles, static article => Assert.Equal("m0m1m2", article.Body));
            }
        })));
    }

    [Fact]
    public async Task A_thread_first_helps_the_model_whose_turn_it_is()
    {
        var (meanwhile, all) = await CallWhileAnotherIsHeldAsync(articles: 3);
        Assert.Equal(["first a-1", "first a-2", "second b-0"], meanwhile);
        Assert.Equal([.. meanwhile, "first a-0"], all);
    }

    [Fact]
    public async Task A_turn_ends_however_much_there_is_to_do()
    {
        var (meanwhile, all) = await CallWhileAnotherIsHeldAsync(articles: 2000);
        Assert.Equal("second b-0", meanwhile[^1]);
        Assert.InRange(meanwhile.Length, 2, 257);
        Assert.Equal(2001, all.Length);
    }

    [Fact]
    public async Task Who_waits_for_the_last_article_of_its_own_works_on_those_of_others()
    {
        var scheduler = new CohortScheduler();
        using var holds = new ManualResetEventSlim();
        using var isInside = new ManualResetEventSlim();
        var log = new ConcurrentQueue<string>();
        var (first, second) = (new Named("first", log), new Named("second", log));
        // The helper takes the last article of the first call and stays there until its own call was worked off by the first thread.
        var firstThread = 0;
        first.Before = article =>
        {
            if (article.Id == "a-0")
            {
                firstThread = Environment.CurrentManagedThreadId;
                isInside.Set();
                holds.Wait(Patience, CancellationToken.None);
            }
            if (article.Id == "a-1")
            {
                holds.Set();
                SpinWait.SpinUntil(() => log.Contains("second b-0"), Patience);
            }
        };
        var secondBy = 0;
        second.Before = _ => secondBy = Environment.CurrentManagedThreadId;
        var busy = OnThread(() => Process(scheduler.Add(first), Articles("a", 2)));
        Assert.True(isInside.Wait(Patience, CancellationToken.None));
        await OnThread(() => Process(scheduler.Add(second), Articles("b", 1)));
        await busy;
        Assert.Equal(firstThread, secondBy);
        Assert.Equal(["first a-0", "second b-0", "first a-1"], log);
    }

    [Fact]
    public async Task A_failure_is_that_of_its_own_call_alone()
    {
        var scheduler = new CohortScheduler();
        var models = new[] { new Named("m0"), new Named("m1") };
        foreach (var model in models)
        {
            model.Before = static article =>
            {
                if (article.Id.EndsWith("-bad", StringComparison.Ordinal)) throw new InvalidOperationException(article.Id);
            };
        }
        var members = models.Select(scheduler.Add).ToArray();
        await Task.WhenAll(Enumerable.Range(0, 4).Select(thread => OnThread(() =>
        {
            for (var call = 0; call < 300; call++)
            {
                var articles = Articles($"{thread}-{call}", 5);
                if (thread == 0) articles[call % 5].Id = $"{call}-bad";
                var member = members[call % 2];
                if (thread == 0) Assert.Equal($"{call}-bad", Assert.Throws<InvalidOperationException>(() => Process(member, articles)).Message);
                else Process(member, articles);
            }
        })));
    }

    [Fact]
    public void A_call_that_is_cancelled_says_so_and_the_next_one_works()
    {
        var scheduler = new CohortScheduler();
        using var cancelled = new CancellationTokenSource();
        var model = new Named("m");
        model.Before = article =>
        {
            if (article.Id == "a-1") cancelled.Cancel();
        };
        var member = scheduler.Add(model);
        Assert.Throws<OperationCanceledException>(() => member.Process(Articles("a", 5), new IReadOnlyList<string>?[5], cancelled.Token));
        Assert.Equal(2, model.Calls);
        Process(member, Articles("b", 5));
        Assert.Equal(7, model.Calls);
    }

    [Fact]
    public void It_is_the_model_it_wraps_and_disposes_of_it()
    {
        var model = new Named("m");
        var member = new CohortScheduler().Add(model);
        Assert.Same(model.Model, member.Model);
        member.Process([], [], CancellationToken.None);
        Assert.Equal(0, model.Calls);
        member.Dispose();
        Assert.True(model.IsDisposed);
    }

    /// <summary>One thread is held at the first article of a model's call, while another calls a second model with one article.</summary>
    /// <returns>What was computed until the second call came back, and in the end.</returns>
    private static async Task<(string[] Meanwhile, string[] All)> CallWhileAnotherIsHeldAsync(int articles)
    {
        var scheduler = new CohortScheduler();
        using var holds = new ManualResetEventSlim();
        using var isInside = new ManualResetEventSlim();
        var log = new ConcurrentQueue<string>();
        var (first, second) = (new Named("first", log), new Named("second", log));
        first.Before = article =>
        {
            if (article.Id != "a-0") return;
            isInside.Set();
            holds.Wait(Patience, CancellationToken.None);
        };
        var busy = OnThread(() => Process(scheduler.Add(first), Articles("a", articles)));
        Assert.True(isInside.Wait(Patience, CancellationToken.None));
        await OnThread(() => Process(scheduler.Add(second), Articles("b", 1)));
        string[] meanwhile = [.. log];
        holds.Set();
        await busy;
        return (meanwhile, [.. log]);
    }

    private static Article[] Articles(string name, int count) =>
        [.. Enumerable.Range(0, count).Select(i => new Article { Id = $"{name}-{i}" })];

    private static void Process(IArticleProcessor processor, Article[] articles) =>
        processor.Process(articles, new IReadOnlyList<string>?[articles.Length], CancellationToken.None);

    private static Task OnThread(Action action) =>
        Task.Factory.StartNew(action, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    /// <summary>Writes its name into what it reads.</summary>
    private sealed class Named(string name, ConcurrentQueue<string>? log = null) : IArticleProcessor
    {
        private int _calls;

        public string Name => name;

        public Action<Article>? Before { get; set; }

        public int Calls => _calls;

        public bool IsDisposed { get; private set; }

        public ModelIdentity? Model { get; } = new(name, "1", "");

        public void Process(ReadOnlySpan<Article> batch, Span<IReadOnlyList<string>?> warnings, CancellationToken cancellationToken)
        {
            for (var i = 0; i < batch.Length; i++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                Interlocked.Increment(ref _calls);
                Before?.Invoke(batch[i]);
                batch[i].Body += name;
                warnings[i] = [$"{name} read {batch[i].Id}"];
                log?.Enqueue($"{name} {batch[i].Id}");
            }
        }

        public void Dispose() => IsDisposed = true;
    }
}
