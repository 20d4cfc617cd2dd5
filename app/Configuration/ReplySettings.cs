namespace StreamScoring.App.Configuration;

/// <summary>Section <c>Replies</c>: answers to clients that name a reply topic in their records' headers.</summary>
internal sealed record ReplySettings
{
    /// <summary>Reply topics that may be written, <c>*</c> for any characters. Default none: nobody is answered.</summary>
    public IReadOnlyList<string> AllowedTopics { get; init; } = [];

    /// <summary>Output topics whose records are the answers. Default: the topics that nodes write and no node reads.</summary>
    public IReadOnlyList<string> AnswerFrom { get; init; } = [];

    /// <summary>True (default): answers are JSON; false: the bytes of the output topic.</summary>
    public bool WritesJson { get; init; } = true;

    /// <summary>Largest answer, 1,024 to 100,000,000 bytes. Default 900,000.</summary>
    public int MaxAnswerBytes { get; init; } = 900_000;

    /// <summary>Reply topics known at one time, 1 to 100,000. Default 1,000.</summary>
    public int MaxTopics { get; init; } = 1_000;

    /// <summary>Answers a second for each reply topic and process, 1 to 10,000,000. Default 5,000.</summary>
    public int AnswersPerSecond { get; init; } = 5_000;

    /// <summary>Bytes a second for each reply topic and process, 1,024 to 2^40. Default 32 MiB.</summary>
    public long BytesPerSecond { get; init; } = 32L << 20;

    /// <summary>At-least-once: how long an answer may wait for its broker, 1,000 to 300,000 ms. Default 10,000 ms.</summary>
    public int DeliveryTimeoutMs { get; init; } = 10_000;
}
