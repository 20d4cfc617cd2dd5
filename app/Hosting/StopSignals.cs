using System.Runtime.InteropServices;

namespace StreamScoring.App.Hosting;

/// <summary>
/// Ctrl-C and SIGTERM. The first asks to stop and lets the work in flight finish; the second is left to the system, which
/// ends the process at once.
/// </summary>
internal sealed class StopSignals : IDisposable
{
    private readonly CancellationTokenSource _stopping = new();
    private readonly List<PosixSignalRegistration> _registrations = [];

    internal StopSignals()
    {
        foreach (var signal in (PosixSignal[])[PosixSignal.SIGINT, PosixSignal.SIGTERM])
        {
            _registrations.Add(PosixSignalRegistration.Create(signal, OnSignal));
        }
    }

    /// <summary>Set by the first signal.</summary>
    internal CancellationToken Stopping => _stopping.Token;

    public void Dispose()
    {
        foreach (var registration in _registrations) registration.Dispose();
        _stopping.Dispose();
    }

    private void OnSignal(PosixSignalContext context)
    {
        if (_stopping.IsCancellationRequested) return;
        context.Cancel = true;
        // Off the signal thread: what is registered on the token may take its time, and a second signal must get through.
        _ = _stopping.CancelAsync();
    }
}
