using System.CommandLine;
using System.Globalization;
using System.Numerics;
using StreamScoring.App.Configuration;

namespace StreamScoring.App.Commands;

/// <summary>Checks of options that commands share; each adds a sentence where something is wrong.</summary>
internal static class CommandChecks
{
    internal static void Bootstrap(AppOptions options, List<string> problems)
    {
        if (options.Kafka.BootstrapServers.Length == 0)
        {
            problems.Add("Which Kafka? Give --bootstrap HOST:PORT, or set Kafka:BootstrapServers (environment: STREAMSCORING__Kafka__BootstrapServers).");
        }
    }

    internal static void Topic(ParseResult parsed, Option<string?> option, List<string> problems)
    {
        if (CommonOptions.ValueOf(parsed, option) is { } topic && Names.TopicComplaint(topic) is { } complaint) problems.Add($"{option.Name}: {complaint}.");
    }

    /// <summary>A number above 0 and up to <paramref name="most"/>.</summary>
    internal static void Number<T>(ParseResult parsed, Option<string?> option, T most, List<string> problems)
        where T : struct, INumber<T>
    {
        if (CommonOptions.ValueOf(parsed, option) is not { } text) return;
        if (ValueOf<T>(parsed, option) is { } value && value > T.Zero && value <= most) return;
        var kind = T.IsZero(T.One / (T.One + T.One)) ? "a whole number" : "a number";
        problems.Add(string.Create(CultureInfo.InvariantCulture, $"{option.Name}: '{text}' must be {kind} above 0, at most {most}."));
    }

    /// <summary>The number that was given, or null.</summary>
    internal static T? ValueOf<T>(ParseResult parsed, Option<string?> option)
        where T : struct, INumber<T> =>
        CommonOptions.ValueOf(parsed, option) is { } text && T.TryParse(text, CultureInfo.InvariantCulture, out var value) ? value : null;

    internal static void OneOf(ParseResult parsed, Option<string?> option, IReadOnlyList<string> words, List<string> problems)
    {
        if (CommonOptions.ValueOf(parsed, option) is { } value && !words.Contains(value, StringComparer.OrdinalIgnoreCase))
        {
            problems.Add($"{option.Name}: '{value}' must be {string.Join(" or ", words)}.");
        }
    }

    /// <summary>The nodes that <c>--nodes</c> names, in the configuration's order; all of them without it.</summary>
    internal static IReadOnlyList<NodeSettings> Nodes(ParseResult parsed, Option<string?> option, AppOptions options, List<string> problems)
    {
        if (CommonOptions.ValueOf(parsed, option) is not { } list) return options.Nodes;
        var names = list.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (names.Length == 0) problems.Add($"{option.Name}: names no node. Known: {string.Join(", ", options.Nodes.Select(node => node.Name))}.");
        foreach (var name in names)
        {
            if (options.Nodes.Any(node => node.Name == name)) continue;
            var nearest = Spelling.Nearest(name, options.Nodes.Select(node => node.Name));
            problems.Add(nearest is null
                ? $"{option.Name}: there is no node '{name}'. Known: {string.Join(", ", options.Nodes.Select(node => node.Name))}."
                : $"{option.Name}: there is no node '{name}', did you mean '{nearest}'?");
        }
        return [.. options.Nodes.Where(node => names.Contains(node.Name, StringComparer.Ordinal))];
    }
}
