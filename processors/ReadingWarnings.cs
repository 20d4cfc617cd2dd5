using System.Globalization;

namespace StreamScoring.Processors;

/// <summary>What a reader of an enriched article should know about how it was read.</summary>
internal static class ReadingWarnings
{
    /// <summary>There was no word to score; the node's field stays null.</summary>
    public static readonly IReadOnlyList<string> NoText = ["title and body have no text to score"];

    /// <summary>The article was longer than what is read of one.</summary>
    public static IReadOnlyList<string>? Truncated(bool truncated, int maxTokens) =>
        truncated ? [string.Create(CultureInfo.InvariantCulture, $"truncated at {maxTokens} tokens")] : null;
}
