namespace StreamScoring.Schemas;

/// <summary>Bytes that cannot be read as a record, or a record that cannot be written. Every error of the codecs is one.</summary>
public abstract class CodecException : Exception
{
    private protected CodecException(string code, string message, Exception? innerException = null)
        : base(message, innerException) => Code = code;

    /// <summary>Stable and short, for dead letters and metrics, e.g. <c>avro-truncated</c>.</summary>
    public string Code { get; }

    /// <summary>Whether the same bytes may be readable later. False: they go to the dead letters.</summary>
    public virtual bool IsTransient => false;
}
