namespace StreamScoring.Schemas;

/// <summary>How JSON and XML spell the names of fields.</summary>
public enum FieldNaming
{
    /// <summary>As the schema does: <c>published_at</c>.</summary>
    SnakeCase,

    /// <summary><c>publishedAt</c>.</summary>
    CamelCase,
}
