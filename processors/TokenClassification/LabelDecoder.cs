using System.Buffers;

namespace StreamScoring.Processors.TokenClassification;

/// <summary>An entity in words.</summary>
/// <param name="First">First word.</param>
/// <param name="End">After the last word.</param>
/// <param name="Type">Entity type, as <see cref="LabelScheme.TypeName"/> counts.</param>
internal readonly record struct WordSpan(int First, int End, int Type);

/// <summary>
/// Finds the most probable labels of a run of words among those that make sense (Viterbi's algorithm, where every sensible
/// transition is equally likely), and the entities they spell.
/// </summary>
internal static class LabelDecoder
{
    /// <summary>Decodes the labels of all words.</summary>
    /// <param name="scores">Logarithms of probabilities, [words, labels].</param>
    /// <param name="breaks">True where an entity cannot go on from the word before, [words].</param>
    /// <param name="scheme">The labels.</param>
    /// <param name="labels">Receives the label of each word, [words].</param>
    public static void Decode(
        ReadOnlySpan<float> scores, ReadOnlySpan<bool> breaks, LabelScheme scheme, Span<int> labels)
    {
        var count = scheme.Count;
        var words = labels.Length;
        if (words == 0) return;
        if (!scheme.Strict)
        {
            for (var word = 0; word < words; word++) labels[word] = ArgMax(scores.Slice(word * count, count));
            return;
        }
        var back = ArrayPool<int>.Shared.Rent(words * count);
        var best = ArrayPool<float>.Shared.Rent(2 * count);
        try
        {
            var before = best.AsSpan(0, count);
            var now = best.AsSpan(count, count);
            for (var word = 0; word < words; word++)
            {
                var opens = word == 0 || breaks[word];
                Step(scores.Slice(word * count, count), word == 0, opens, scheme, before, now, back.AsSpan(word * count, count));
                var swap = before;
                before = now;
                now = swap;
            }
            var label = ArgMax(before);
            for (var word = words - 1; word >= 0; word--)
            {
                labels[word] = label;
                label = back[word * count + label];
            }
        }
        finally
        {
            ArrayPool<float>.Shared.Return(best);
            ArrayPool<int>.Shared.Return(back);
        }
    }

    /// <summary>Reads labels as the CoNLL scorer does: an inside label after another type opens an entity.</summary>
    public static void Spans(ReadOnlySpan<int> labels, ReadOnlySpan<bool> breaks, LabelScheme scheme, List<WordSpan> spans)
    {
        var first = -1;
        var type = -1;
        for (var word = 0; word <= labels.Length; word++)
        {
            var goesOn = word < labels.Length && first >= 0 && !breaks[word]
                && scheme.Role(labels[word]) == LabelRole.Inside && scheme.Type(labels[word]) == type;
            if (goesOn) continue;
            if (first >= 0) spans.Add(new WordSpan(first, word, type));
            first = -1;
            if (word == labels.Length || scheme.Role(labels[word]) == LabelRole.Outside) continue;
            first = word;
            type = scheme.Type(labels[word]);
        }
    }

    private static void Step(
        ReadOnlySpan<float> scores, bool isFirst, bool opens, LabelScheme scheme, ReadOnlySpan<float> before,
        Span<float> now, Span<int> back)
    {
        var bestBefore = isFirst ? 0 : ArgMax(before);
        // Measured from the best path so far: sums over a long text stay small and exact.
        var bestScore = isFirst ? 0 : before[bestBefore];
        for (var label = 0; label < scores.Length; label++)
        {
            if (scheme.Role(label) != LabelRole.Inside)
            {
                now[label] = scores[label];
                back[label] = bestBefore;
                continue;
            }
            now[label] = float.NegativeInfinity;
            back[label] = bestBefore;
            if (opens) continue;
            for (var previous = 0; previous < scores.Length; previous++)
            {
                var score = before[previous] - bestScore + scores[label];
                if (scheme.Type(previous) != scheme.Type(label) || score <= now[label]) continue;
                now[label] = score;
                back[label] = previous;
            }
        }
    }

    private static int ArgMax(ReadOnlySpan<float> values)
    {
        var best = 0;
        for (var i = 1; i < values.Length; i++)
        {
            if (values[i] > values[best]) best = i;
        }
        return best;
    }
}
