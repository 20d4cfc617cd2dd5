using System.Text;
using StreamScoring.Schemas;

namespace StreamScoring.App.Sinks.Postgres;

/// <summary>What PostgreSQL takes as text: valid UTF-8 without U+0000, and in an indexed column no more than a third of a page.</summary>
internal static class PostgresText
{
    /// <summary>Bytes of the columns of one index entry; PostgreSQL's own limit for a B-tree is 2,704.</summary>
    internal const int MaxIndexedBytes = 2_000;

    private const char Replacement = '\ufffd';

    /// <summary>The text, with U+FFFD in place of each U+0000 and each lone surrogate: the length stays, and so do spans.</summary>
    internal static string Clean(string text)
    {
        if (!text.AsSpan().ContainsAnyInRange('\ud800', '\udfff') && !text.Contains('\0', StringComparison.Ordinal)) return text;
        return string.Create(text.Length, text, static (cleaned, text) =>
        {
            for (var i = 0; i < text.Length; i++)
            {
                if (char.IsHighSurrogate(text[i]) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]))
                {
                    (cleaned[i], cleaned[i + 1]) = (text[i], text[i + 1]);
                    i++;
                }
                else
                {
                    cleaned[i] = text[i] == '\0' || char.IsSurrogate(text[i]) ? Replacement : text[i];
                }
            }
        });
    }

    /// <summary>
    /// Why an article cannot be stored in indexed columns; null where it can. One such article must not hold up the others:
    /// it is kept as a reject.
    /// </summary>
    internal static string? Complaint(Article article)
    {
        if (TooLong(article.Id)) return Reason("id");
        if (article.Topic is { } topic && TooLong(topic.Label)) return Reason("topic label");
        if (article.Entities is not { } entities) return null;
        foreach (var entity in entities)
        {
            if (TooLong(entity.Text, entity.Type)) return Reason("entity");
        }
        return null;
    }

    private static string Reason(string what) => $"Its {what} is longer than {MaxIndexedBytes} bytes, more than an index takes.";

    private static bool TooLong(string text, string more = "") =>
        text.Length + more.Length > MaxIndexedBytes / 3
        && Encoding.UTF8.GetByteCount(text) + Encoding.UTF8.GetByteCount(more) > MaxIndexedBytes;
}
