namespace StreamScoring.App.Commands;

/// <summary>What the process answers to its caller.</summary>
internal static class ExitCodes
{
    /// <summary>Everything asked for was done; for a stream: it was stopped and drained.</summary>
    internal const int Done = 0;

    /// <summary>Something failed; standard error says what.</summary>
    internal const int Failed = 1;

    /// <summary>Wrong usage or configuration; nothing was started.</summary>
    internal const int Usage = 2;

    /// <summary>Interrupted before the work was complete (128 + SIGINT).</summary>
    internal const int Interrupted = 130;
}

/// <summary>A failure that its message explains completely: shown without a stack trace, exit code 1.</summary>
internal sealed class CommandException(string message, Exception? innerException = null)
    : Exception(message, innerException);

/// <summary>Mistakes in usage or configuration, all of them: exit code 2.</summary>
internal sealed class UsageException(IReadOnlyList<string> mistakes)
    : Exception(string.Join(Environment.NewLine, mistakes))
{
    /// <summary>One sentence each.</summary>
    internal IReadOnlyList<string> Mistakes { get; } = mistakes;
}
