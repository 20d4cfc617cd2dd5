namespace StreamScoring.Topology;

/// <summary>A topology, or the options it is to run with, cannot work. Carries every mistake, not just the first.</summary>
public sealed class TopologyException : Exception
{
    /// <summary>An exception with these mistakes, at least one, and what they come from.</summary>
    public TopologyException(IReadOnlyList<string> mistakes, Exception? innerException = null)
        : base(mistakes.Count == 1
            ? mistakes[0]
            : $"The topology has {mistakes.Count} mistakes:{Environment.NewLine}- {string.Join($"{Environment.NewLine}- ", mistakes)}", innerException)
        => Mistakes = mistakes;

    /// <summary>What is wrong, one sentence or two for each.</summary>
    public IReadOnlyList<string> Mistakes { get; }
}
