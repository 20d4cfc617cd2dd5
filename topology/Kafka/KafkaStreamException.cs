namespace StreamScoring.Topology.Kafka;

/// <summary>The stream had to stop. The message says why and what to do.</summary>
public sealed class KafkaStreamException : Exception
{
    /// <summary>A stream that stopped, with its cause.</summary>
    /// <param name="message">What happened, to what, and what to do.</param>
    /// <param name="canRetry">True where starting again, unchanged, can help.</param>
    /// <param name="innerException">The cause, where there is one.</param>
    public KafkaStreamException(string message, bool canRetry, Exception? innerException = null)
        : base(message, innerException) => CanRetry = canRetry;

    /// <summary>True where starting again, unchanged, can help.</summary>
    public bool CanRetry { get; }
}
