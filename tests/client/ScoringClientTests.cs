using Confluent.Kafka;
using StreamScoring.Schemas;
using StreamScoring.Testing.Brokers;
using StreamScoring.Topology.Kafka;

namespace StreamScoring.Client.Tests;

/// <summary>What a caller is promised: its own enriched article, or an error that says why, and never a wait without end.</summary>
public sealed class ScoringClientTests(KafkaFixture kafka)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(ProcessingGuarantee.ExactlyOnce)]
    [InlineData(ProcessingGuarantee.AtLeastOnce)]
    public async Task Two_thousand_calls_in_flight_get_each_its_own_answer(ProcessingGuarantee guarantee)
    {
        const int calls = 2_000;
        await using var stream = await ArticleStream.StartAsync(kafka, guarantee);
        await using var client = await ScoringClient.ConnectAsync(stream.Options, cancellationToken: Stop);

        var answers = await Task.WhenAll(Enumerable.Range(0, calls).Select(async i =>
        {
            try
            {
                return await client.ScoreAsync(ArticleStream.Article($"{i}", i % 100 == 99 ? "bad" : "fine"), Patience, Stop);
            }
            catch (ScoringException exception) when (exception.Error == ScoringError.DeadLettered)
            {
                return null;
            }
        }));

        for (var i = 0; i < calls; i++)
        {
            if (i % 100 == 99)
            {
                Assert.Null(answers[i]);
                continue;
            }
            Assert.Equal($"{i}", answers[i]!.Id);
            Assert.Equal(["first", "second"], answers[i]!.Attributes.Keys.Order());
            Assert.Equal(["first", "second"], answers[i]!.Provenance.Select(entry => entry.Node));
        }
        Assert.Equal(0, client.InFlight);
    }

    [Fact]
    public async Task An_error_says_where_and_why()
    {
        await using var stream = await ArticleStream.StartAsync(kafka, maxAnswerBytes: 1_500);
        await using var client = await ScoringClient.ConnectAsync(stream.Options, cancellationToken: Stop);

        var dead = await Assert.ThrowsAsync<ScoringException>(() => client.ScoreAsync(ArticleStream.Article("1", "bad"), Patience, Stop));
        var large = await Assert.ThrowsAsync<ScoringException>(() => client.ScoreAsync(ArticleStream.Article("2", new string('x', 2_000)), Patience, Stop));
        var late = await Assert.ThrowsAsync<ScoringException>(() => client.ScoreAsync(ArticleStream.Article("3"), DateTimeOffset.UnixEpoch, Stop));
        var vast = await Assert.ThrowsAsync<ScoringException>(() => client.ScoreAsync(ArticleStream.Article("4", new string('x', 2_000_000)), Patience, Stop));
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();

        Assert.Equal((ScoringError.DeadLettered, "second", false), (dead.Error, dead.Node, dead.CanRetry));
        Assert.Contains("the title is bad", dead.Message);
        Assert.Equal(typeof(InvalidDataException).FullName, dead.RemoteException);
        Assert.EndsWith(".dlq", dead.FoundInTopic);
        Assert.Equal(ScoringError.AnswerTooLarge, large.Error);
        Assert.EndsWith(".out", large.FoundInTopic);
        Assert.Equal((ScoringError.TimedOut, true), (late.Error, late.CanRetry));
        Assert.Equal(ScoringError.NotSent, vast.Error);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => client.ScoreAsync(ArticleStream.Article("5"), Patience, cancelled.Token));
        Assert.Equal("6", (await client.ScoreAsync(ArticleStream.Article("6"), Patience, Stop)).Id);
    }

    [Fact]
    public async Task Without_an_answer_a_call_ends_at_its_deadline_and_room_is_bounded()
    {
        // Nobody reads these topics.
        var broker = await kafka.UseAsync(KafkaKind.Real);
        var (requests, replies) = (await broker.NewTopicAsync("client.in", 1, Stop), await broker.NewTopicAsync("client.replies", 1, Stop));
        var options = new ScoringClientOptions
        {
            BootstrapServers = broker.BootstrapServers, RequestTopic = requests, ReplyTopic = replies, MaxInFlight = 1, DrainTimeout = TimeSpan.Zero,
        };
        var client = await ScoringClient.ConnectAsync(options, cancellationToken: Stop);

        var first = client.ScoreAsync(ArticleStream.Article("1"), Patience, Stop);
        var second = await Assert.ThrowsAsync<ScoringException>(() => client.ScoreAsync(ArticleStream.Article("2"), TimeSpan.FromMilliseconds(100), Stop));
        Assert.Equal(ScoringError.TimedOut, second.Error);
        Assert.Contains("was not sent", second.Message);
        Assert.Equal(1, client.InFlight);

        await client.DisposeAsync();
        Assert.Equal(ScoringError.ClientClosed, (await Assert.ThrowsAsync<ScoringException>(() => first)).Error);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => client.ScoreAsync(ArticleStream.Article("3"), Patience, Stop));
    }

    [Fact]
    public async Task Disposing_waits_for_the_answers_under_way_and_a_client_that_went_harms_nobody()
    {
        await using var stream = await ArticleStream.StartAsync(kafka);
        var gone = await ScoringClient.ConnectAsync(stream.Options with { DrainTimeout = TimeSpan.Zero, ReplyPartition = 0 }, cancellationToken: Stop);
        var unanswered = Enumerable.Range(0, 50).Select(i => gone.ScoreAsync(ArticleStream.Article($"gone {i}"), Patience, Stop)).ToArray();
        await gone.DisposeAsync();
        var client = await ScoringClient.ConnectAsync(stream.Options with { DrainTimeout = Patience, ReplyPartition = 0 }, cancellationToken: Stop);
        var calls = Enumerable.Range(0, 50).Select(i => client.ScoreAsync(ArticleStream.Article($"{i}"), Patience, Stop)).ToArray();
        await client.DisposeAsync();

        Assert.All(calls, call => Assert.True(call.IsCompletedSuccessfully));
        Assert.Equal(Enumerable.Range(0, 50).Select(i => $"{i}"), (await Task.WhenAll(calls)).Select(article => article.Id));
        foreach (var call in unanswered) await Record.ExceptionAsync(() => call);
    }

    [Fact]
    public async Task A_client_says_what_is_wrong_before_it_asks()
    {
        var broker = await kafka.UseAsync(KafkaKind.Real);
        var options = new ScoringClientOptions { BootstrapServers = broker.BootstrapServers, ReplyTopic = KafkaBrokerExtensions.NewName("client.none") };

        var missing = await Assert.ThrowsAsync<KafkaException>(() => ScoringClient.ConnectAsync(options, cancellationToken: Stop));
        var mistakes = await Assert.ThrowsAsync<ArgumentException>(() => ScoringClient.ConnectAsync(
            options with { ReplyTopic = "", MaxInFlight = 0, Properties = new Dictionary<string, string> { ["acks"] = "1" } }, cancellationToken: Stop));

        Assert.Contains("There is no reply topic", missing.Error.Reason);
        foreach (var word in new[] { "ReplyTopic", "MaxInFlight", "acks" }) Assert.Contains(word, mistakes.Message);
    }

    [Fact]
    public async Task Room_is_given_in_turn_and_a_waiter_that_gives_up_takes_none()
    {
        var budget = new ByteBudget(maxCalls: 2, maxBytes: 100);
        await budget.EnterAsync(500, Stop);
        using var impatient = new CancellationTokenSource();
        var second = budget.EnterAsync(60, impatient.Token).AsTask();
        var third = budget.EnterAsync(60, Stop).AsTask();
        Assert.False(second.IsCompleted || third.IsCompleted);

        await impatient.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
        budget.Leave(500);
        await third;
        var fourth = budget.EnterAsync(60, Stop).AsTask();
        Assert.False(fourth.IsCompleted);
        budget.Leave(60);
        await fourth;
    }
}
