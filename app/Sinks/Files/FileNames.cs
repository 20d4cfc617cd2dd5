using System.Globalization;
using System.Text.RegularExpressions;
using StreamScoring.Topology.Sinks;

namespace StreamScoring.App.Sinks.Files;

/// <summary>
/// Names of files: <c>SOURCE/TOPIC-PARTITION/FIRST-LAST.jsonl[.gz]</c>, both offsets with twenty digits. What is not finished
/// begins with a dot, which listings and globs leave out.
/// </summary>
internal static partial class FileNames
{
    /// <summary>Holds the position, also after the files have been taken away, and is locked by whoever writes the partition.</summary>
    internal const string Position = ".position";

    private const string UnfinishedEnd = ".unfinished";

    internal static string FolderOf(string root, string source, SinkPartition partition) =>
        Path.Combine(root, Uri.EscapeDataString(source).Replace(".", "%2E", StringComparison.Ordinal), partition.ToString());

    internal static string Finished(long first, long last, bool gzip) =>
        string.Create(CultureInfo.InvariantCulture, $"{first:D20}-{last:D20}.jsonl{(gzip ? ".gz" : "")}");

    internal static string Unfinished(long first) => string.Create(CultureInfo.InvariantCulture, $".{first:D20}{UnfinishedEnd}");

    internal static bool IsUnfinished(string name) => name.StartsWith('.') && name.EndsWith(UnfinishedEnd, StringComparison.Ordinal);

    /// <summary>The offsets in the name of a finished file; null where it is none.</summary>
    internal static (long First, long Last)? Parse(string name)
    {
        var match = FinishedPattern().Match(name);
        return match.Success
            && long.TryParse(match.Groups[1].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out var first)
            && long.TryParse(match.Groups[2].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out var last)
            ? (first, last)
            : null;
    }

    [GeneratedRegex(@"^([0-9]{20})-([0-9]{20})\.jsonl(\.gz)?\z")]
    private static partial Regex FinishedPattern();
}
