using System.CommandLine;
using Microsoft.Extensions.Logging;
using StreamScoring.App.Configuration;

namespace StreamScoring.App.Commands;

/// <summary>Brings the command line and the configuration together, so that every mistake in either is reported at once.</summary>
internal static class Settings
{
    /// <summary>Options that are valid as a whole.</summary>
    /// <exception cref="UsageException">Anything is wrong anywhere.</exception>
    internal static AppOptions Load(ParseResult parsed, CommandHandler? handler, ILogger logger)
    {
        var problems = new List<string>();
        var warnings = new List<string>();
        foreach (var error in parsed.Errors)
        {
            if (!problems.Contains(error.Message)) problems.Add(error.Message);
        }

        if (CommonOptions.ValueOf(parsed, CommonOptions.LogLevel) is { } level && CommonOptions.LogLevelOf(parsed) is null)
        {
            problems.Add($"--log-level: '{level}' must be trace, debug, information, warning, error or none.");
        }
        var overrides = handler?.Overrides(parsed) ?? [];
        var baseFile = Path.Combine(AppContext.BaseDirectory, ConfigurationLayers.DefaultFileName);
        var layers = ConfigurationLayers.Load(baseFile, CommonOptions.ValueOf(parsed, CommonOptions.Config), overrides, problems);
        var options = AppOptionsReader.Read(layers, NodeKinds.All, problems, warnings);
        handler?.Check(parsed, options, problems);
        foreach (var warning in warnings) AppLog.SettingHasNoEffect(logger, warning);
        return problems.Count == 0 ? options : throw new UsageException(problems);
    }
}
