using StreamScoring.Schemas;

namespace StreamScoring.App.Replay;

/// <summary>An entity for comparison: two runs found the same one where type, field and span are the same.</summary>
internal readonly record struct EntitySpan(string Type, ArticleField Field, int Start, int End, string Text);

/// <summary>How the answers to one record differ between two runs.</summary>
internal sealed class RecordChange
{
    /// <summary>Partition of the captured record.</summary>
    internal required int Partition { get; init; }

    /// <summary>Offset of the captured record.</summary>
    internal required long Offset { get; init; }

    /// <summary>Id of the article; null where neither run has one.</summary>
    internal string? Id { get; set; }

    /// <summary>Its title; null where neither run has one.</summary>
    internal string? Title { get; set; }

    /// <summary>The run that has it alone: "A" or "B"; null where both have it.</summary>
    internal string? OnlyIn { get; set; }

    /// <summary>Where it failed in each run, where that differs: node and message, or "answered".</summary>
    internal (string A, string B)? Outcome { get; set; }

    /// <summary>Fields that no node fills and that differ all the same.</summary>
    internal List<string> OtherFields { get; } = [];

    /// <summary>Both topics, with the score that each run gave its own, where they differ.</summary>
    internal (string A, float ScoreA, string B, float ScoreB)? Flip { get; set; }

    /// <summary>Largest change of the score of any topic.</summary>
    internal double TopicDelta { get; set; }

    /// <summary>Entities of the second run that the first has not.</summary>
    internal List<EntitySpan> Added { get; } = [];

    /// <summary>Entities of the first run that the second has not.</summary>
    internal List<EntitySpan> Lost { get; } = [];

    /// <summary>Entities that both have.</summary>
    internal int SharedEntities { get; set; }

    /// <summary>Largest change of the score of an entity that both have.</summary>
    internal double EntityDelta { get; set; }

    /// <summary>ROUGE-L of the summaries; null where not both have one.</summary>
    internal double? Rouge { get; set; }

    /// <summary>Both summaries where they differ.</summary>
    internal (string A, string B)? Summaries { get; set; }

    /// <summary>Largest change of the score of a summary's sentence that both have.</summary>
    internal double SummaryDelta { get; set; }

    /// <summary>Whether a person would see a difference: more than scores that moved.</summary>
    internal bool IsVisible =>
        OnlyIn is not null || Outcome is not null || OtherFields.Count > 0 || Flip is not null || Added.Count > 0 || Lost.Count > 0 || Summaries is not null;

    /// <summary>How bad it is, for choosing which ones are shown.</summary>
    internal double Severity =>
        (OnlyIn is null ? 0 : 1_000) + (Outcome is null ? 0 : 1_000) + (OtherFields.Count > 0 ? 500 : 0) + (Flip is null ? 0 : 100)
        + Math.Min(50, 5 * (Added.Count + Lost.Count)) + (20 * (1 - (Rouge ?? 1))) + TopicDelta + EntityDelta + SummaryDelta;
}
