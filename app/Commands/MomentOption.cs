using System.CommandLine;
using System.Globalization;

namespace StreamScoring.App.Commands;

/// <summary>Options that name a moment: an ISO 8601 time, or how long ago.</summary>
internal static class MomentOption
{
    internal const string Help = "TIME|30m|2h|7d";

    /// <summary>Adds what is wrong with a moment that was given.</summary>
    internal static void Check(ParseResult parsed, Option<string?> option, List<string> problems)
    {
        if (CommonOptions.ValueOf(parsed, option) is { } text && Parse(text, DateTimeOffset.UnixEpoch) is null)
        {
            problems.Add($"{option.Name}: '{text}' must be a time such as 2026-01-31T12:00:00Z, or how long ago: 90s, 30m, 2h, 7d.");
        }
    }

    /// <summary>The moment that was given, or null.</summary>
    internal static DateTimeOffset? ValueOf(ParseResult parsed, Option<string?> option, TimeProvider time) =>
        CommonOptions.ValueOf(parsed, option) is { } text ? Parse(text, time.GetUtcNow()) : null;

    private static DateTimeOffset? Parse(string text, DateTimeOffset now)
    {
        const double mostDays = 36_500;
        if (text.Length > 1 && double.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
        {
            double? seconds = text[^1] switch { 's' => 1, 'm' => 60, 'h' => 3_600, 'd' => 86_400, _ => null };
            if (seconds is { } unit) return number * unit <= mostDays * 86_400 ? now - TimeSpan.FromSeconds(Math.Min(number * unit, now.UtcTicks / 1e7)) : null;
        }
        return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var moment)
            ? moment : null;
    }
}
