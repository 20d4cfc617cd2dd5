namespace StreamScoring.Testing.Processes;

/// <summary>Signals that tests send, with Linux' numbers.</summary>
public enum ProcessSignal
{
    /// <summary>SIGINT: Ctrl-C.</summary>
    Interrupt = 2,

    /// <summary>SIGKILL: the process gets no chance to do anything.</summary>
    Kill = 9,

    /// <summary>SIGTERM: what a service manager sends first.</summary>
    Terminate = 15,

    /// <summary>SIGCONT: goes on after <see cref="Stop"/>.</summary>
    Continue = 18,

    /// <summary>SIGSTOP: stands still, as in a long pause of its machine.</summary>
    Stop = 19,
}
