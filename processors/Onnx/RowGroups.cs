namespace StreamScoring.Processors.Onnx;

/// <summary>Cuts rows, sorted by length, into runs: little is padded, and no run is too large.</summary>
internal static class RowGroups
{
    /// <summary>Of a run's tokens, at most one in so many is padding.</summary>
    private const int TokensPerPadding = 10;

    /// <summary>How many of the next rows run together, at least one.</summary>
    /// <param name="lengths">Rows still to run, shortest first; a row's length is in the upper 32 bits.</param>
    /// <param name="maxRows">Rows in a run, at most.</param>
    /// <param name="maxTokens">Tokens in a run, padding counted, at most; a longer row runs alone.</param>
    public static int SizeOfNext(ReadOnlySpan<long> lengths, int maxRows, int maxTokens)
    {
        long own = 0;
        var size = 0;
        while (size < lengths.Length && size < maxRows)
        {
            var length = lengths[size] >> 32;
            var padded = length * (size + 1);
            if (size > 0 && (padded > maxTokens || (padded - own - length) * TokensPerPadding > padded)) break;
            own += length;
            size++;
        }
        return size;
    }
}
