using StreamScoring.Processors.Models;

namespace StreamScoring.Processors.Summarization;

/// <summary>
/// Chooses sentences one after the other, each time the one with the highest score less a penalty for its likeness to
/// those already chosen (maximal marginal relevance, Carbonell and Goldstein 1998).
/// </summary>
internal static class SentenceSelector
{
    /// <summary>Gives the indices of the chosen sentences, ascending.</summary>
    /// <param name="reading">Sentences with scores and unit vectors.</param>
    /// <param name="candidates">True for sentences that may be chosen, [sentences].</param>
    /// <param name="dangling">True for sentences that lean on the one before them, [sentences]: they pay for it unless that one is chosen.</param>
    /// <param name="selection">The model's constants.</param>
    /// <param name="chosen">Receives the indices.</param>
    public static void Select(
        SentenceReading reading, ReadOnlySpan<bool> candidates, ReadOnlySpan<bool> dangling, SentenceSelection selection,
        List<int> chosen)
    {
        chosen.Clear();
        while (chosen.Count < selection.Sentences)
        {
            var best = -1;
            var bestValue = float.NegativeInfinity;
            for (var sentence = 0; sentence < candidates.Length; sentence++)
            {
                if (!candidates[sentence] || chosen.Contains(sentence)) continue;
                var value = reading.Scores[sentence] - selection.PositionBias * sentence
                    - selection.RedundancyPenalty * Likeness(reading, sentence, chosen);
                if (dangling[sentence] && !chosen.Contains(sentence - 1)) value -= selection.DanglingPenalty;
                if (best >= 0 && value <= bestValue) continue;
                best = sentence;
                bestValue = value;
            }
            if (best < 0) break;
            chosen.Add(best);
        }
        chosen.Sort();
    }

    private static float Likeness(SentenceReading reading, int sentence, List<int> chosen)
    {
        if (chosen.Count == 0) return 0;
        var largest = float.NegativeInfinity;
        var vector = reading.Embedding(sentence);
        foreach (var other in chosen)
        {
            var cosine = 0.0;
            var otherVector = reading.Embedding(other);
            for (var i = 0; i < vector.Length; i++) cosine += vector[i] * otherVector[i];
            largest = Math.Max(largest, (float)cosine);
        }
        return largest;
    }
}
