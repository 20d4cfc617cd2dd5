namespace StreamScoring.Schemas.Registry;

/// <summary>How to reach a Schema Registry and what to do with it. Any that speaks Confluent's REST API will do.</summary>
public sealed record SchemaRegistryOptions
{
    /// <summary>Base URLs, at least one; when one does not answer the next is asked.</summary>
    public required IReadOnlyList<Uri> Urls { get; init; }

    /// <summary>User of basic authentication. Default null: none.</summary>
    public string? Username { get; init; }

    /// <summary>Password of basic authentication.</summary>
    public string? Password { get; init; }

    /// <summary>Token of bearer authentication; not together with <see cref="Username"/>. Default null: none.</summary>
    public string? BearerToken { get; init; }

    /// <summary>PEM file with the certificate authorities to trust instead of the system's. Default null: the system's.</summary>
    public string? CaCertificatePath { get; init; }

    /// <summary>How long one URL may take to answer. Default 10 s.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// How long a decoder stands still for a schema it does not know before it says, with a transient error, that the
    /// schema is not there yet; the look-up goes on in the background. Default 500 ms.
    /// </summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>How often all URLs are tried again after all failed. Default 3.</summary>
    public int Retries { get; init; } = 3;

    /// <summary>Wait before the first retry; it doubles with each. Default 200 ms.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>How long an id that is unknown, or no Avro, is believed to be so. Default 30 s.</summary>
    public TimeSpan UnknownIdLifetime { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Whether a writer registers its schema (<c>auto.register</c>). Default true.</summary>
    public bool AutoRegister { get; init; } = true;

    /// <summary>
    /// Whether a writer writes with the latest schema of its subject instead of its own (<c>use.latest.version</c>);
    /// goes before <see cref="AutoRegister"/>. Default false.
    /// </summary>
    public bool UseLatestVersion { get; init; }

    /// <summary>How subjects are named. Default by topic.</summary>
    public SubjectNameStrategy SubjectNames { get; init; }

    /// <summary>
    /// Whether a writer puts the schema's GUID, or the id where the registry gives no GUID, into header
    /// <c>__value_schema_id</c> and leaves the data bare, as Confluent's <c>HeaderSchemaIdSerializer</c> does. Default
    /// false: magic byte 0 and the id come before the data.
    /// </summary>
    public bool SchemaIdInHeader { get; init; }

    /// <summary>Everything that is wrong with the settings; empty: nothing.</summary>
    public IReadOnlyList<string> Validate()
    {
        var mistakes = new List<string>();
        if (Urls.Count == 0) mistakes.Add("Urls: at least one base URL is needed.");
        foreach (var url in Urls)
        {
            if (!url.IsAbsoluteUri || url.Scheme is not ("http" or "https")) mistakes.Add($"Urls: '{url}' is no http or https URL.");
        }
        if (Username is not null && BearerToken is not null) mistakes.Add("Username and BearerToken: only one of them may be set.");
        if (Timeout <= TimeSpan.Zero) mistakes.Add("Timeout: must be positive.");
        if (Patience < TimeSpan.Zero || Patience > TimeSpan.FromHours(1)) mistakes.Add("Patience: must be from zero to an hour.");
        if (Retries is < 0 or > 100) mistakes.Add("Retries: must be from 0 to 100.");
        if (RetryDelay < TimeSpan.Zero) mistakes.Add("RetryDelay: must not be negative.");
        if (CaCertificatePath is not null && !File.Exists(CaCertificatePath)) mistakes.Add($"CaCertificatePath: '{CaCertificatePath}' does not exist.");
        return mistakes;
    }
}
