using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using StreamScoring.Topology.Execution;
using StreamScoring.Topology.Handlers;
using StreamScoring.Topology.Replies;
using StreamScoring.Topology.Testing;
using StreamScoring.Topology.Tests.Kafka;
using static StreamScoring.Topology.Tests.TestTopologies;

namespace StreamScoring.Topology.Tests.Replies;

/// <summary>One answer to each request, at the node where its fate is decided, in the words of Spring's headers.</summary>
public sealed class ReplyingExecutorTests : IDisposable
{
    private static readonly DateTimeOffset Now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
    private static readonly byte[] Correlation = [0, 1, 254, 255];

    private readonly ManualTimeProvider _time = new(Now);
    private readonly FakeReplyTopics _topics = new();
    private IBatchExecutor? _executor;
    private ReplyDesk? _desk;

    public void Dispose()
    {
        _executor?.Dispose();
        _desk?.Dispose();
    }

    [Fact]
    public void The_answer_is_the_record_of_the_last_node_with_the_correlation_id_alone()
    {
        var outputs = Run(Executor(), Request("fine").With("mine", "1").With("traceparent", "00-abc"));

        Assert.Equal(["out", "replies.a"], outputs.Select(output => output.Topic));
        var answer = outputs[1];
        Assert.Equal("FINE", Text(answer.Value));
        Assert.Equal("k", Text(answer.Key));
        Assert.Null(answer.Partition);
        Assert.Equal(Now.ToUnixTimeMilliseconds(), answer.TimestampMs);
        Assert.Equal([ReplyHeaders.CorrelationId, "traceparent"], answer.Headers.Select(header => header.Key));
        Assert.Equal(Correlation, answer.Headers[0].Value);
        Assert.Equal("1", outputs[0].Headers.GetText("mine"));
        Assert.Equal("replies.a", outputs[0].Headers.GetText(ReplyHeaders.Topic));
    }

    [Fact]
    public void A_record_that_was_answered_is_not_answered_by_whoever_reads_it_next()
    {
        var first = Run(Executor(), Request("fine"));
        var next = new ConsumedRecord("in", 0, 1, 0, first[0].Key, first[0].Value, first[0].Headers);

        Assert.Equal("answered", first[0].Headers.GetText(ReplyHeaders.Answered));
        Assert.Equal(["out"], Run(_executor!, next).Select(output => output.Topic));
    }

    [Fact]
    public void A_node_in_the_middle_passes_the_request_on()
    {
        var outputs = Run(Executor(answerFrom: "later"), Request("fine"));

        Assert.Equal("out", Assert.Single(outputs).Topic);
        Assert.False(outputs[0].Headers.Contains(ReplyHeaders.Answered));
    }

    [Fact]
    public void A_dead_letter_is_answered_where_it_happens_with_the_node_and_the_reason()
    {
        var outputs = Run(Executor(answerFrom: "later"), Request("bad"), Request("fine"));

        Assert.Equal(["dlq", "replies.a", "out"], outputs.Select(output => output.Topic));
        var error = Error(outputs[1], ReplyCodes.DeadLettered);
        Assert.Equal("it is bad", error.GetProperty("message").GetString());
        Assert.Equal("upper", error.GetProperty("node").GetString());
        Assert.Equal("System.IO.InvalidDataException", error.GetProperty("exception").GetString());
        Assert.Equal("in", error.GetProperty("topic").GetString());
        Assert.Equal(7, error.GetProperty("offset").GetInt64());
        Assert.Equal("dlq", error.GetProperty("found").GetProperty("topic").GetString());
        Assert.Equal("k", error.GetProperty("found").GetProperty("key").GetString());
        // A replay of the dead letter must not answer again.
        Assert.Equal(ReplyCodes.DeadLettered, outputs[0].Headers.GetText(ReplyHeaders.Answered));
        Assert.Equal(Correlation, outputs[1].Headers[0].Value);
    }

    [Fact]
    public void A_deadline_that_passed_is_answered_at_once_and_the_record_goes_on()
    {
        var late = Now.AddMilliseconds(-1).ToUnixTimeMilliseconds().ToString();
        var outputs = Run(Executor(answerFrom: "later"), Request("fine").With("streamscoring_deadline", late));

        Assert.Equal(["out", "replies.a"], outputs.Select(output => output.Topic));
        Error(outputs[1], ReplyCodes.DeadlinePassed);
        Assert.Equal(ReplyCodes.DeadlinePassed, outputs[0].Headers.GetText(ReplyHeaders.Answered));
    }

    [Fact]
    public void A_deadline_to_come_or_no_number_changes_nothing()
    {
        var executor = Executor();
        foreach (var deadline in new[] { Now.ToUnixTimeMilliseconds().ToString(), "soon" })
        {
            var outputs = Run(executor, Request("fine").With("streamscoring_deadline", deadline));
            Assert.False(outputs[1].Headers.Contains(ReplyHeaders.Error));
        }
    }

    [Fact]
    public void What_a_handler_drops_is_answered_too()
    {
        var executor = Executor(handler: FixedResponseHandler.Continue);

        Error(Assert.Single(Run(executor, Request("bad"))), ReplyCodes.Dropped);
    }

    [Fact]
    public void An_answer_too_large_becomes_a_small_error_that_says_where_the_record_lies()
    {
        var outputs = Run(Executor(options => options with { MaxAnswerBytes = 2_000 }), Request(new string('x', 3_000)));

        var error = Error(outputs[1], ReplyCodes.TooLarge);
        Assert.Equal("out", error.GetProperty("found").GetProperty("topic").GetString());
        Assert.Equal("k", error.GetProperty("found").GetProperty("key").GetString());
        Assert.Equal(3_000, outputs[0].Value!.Length);
    }

    [Fact]
    public void Over_the_quota_answers_become_errors_and_then_nothing()
    {
        var executor = Executor(options => options with { AnswersPerSecond = 2 });
        var outcomes = Enumerable.Range(0, 6).Select(_ => Outcome(Run(executor, Request("fine")))).ToArray();
        _time.Advance(TimeSpan.FromSeconds(1));
        var later = Outcome(Run(executor, Request("fine")));
        var other = Outcome(Run(executor, Request("fine", topic: "replies.b")));

        Assert.Equal(["answered", "answered", "quota-exceeded", "quota-exceeded", null, null], outcomes);
        Assert.Equal("answered", later);
        Assert.Equal("answered", other);
    }

    [Fact]
    public void Over_the_quota_in_bytes_answers_become_errors()
    {
        var executor = Executor(options => options with { BytesPerSecond = 1_024 });

        Assert.Equal("answered", Outcome(Run(executor, Request(new string('x', 2_000)))));
        Assert.Equal("quota-exceeded", Outcome(Run(executor, Request("fine"))));
        _time.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal("answered", Outcome(Run(executor, Request("fine"))));
    }

    [Theory]
    [InlineData("other")]
    [InlineData("replies")]
    [InlineData("in")]
    [InlineData("out")]
    [InlineData("dlq")]
    [InlineData("__consumer_offsets")]
    [InlineData("")]
    [InlineData("replies./../a")]
    [InlineData("replies.ä")]
    public void A_topic_that_is_not_allowed_gets_nothing_and_is_not_even_looked_up(string topic)
    {
        var executor = Executor(options => options with { AllowedTopics = topic.StartsWith("re", StringComparison.Ordinal) ? ["replies.*"] : ["replies.*", "in", "out", "dlq", "__*"] });

        Assert.Equal(["out"], Run(executor, Request("fine", topic)).Select(output => output.Topic));
        Assert.Empty(_topics.Asked);
    }

    [Fact]
    public void A_topic_that_takes_no_answers_costs_the_answer_alone()
    {
        _topics.Refusals["replies.a"] = ReplyRefusals.Forbidden;

        var output = Assert.Single(Run(Executor(), Request("fine")));
        Assert.Equal("out", output.Topic);
        Assert.False(output.Headers.Contains(ReplyHeaders.Answered));
    }

    [Theory]
    [InlineData(new byte[] { 0, 0, 0, 0 }, 0)]
    [InlineData(new byte[] { 0, 0, 1, 0 }, null)]
    [InlineData(new byte[] { 255, 255, 255, 255 }, null)]
    [InlineData(new byte[] { 48 }, null)]
    [InlineData(new byte[] { }, null)]
    public void The_partition_is_four_bytes_big_endian_and_must_be_there(byte[] partition, int? expected)
    {
        var outputs = Run(Executor(), Request("fine").With(ReplyHeaders.Partition, partition));

        Assert.Equal(expected is null ? 1 : 2, outputs.Count);
        if (expected is not null) Assert.Equal(expected, outputs[1].Partition);
    }

    [Fact]
    public void A_request_without_correlation_id_and_key_is_answered_with_a_key_all_the_same()
    {
        var headers = new RecordHeaders().Add(ReplyHeaders.Topic, "replies.a");
        var answer = Run(Executor(), new ConsumedRecord("in", 0, 7, 0, null, "bad"u8.ToArray(), headers))[1];

        Assert.Equal([ReplyHeaders.Error], answer.Headers.Select(header => header.Key));
        Assert.NotNull(answer.Key);
    }

    [Fact]
    public void A_correlation_id_beyond_all_measure_is_not_echoed()
    {
        var record = Request("fine").With(ReplyHeaders.CorrelationId, new byte[ReplyHeaders.MaxCorrelationIdBytes + 1]);

        Assert.Single(Run(Executor(), record));
    }

    [Fact]
    public void A_format_that_fails_answers_the_bytes_as_they_are()
    {
        var executor = Executor(options => options with { Format = _ => throw new InvalidDataException("no article") });

        Assert.Equal("FINE", Text(Run(executor, Request("fine"))[1].Value));
    }

    [Fact]
    public void Records_without_a_request_come_out_untouched()
    {
        var record = new ConsumedRecord("in", 0, 7, 0, "k"u8.ToArray(), "fine"u8.ToArray(), new RecordHeaders().Add("a", "b"));
        var result = Executor().Execute([record], TestContext.Current.CancellationToken);

        Assert.Equal([1], result.InputCounts);
        Assert.Equal(["a"], Assert.Single(result.Outputs).Headers.Select(header => header.Key));
    }

    [Fact]
    public void A_record_that_waits_to_be_read_is_not_answered_yet()
    {
        var isReady = false;
        var executor = Replying(new CopyExecutor("in", "out") { CannotReadYet = _ => !isReady }, static options => options);

        Assert.Empty(Run(executor, Request("fine")));
        isReady = true;
        Assert.Equal(["out", "replies.a"], Run(executor, Request("fine")).Select(output => output.Topic));
    }

    [Fact]
    public void Failures_on_a_side_branch_are_not_answered()
    {
        var executor = Executor(options => options with { SideTopics = ["in"] });

        Assert.Equal(["dlq"], Run(executor, Request("bad")).Select(output => output.Topic));
    }

    [Theory]
    [InlineData("replies.*", "replies.a", true)]
    [InlineData("replies.*", "replies.", true)]
    [InlineData("replies.*", "replies", false)]
    [InlineData("*", "anything", true)]
    [InlineData("*.replies.*", "team.replies.web", true)]
    [InlineData("a*b*c", "aXbYbZc", true)]
    [InlineData("a*b*c", "aXbYbZ", false)]
    [InlineData("a*a*a*a*a*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false)]
    [InlineData("a.c", "abc", false)]
    public void A_star_stands_for_any_characters(string pattern, string topic, bool expected) =>
        Assert.Equal(expected, new ReplyTopicPatterns([pattern]).Allows(topic));

    [Fact]
    public void Buckets_of_many_topics_stay_within_their_bound()
    {
        var quotas = new ReplyQuotas(new ReplyOptions { AllowedTopics = ["*"], AnswerFrom = ["out"], MaxTopics = 3 }, _time);

        Assert.Equal([true, true, true, false], Enumerable.Range(0, 4).Select(i => quotas.TryTakeAnswer($"t{i}", 10)));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(quotas.TryTakeAnswer("t9", 10));
    }

    private IBatchExecutor Executor(
        Func<ReplyOptions, ReplyOptions>? change = null, string answerFrom = "out", IProcessingExceptionHandler? handler = null)
    {
        var topology = Build(stream => stream.MapValues(
            value => value == "bad" ? throw new InvalidDataException("it is bad") : value.ToUpperInvariant(), "upper").To("out", TextOut));
        var executors = topology.CreateExecutors(
            new ExecutorOptions { DeadLetterTopic = "dlq", TimeProvider = _time, ProcessingExceptionHandler = handler });
        return Replying(executors[0], options => (change?.Invoke(options) ?? options) with { AnswerFrom = [answerFrom] });
    }

    private IBatchExecutor Replying(IBatchExecutor executor, Func<ReplyOptions, ReplyOptions> change)
    {
        var options = change(new ReplyOptions { AllowedTopics = ["replies.*"], AnswerFrom = ["out"] });
        Assert.Empty(options.Validate());
        _desk = new ReplyDesk(options, [executor], _topics, 1_000_000, new ReplyTelemetry(NullLogger.Instance, _time), _time);
        return _executor = new ReplyingExecutor(executor, _desk);
    }

    private static ConsumedRecord Request(string value, string topic = "replies.a") => new(
        "in", 0, 7, 1_700_000_000_000, "k"u8.ToArray(), Encoding.UTF8.GetBytes(value),
        new RecordHeaders().Add(ReplyHeaders.Topic, topic).Add(ReplyHeaders.CorrelationId, Correlation));

    private static IReadOnlyList<ProducedRecord> Run(IBatchExecutor executor, params ConsumedRecord[] batch)
    {
        var result = executor.Execute(batch, TestContext.Current.CancellationToken);
        Assert.Equal(result.Outputs.Count, result.InputCounts.Sum());
        return result.Outputs;
    }

    private static string? Outcome(IReadOnlyList<ProducedRecord> outputs) =>
        outputs.Count < 2 ? null : outputs[1].Headers.GetText(ReplyHeaders.Error) ?? "answered";

    private static JsonElement Error(ProducedRecord answer, string code)
    {
        Assert.Equal("replies.a", answer.Topic);
        Assert.Equal(code, answer.Headers.GetText(ReplyHeaders.Error));
        var body = JsonDocument.Parse(answer.Value).RootElement;
        Assert.Equal(code, body.GetProperty("error").GetString());
        return body;
    }

    private static string Text(byte[]? bytes) => Encoding.UTF8.GetString(bytes!);
}

internal static class RequestExtensions
{
    public static ConsumedRecord With(this ConsumedRecord record, string key, string value) => record.With(key, Encoding.UTF8.GetBytes(value));

    public static ConsumedRecord With(this ConsumedRecord record, string key, byte[] value) =>
        record with { Headers = record.Headers.Clone().Set(key, value) };
}
