using System.CommandLine;
using Microsoft.Extensions.Logging;

namespace StreamScoring.App.Commands;

/// <summary>Options that several commands share, each under one name.</summary>
internal static class CommonOptions
{
    /// <summary>On every command.</summary>
    internal static Option<string?> Config { get; } = new("--config")
    {
        Description = "JSON file laid over appsettings.json; its Nodes and Sinks replace the defaults as a whole",
        HelpName = "FILE",
        Recursive = true,
    };

    /// <summary>On every command.</summary>
    internal static Option<string?> LogLevel { get; } = new("--log-level")
    {
        Description = "How much to log on standard error: trace, debug, information, warning, error",
        HelpName = "LEVEL",
        Recursive = true,
    };

    /// <summary>The log level that was asked for; null where none was, or where it is none.</summary>
    internal static LogLevel? LogLevelOf(ParseResult parsed) =>
        ValueOf(parsed, LogLevel) is { } text && Enum.TryParse<LogLevel>(text, ignoreCase: true, out var level)
            && Enum.IsDefined(level) && !char.IsAsciiDigit(text[0]) ? level : null;

    /// <summary>An option's value; null where it was not given, or given in a way that the parser has reported already.</summary>
    internal static string? ValueOf(ParseResult parsed, Option<string?> option)
    {
        if (parsed.GetResult(option) is not { Implicit: false } result || result.Errors.Any()) return null;
        try
        {
            return parsed.GetValue(option);
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    internal static Option<string?> Bootstrap() => new("--bootstrap", "-b")
    {
        Description = "Kafka brokers, comma-separated",
        HelpName = "HOST:PORT",
    };

    internal static Option<string?> From() => new("--from")
    {
        Description = "Where to begin: earliest (default) or latest",
        HelpName = "earliest|latest",
    };

    internal static Option<string?> Nodes() => new("--nodes")
    {
        Description = "Only these nodes, comma-separated (default: all)",
        HelpName = "NAME,...",
    };

    internal static Option<string?> Models() => new("--models")
    {
        Description = "Folder with the models",
        HelpName = "DIR",
    };

    /// <summary>One override for <paramref name="option"/> where it was given.</summary>
    internal static IEnumerable<KeyValuePair<string, string?>> Set(ParseResult parsed, Option<string?> option, string key)
    {
        if (ValueOf(parsed, option) is { } value) yield return new KeyValuePair<string, string?>(key, value);
    }
}
