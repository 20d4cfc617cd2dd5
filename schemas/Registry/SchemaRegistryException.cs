namespace StreamScoring.Schemas.Registry;

/// <summary>A Schema Registry that does not answer, or that says no.</summary>
public sealed class SchemaRegistryException : CodecException
{
    internal SchemaRegistryException(string code, string message, bool isTransient, int? errorCode = null, Exception? innerException = null)
        : base(code, message, innerException)
    {
        IsTransient = isTransient;
        ErrorCode = errorCode;
    }

    /// <summary>Whether asking again later may help: the registry could not be reached or was overloaded.</summary>
    public override bool IsTransient { get; }

    /// <summary>The registry's own error code, e.g. 40403; null where it gave none.</summary>
    public int? ErrorCode { get; }

    /// <summary>The same error for another caller.</summary>
    internal SchemaRegistryException Again() =>
        new(Code, Message, IsTransient, ErrorCode, this) { IsUnauthorized = IsUnauthorized };

    /// <summary>Whether the credentials were refused (status 401 or 403).</summary>
    internal bool IsUnauthorized { get; init; }

    internal bool IsNotFound => ErrorCode is 404 or (>= 40400 and <= 40499);
}
