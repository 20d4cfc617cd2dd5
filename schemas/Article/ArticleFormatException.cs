namespace StreamScoring.Schemas;

/// <summary>What kind of fault an <see cref="ArticleFormatException"/> reports.</summary>
public enum ArticleError
{
    /// <summary>No bytes at all.</summary>
    Empty,

    /// <summary>The first bytes are of none of the wire forms.</summary>
    UnknownForm,

    /// <summary>Confluent framing, and no Schema Registry is configured.</summary>
    NoRegistry,

    /// <summary>Not UTF-8.</summary>
    InvalidUtf8,

    /// <summary>Not JSON.</summary>
    InvalidJson,

    /// <summary>JSON nested too deep.</summary>
    TooDeep,

    /// <summary>JSON, but not an object.</summary>
    NotAnObject,

    /// <summary>A field holds another type than the contract says.</summary>
    WrongType,

    /// <summary>A field is missing, or title and body are both blank.</summary>
    MissingField,
}

/// <summary>Bytes that are no article. A retry cannot help.</summary>
public sealed class ArticleFormatException : CodecException
{
    internal ArticleFormatException(ArticleError error, string message, string? field = null, Exception? innerException = null)
        : base(CodeOf(error), message, innerException)
    {
        Error = error;
        Field = field;
    }

    /// <summary>Kind of fault.</summary>
    public ArticleError Error { get; }

    /// <summary>The field at fault, e.g. <c>topic.score</c>; null where none is to blame.</summary>
    public string? Field { get; }

    private static string CodeOf(ArticleError error) => error switch
    {
        ArticleError.Empty => "article-empty",
        ArticleError.UnknownForm => "article-unknown-form",
        ArticleError.NoRegistry => "article-no-registry",
        ArticleError.InvalidUtf8 => "json-invalid-utf8",
        ArticleError.InvalidJson => "json-invalid",
        ArticleError.TooDeep => "json-too-deep",
        ArticleError.NotAnObject => "json-not-an-object",
        ArticleError.WrongType => "json-wrong-type",
        _ => "article-missing-field",
    };
}
