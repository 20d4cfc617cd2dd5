namespace StreamScoring.Processors;

/// <summary>From logits to probabilities, without overflow.</summary>
internal static class Softmax
{
    /// <summary>Replaces logits by the logarithms of their probabilities at <paramref name="temperature"/>.</summary>
    /// <exception cref="InvalidDataException">A logit is not a number.</exception>
    public static void Logarithms(Span<float> logits, float temperature)
    {
        var largest = float.NegativeInfinity;
        foreach (ref var logit in logits)
        {
            logit /= temperature;
            if (float.IsNaN(logit)) throw new InvalidDataException("The model answered with a number that is none (NaN).");
            largest = Math.Max(largest, logit);
        }
        var sum = 0.0;
        foreach (var logit in logits) sum += Math.Exp(logit - largest);
        var shift = largest + (float)Math.Log(sum);
        foreach (ref var logit in logits) logit -= shift;
    }
}
