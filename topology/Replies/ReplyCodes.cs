namespace StreamScoring.Topology.Replies;

/// <summary>Why an answer is an error: values of <see cref="ReplyHeaders.Error"/>.</summary>
public static class ReplyCodes
{
    /// <summary>A node could not process the record; it lies in the dead-letter topic.</summary>
    public const string DeadLettered = "dead-lettered";

    /// <summary>The deadline passed before the record was through. It goes on, unscored.</summary>
    public const string DeadlinePassed = "deadline-passed";

    /// <summary>The record is enriched, but too large for an answer; the error says where it lies.</summary>
    public const string TooLarge = "too-large";

    /// <summary>Rejected: more answers, or bytes of them, than this reply topic may get. The record itself went its way.</summary>
    public const string QuotaExceeded = "quota-exceeded";

    /// <summary>An exception handler of the stream dropped the record.</summary>
    public const string Dropped = "dropped";
}
