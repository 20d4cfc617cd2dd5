using StreamScoring.Topology.Execution;

namespace StreamScoring.Topology.Replies;

/// <summary>
/// Answers to clients that name a reply topic in their records' headers. Whatever a stranger writes there, the stream goes
/// on: a topic that is not allowed, missing, forbidden or stuck costs its own answers.
/// </summary>
public sealed record ReplyOptions
{
    /// <summary>
    /// Reply topics that may be written: names in which <c>*</c> stands for any characters, e.g. <c>replies.*</c>. At most
    /// 100. Topics that the stream itself reads or writes, and Kafka's own, are never reply topics.
    /// </summary>
    public required IReadOnlyList<string> AllowedTopics { get; init; }

    /// <summary>
    /// Output topics whose records are the answers: those at the ends of the chains. Which process runs the node that
    /// writes it does not matter.
    /// </summary>
    public required IReadOnlyList<string> AnswerFrom { get; init; }

    /// <summary>
    /// Source topics from which no way leads to an answer, so that failures there are not answered either. Default: none.
    /// </summary>
    public IReadOnlyList<string> SideTopics { get; init; } = [];

    /// <summary>Topics besides this process's own that are no reply topics. Default: none.</summary>
    public IReadOnlyList<string> ReservedTopics { get; init; } = [];

    /// <summary>
    /// Value of the answer for a record of an answer topic. Default: the same bytes. Called from any thread; what it
    /// throws is answered by the same bytes too.
    /// </summary>
    public Func<ProducedRecord, byte[]?>? Format { get; init; }

    /// <summary>Largest answer, key and headers included; 1,024 to 100 MB. Default 900,000.</summary>
    public int MaxAnswerBytes { get; init; } = 900_000;

    /// <summary>Reply topics known at one time, 1 to 100,000. Default 1,000.</summary>
    public int MaxTopics { get; init; } = 1_000;

    /// <summary>
    /// Answers a second that this process gives one reply topic, 1 to 10,000,000; a second's worth may come at once.
    /// Beyond it as many error answers, beyond those none. Default 5,000.
    /// </summary>
    public int AnswersPerSecond { get; init; } = 5_000;

    /// <summary>Bytes a second, as above; 1,024 to 2^40. Default 32 MiB.</summary>
    public long BytesPerSecond { get; init; } = 32L << 20;

    /// <summary>
    /// At-least-once: how long an answer may wait for its broker, 1 to 300 s. Default 10 s. Exactly-once it is the
    /// transaction's timeout.
    /// </summary>
    public TimeSpan DeliveryTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Patterns in <see cref="AllowedTopics"/>, at most.</summary>
    public const int MaxPatterns = 100;

    /// <summary>What is wrong with a pattern for <see cref="AllowedTopics"/>; null: nothing.</summary>
    public static string? PatternComplaint(string pattern)
    {
        ArgumentNullException.ThrowIfNull(pattern);
        return ReplyTopicPatterns.Complaint(pattern);
    }

    /// <summary>Every mistake in these options, in words; empty where there is none.</summary>
    public IReadOnlyList<string> Validate()
    {
        var mistakes = new List<string>();
        if (AllowedTopics.Count > MaxPatterns)
            mistakes.Add($"Replies:AllowedTopics has {AllowedTopics.Count} patterns: at most {MaxPatterns}.");
        foreach (var pattern in AllowedTopics)
        {
            if (ReplyTopicPatterns.Complaint(pattern) is { } complaint) mistakes.Add($"Replies:AllowedTopics: {complaint}.");
        }
        if (AnswerFrom.Count == 0) mistakes.Add("Replies:AnswerFrom names no topic.");
        Range("MaxAnswerBytes", MaxAnswerBytes, 1_024, 100_000_000, mistakes);
        Range("MaxTopics", MaxTopics, 1, 100_000, mistakes);
        Range("AnswersPerSecond", AnswersPerSecond, 1, 10_000_000, mistakes);
        Range("BytesPerSecond", BytesPerSecond, 1_024, 1L << 40, mistakes);
        Range("DeliveryTimeoutMs", (long)DeliveryTimeout.TotalMilliseconds, 1_000, 300_000, mistakes);
        return mistakes;
    }

    private static void Range(string name, long value, long least, long most, List<string> mistakes)
    {
        if (value < least || value > most) mistakes.Add($"Replies:{name} is {value}: {least} to {most}.");
    }
}
