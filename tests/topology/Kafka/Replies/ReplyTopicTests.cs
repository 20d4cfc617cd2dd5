using StreamScoring.Topology.Kafka;
using StreamScoring.Topology.Replies;

namespace StreamScoring.Topology.Tests.Kafka.Replies;

/// <summary>Whatever becomes of a reply topic, the stream goes on and other clients get their answers, each once.</summary>
public sealed class ReplyTopicTests(ReplyBroker kafka) : IClassFixture<ReplyBroker>
{
    public static TheoryData<ProcessingGuarantee> Guarantees { get; } = [ProcessingGuarantee.ExactlyOnce, ProcessingGuarantee.AtLeastOnce];

    [Theory, MemberData(nameof(Guarantees))]
    public async Task Each_request_is_answered_once_with_its_record_or_its_error(ProcessingGuarantee guarantee)
    {
        await using var stream = await AnsweringStream.StartAsync(kafka, guarantee);
        var replies = stream.Name + ".replies";
        await kafka.CreateAsync(replies);
        for (var i = 0; i < 20; i++) stream.Ask(replies, i % 5 == 4 ? "bad" : $"r{i}");
        stream.Ask(replies, "grow");
        stream.Ask(replies, "late", ("streamscoring_deadline", "1000"u8.ToArray()));
        await stream.WaitForOutputsAsync();

        var expected = Enumerable.Range(0, 20).Select(i => i % 5 == 4 ? "bad dead-lettered" : $"r{i} R{i}").Append("grow dead-lettered").Append("late deadline-passed");
        Assert.Equal(expected, await stream.StopAndReadAsync(replies));
    }

    [Theory, MemberData(nameof(Guarantees))]
    public async Task Topics_that_are_not_there_or_forbidden_or_stuck_cost_their_own_answers(ProcessingGuarantee guarantee)
    {
        await using var stream = await AnsweringStream.StartAsync(kafka, guarantee);
        var good = stream.Name + ".replies";
        await kafka.CreateAsync(good);
        await kafka.CreateAsync(stream.Name + ".r-forbidden");
        await kafka.ForbidAsync(stream.Name + ".r-forbidden");
        // One replica can never be two: as with a disk that is full, the topic takes nothing.
        await kafka.CreateAsync(stream.Name + ".r-stuck", ("min.insync.replicas", "2"));
        await kafka.CreateAsync(stream.Name + ".r-small", ("max.message.bytes", "500"));
        await kafka.CreateAsync(stream.Name + ".r-compacted", ("cleanup.policy", "compact"));
        foreach (var bad in new[] { "r-missing", "r-forbidden", "r-stuck", "r-small", "other" })
        {
            stream.Ask($"{stream.Name}.{bad}", bad);
            stream.Ask(good, "after " + bad);
        }
        stream.Ask(good, "no partition", (ReplyHeaders.Partition, [0, 0, 0, 1]));
        stream.Ask(stream.Name + ".r-compacted", "bad");
        stream.Ask(good, "last");
        await stream.WaitForOutputsAsync();

        Assert.Equal(
            ["after r-missing", "after r-forbidden", "after r-stuck", "after r-small", "after other", "last"],
            (await stream.StopAndReadAsync(good)).Select(answer => answer[..^(answer.Length / 2 + 1)]));
        Assert.False(kafka.Exists(stream.Name + ".r-missing"), "a stranger's header created a topic");
        Assert.False(kafka.Exists(stream.Name + ".other"), "a stranger's header created a topic");
        Assert.Equal(["bad dead-lettered"], await stream.StopAndReadAsync(stream.Name + ".r-compacted"));
        Assert.Empty(await stream.StopAndReadAsync(stream.Name + ".r-stuck"));
    }

    [Theory, MemberData(nameof(Guarantees))]
    public async Task A_topic_that_goes_or_closes_while_it_is_in_use_costs_its_own_answers(ProcessingGuarantee guarantee)
    {
        await using var stream = await AnsweringStream.StartAsync(kafka, guarantee);
        var (good, going, closing) = (stream.Name + ".replies", stream.Name + ".r-going", stream.Name + ".r-closing");
        foreach (var topic in new[] { good, going, closing }) await kafka.CreateAsync(topic);
        foreach (var topic in new[] { good, going, closing }) stream.Ask(topic, "before");
        await stream.WaitForOutputsAsync();

        // Right after these the stream still believes what it saw a moment ago.
        await kafka.Admin.DeleteTopicsAsync([going]);
        await kafka.ForbidAsync(closing);
        for (var i = 0; i < 3; i++)
        {
            stream.Ask(going, $"gone {i}");
            stream.Ask(closing, $"closed {i}");
            stream.Ask(good, $"good {i}");
        }
        await stream.WaitForOutputsAsync();

        Assert.Equal(["before BEFORE", "good 0 GOOD 0", "good 1 GOOD 1", "good 2 GOOD 2"], await stream.StopAndReadAsync(good));
        Assert.Equal(["before BEFORE"], await stream.StopAndReadAsync(closing));
        Assert.False(kafka.Exists(going), "the answer created the topic again");
    }

    [Fact]
    public async Task Topics_that_a_stranger_makes_up_are_forgotten_again()
    {
        await using var stream = await AnsweringStream.StartAsync(
            kafka, ProcessingGuarantee.ExactlyOnce, options => options with { MaxTopics = 10 });
        var good = stream.Name + ".replies";
        await kafka.CreateAsync(good);
        for (var i = 0; i < 1_000; i++) stream.Ask($"{stream.Name}.r-made-up-{i}", $"{i}");
        await stream.WaitForOutputsAsync();
        stream.Ask(good, "afterwards");
        await stream.WaitForOutputsAsync();

        Assert.Equal(["afterwards AFTERWARDS"], await stream.StopAndReadAsync(good));
    }
}
