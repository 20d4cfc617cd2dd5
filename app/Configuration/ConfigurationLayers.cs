using Microsoft.Extensions.Configuration;

namespace StreamScoring.App.Configuration;

/// <summary>
/// The layers of the configuration, lowest first: appsettings.json, <c>--config FILE</c>, environment variables with the
/// prefix <c>STREAMSCORING__</c>, command line.
/// </summary>
/// <remarks>
/// Unlike plain .NET layering, a file that gives <c>Nodes</c> or <c>Sinks</c> replaces that list as a whole: entries of a
/// lower layer never shine through. Environment and command line override single values by index, as usual.
/// </remarks>
internal static class ConfigurationLayers
{
    internal const string EnvironmentPrefix = "STREAMSCORING__";
    internal const string DefaultFileName = "appsettings.json";

    private static readonly string[] Lists = ["Nodes", "Sinks"];

    /// <summary>Stacks the layers.</summary>
    /// <param name="baseFile">The program's own appsettings.json; a missing one means the built-in defaults.</param>
    /// <param name="configFile">The user's file, or null. It must exist.</param>
    /// <param name="commandLine">Keys such as <c>Kafka:GroupId</c> that the command line sets.</param>
    /// <param name="problems">Gets one entry for each layer that cannot be read.</param>
    internal static IConfigurationRoot Load(
        string baseFile, string? configFile, IEnumerable<KeyValuePair<string, string?>> commandLine, List<string> problems)
    {
        var builder = new ConfigurationBuilder();
        var file = configFile is null ? null : ReadFile(configFile, required: true, problems);
        var baseLayer = ReadFile(baseFile, required: false, problems);
        if (baseLayer is not null)
        {
            if (file is not null) RemoveReplacedLists(baseLayer, file);
            builder.Add(new ConfigurationLayer(DefaultFileName, baseLayer));
        }

        if (file is not null) builder.Add(new ConfigurationLayer(configFile!, file));
        var environment = new ConfigurationBuilder().AddEnvironmentVariables(EnvironmentPrefix).Build();
        builder.Add(new ConfigurationLayer("the environment", Flatten(environment)));
        builder.Add(new ConfigurationLayer("the command line", commandLine));
        return builder.Build();
    }

    private static Dictionary<string, string?>? ReadFile(string path, bool required, List<string> problems)
    {
        try
        {
            // Read here, not by path, so that a directory, a missing file and a forbidden one are told apart.
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read);
            return Flatten(new ConfigurationBuilder().AddJsonStream(stream).Build());
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            if (required) problems.Add($"--config {path}: there is no such file.");
            return null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            problems.Add($"{path}: cannot be read: {exception.Message}");
            return null;
        }
        catch (Exception exception) when (exception is FormatException or InvalidDataException or System.Text.Json.JsonException)
        {
            problems.Add($"{path}: not valid JSON: {(exception.InnerException ?? exception).Message}");
            return null;
        }
    }

    private static void RemoveReplacedLists(Dictionary<string, string?> lower, Dictionary<string, string?> upper)
    {
        foreach (var list in Lists)
        {
            if (!upper.Keys.Any(key => IsWithin(key, list))) continue;
            foreach (var key in lower.Keys.Where(key => IsWithin(key, list)).ToArray()) lower.Remove(key);
        }
    }

    private static bool IsWithin(string key, string section) =>
        key.StartsWith(section, StringComparison.OrdinalIgnoreCase)
        && (key.Length == section.Length || key[section.Length] == ':');

    private static Dictionary<string, string?> Flatten(IConfiguration configuration)
    {
        var values = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase);
        foreach (var (key, value) in configuration.AsEnumerable())
        {
            if (value is not null) values[key] = value;
        }
        return values;
    }
}

/// <summary>One layer that knows what it is called, so that a mistake can be traced to the place that made it.</summary>
internal sealed class ConfigurationLayer(string name, IEnumerable<KeyValuePair<string, string?>> values)
    : ConfigurationProvider, IConfigurationSource
{
    /// <summary>File name, "the environment" or "the command line".</summary>
    internal string Name { get; } = name;

    /// <inheritdoc/>
    public override void Load() => Data = new Dictionary<string, string?>(values, StringComparer.OrdinalIgnoreCase);

    /// <inheritdoc/>
    public IConfigurationProvider Build(IConfigurationBuilder builder) => this;
}
