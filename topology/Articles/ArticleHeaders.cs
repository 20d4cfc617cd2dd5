using System.Buffers.Text;

namespace StreamScoring.Topology.Articles;

/// <summary>Headers that nodes act on. All others are carried through untouched.</summary>
public static class ArticleHeaders
{
    /// <summary>Until when an answer is of use: Unix milliseconds in decimal ASCII digits. Past it a record is not scored.</summary>
    public const string Deadline = "streamscoring_deadline";

    /// <summary>Reads the deadline of a record.</summary>
    /// <param name="headers">The record's headers.</param>
    /// <param name="deadlineMs">Unix milliseconds; null where there is none.</param>
    /// <returns>False where the header holds something else than a number.</returns>
    internal static bool TryGetDeadline(RecordHeaders headers, out long? deadlineMs)
    {
        deadlineMs = null;
        if (headers.Count == 0 || !headers.TryGetLast(Deadline, out var text)) return true;
        if (text is null || !Utf8Parser.TryParse(text, out long value, out var consumed) || consumed != text.Length)
            return false;
        deadlineMs = value;
        return true;
    }
}
