namespace StreamScoring.Processors.Models;

/// <summary>The tasks, as <c>model.json</c> and a node's kind name them.</summary>
public static class ModelTask
{
    /// <summary>One label for an article.</summary>
    public const string TextClassification = "text-classification";

    /// <summary>A label for every word: names of people, places, …</summary>
    public const string TokenClassification = "token-classification";

    /// <summary>A score and an embedding for every token, from which sentences are chosen.</summary>
    public const string ExtractiveSummarization = "extractive-summarization";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<string> All { get; } = [TextClassification, TokenClassification, ExtractiveSummarization];
}

/// <summary>What the graph reads through <c>token_type_ids</c>.</summary>
public enum TokenTypeUse
{
    /// <summary>BERT's own: 0 for the first text of a pair, 1 for the second.</summary>
    None,

    /// <summary>The casing class of each word (CasingClass).</summary>
    Casing,

    /// <summary>1 in every window after a text's first.</summary>
    Continuation,
}
