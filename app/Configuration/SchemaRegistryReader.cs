using StreamScoring.Schemas.Registry;

namespace StreamScoring.App.Configuration;

/// <summary>Reads section <c>SchemaRegistry</c>.</summary>
internal static class SchemaRegistryReader
{
    private const int DefaultTimeoutMs = 3_000;

    /// <summary>The settings, or null where no URL is set. Password and token are in no message.</summary>
    internal static SchemaRegistryOptions? Read(SettingsReader reader)
    {
        var options = new SchemaRegistryOptions
        {
            Urls = ReadUrls(reader),
            Username = reader.OptionalText("Username"),
            Password = reader.OptionalText("Password"),
            BearerToken = reader.OptionalText("BearerToken"),
            CaCertificatePath = reader.OptionalText("CaCertificatePath"),
            AutoRegister = reader.Flag("AutoRegister", true),
            UseLatestVersion = reader.Flag("UseLatestVersion", false),
            SubjectNames = ReadSubjectNames(reader),
            SchemaIdInHeader = ReadSchemaIdInHeader(reader),
            Timeout = TimeSpan.FromMilliseconds(reader.Number("TimeoutMs", DefaultTimeoutMs, 100, 60_000, "ms")),
            // Whoever needs an answer asks again, for as long as it can wait.
            Retries = 0,
        };
        if (options.Username is not null && options.BearerToken is not null)
        {
            reader.Problem("BearerToken", "is set, and so is Username: only one of them may be");
        }
        if (options.Password is not null && options.Username is null) reader.Problem("Password", "is set without a Username");
        if (options.CaCertificatePath is { } path && !File.Exists(path)) reader.Problem("CaCertificatePath", $"there is no file '{path}'");
        reader.WarnAboutUnknownKeys();
        return options.Urls.Count > 0 ? options : null;
    }

    private static List<Uri> ReadUrls(SettingsReader reader)
    {
        var urls = new List<Uri>();
        foreach (var text in reader.Text("Url", "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (!Uri.TryCreate(text, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https"))
            {
                // Not shown: what is no URL may still hold a password.
                reader.Problem("Url", "must be http:// or https:// addresses, separated by commas");
            }
            else if (url.UserInfo.Length > 0)
            {
                reader.Problem("Url", "must hold no user and password: set SchemaRegistry:Username and SchemaRegistry:Password");
            }
            else
            {
                urls.Add(url);
            }
        }
        return urls;
    }

    private static bool ReadSchemaIdInHeader(SettingsReader reader)
    {
        var place = reader.Text("SchemaIdIn", "value").ToLowerInvariant();
        if (place is not ("value" or "header")) reader.Problem("SchemaIdIn", $"'{place}' must be value or header");
        return place == "header";
    }

    private static SubjectNameStrategy ReadSubjectNames(SettingsReader reader)
    {
        switch (reader.Text("SubjectNameStrategy", "").ToLowerInvariant())
        {
            case "" or "topic":
                return SubjectNameStrategy.Topic;
            case "record":
                return SubjectNameStrategy.Record;
            case "topic-record":
                return SubjectNameStrategy.TopicRecord;
            default:
                reader.Problem("SubjectNameStrategy", $"'{reader.Text("SubjectNameStrategy", "")}' must be topic, record or topic-record");
                return SubjectNameStrategy.Topic;
        }
    }
}
