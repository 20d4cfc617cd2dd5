namespace StreamScoring.Processors.Sentences;

/// <summary>A sentence's place in its text, without the white space around it.</summary>
/// <param name="Start">First UTF-16 code unit.</param>
/// <param name="End">After the last UTF-16 code unit.</param>
public readonly record struct SentenceSpan(int Start, int End)
{
    /// <summary>UTF-16 code units.</summary>
    public int Length => End - Start;
}
