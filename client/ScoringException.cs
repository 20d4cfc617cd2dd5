namespace StreamScoring.Client;

/// <summary>Why a call has no enriched article.</summary>
public enum ScoringError
{
    /// <summary>No answer came before the deadline. The article may still be scored.</summary>
    TimedOut,

    /// <summary>The stream found the deadline passed: the article was not scored any more.</summary>
    DeadlinePassed,

    /// <summary>A node could not process the article; it lies in the dead-letter topic.</summary>
    DeadLettered,

    /// <summary>The enriched article is too large for an answer; it lies in <see cref="ScoringException.FoundInTopic"/>.</summary>
    AnswerTooLarge,

    /// <summary>The reply topic gets more answers than it may; the article lies in <see cref="ScoringException.FoundInTopic"/>.</summary>
    QuotaExceeded,

    /// <summary>The stream dropped the article.</summary>
    Dropped,

    /// <summary>Kafka did not take the request.</summary>
    NotSent,

    /// <summary>The answer cannot be read: it is no article, or an error of a later version.</summary>
    UnreadableAnswer,

    /// <summary>The client was disposed before an answer came.</summary>
    ClientClosed,
}

/// <summary>A call ended without an enriched article.</summary>
public sealed class ScoringException : Exception
{
    /// <summary>A failed call.</summary>
    /// <param name="error">Why.</param>
    /// <param name="message">What happened, and what to do.</param>
    /// <param name="innerException">The cause, where there is one.</param>
    public ScoringException(ScoringError error, string message, Exception? innerException = null)
        : base(message, innerException) => Error = error;

    /// <summary>Why.</summary>
    public ScoringError Error { get; }

    /// <summary>True where the same call can succeed later.</summary>
    public bool CanRetry => Error is
        ScoringError.TimedOut or ScoringError.DeadlinePassed or ScoringError.QuotaExceeded or ScoringError.NotSent or ScoringError.ClientClosed;

    /// <summary>The node that could not process the article, where one is to blame.</summary>
    public string? Node { get; init; }

    /// <summary>Type of the exception at that node.</summary>
    public string? RemoteException { get; init; }

    /// <summary>Topic that holds the record, enriched or dead, where it is known; its key is the article's id.</summary>
    public string? FoundInTopic { get; init; }
}
