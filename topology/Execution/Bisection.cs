namespace StreamScoring.Topology.Execution;

/// <summary>Work on a range of records that can be tried again on parts of it.</summary>
internal interface IBisected
{
    /// <summary>Does the work on a range.</summary>
    /// <returns>Null, or why nothing of it was done.</returns>
    Exception? TryRun(int start, int length);

    /// <summary>The work on this range is done.</summary>
    void Succeeded(int start, int length);

    /// <summary>The work on this one record cannot be done.</summary>
    void Failed(int index, Exception exception);
}

/// <summary>
/// Halves a range that fails until the records that are to blame stand alone. Ranges are worked on in order, so that
/// results and failures come in order too.
/// </summary>
internal static class Bisection
{
    public static void Run<T>(T work, int start, int length)
        where T : IBisected
    {
        if (work.TryRun(start, length) is not { } exception)
        {
            work.Succeeded(start, length);
            return;
        }
        if (length == 1)
        {
            work.Failed(start, exception);
            return;
        }
        var half = length / 2;
        Run(work, start, half);
        Run(work, start + half, length - half);
    }
}
