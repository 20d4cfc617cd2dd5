using System.Diagnostics;
using System.Runtime.InteropServices;
using StreamScoring.Testing.Internal;

namespace StreamScoring.Testing.Processes;

/// <summary>
/// A program that a test runs beside itself, in a session of its own: its output is captured line by line, it takes
/// signals, and neither it nor its children outlive the test process.
/// </summary>
public sealed partial class ChildProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly LineLog _output;
    private readonly LineLog _errors;
    private readonly string _name;
    private readonly TextWriter? _transcript;

    private ChildProcess(Process process, string name, ChildProcessOptions options)
    {
        _process = process;
        _name = name;
        _output = new LineLog(options.RetainedLines);
        _errors = options.MergeErrors ? _output : new LineLog(options.RetainedLines);
        _transcript = options.Transcript is { } path ? TextWriter.Synchronized(File.CreateText(path)) : null;
        process.OutputDataReceived += (_, line) =>
        {
            Note(line.Data);
            _output.Add(line.Data);
        };
        process.ErrorDataReceived += (_, line) =>
        {
            Note(line.Data);
            if (line.Data is not null || !options.MergeErrors) _errors.Add(line.Data);
        };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    /// <summary>Its process id; also the id of its process group.</summary>
    public int Id => _process.Id;

    /// <summary>Whether it has ended.</summary>
    public bool HasExited => _process.HasExited;

    /// <summary>The lines on its standard output so far; all of them once <see cref="WaitForExitAsync"/> returned.</summary>
    public IReadOnlyList<string> Output => _output.Snapshot();

    /// <summary>The lines on its standard error so far.</summary>
    public IReadOnlyList<string> Errors => _errors.Snapshot();

    /// <summary>Its standard input.</summary>
    public StreamWriter Input => _process.StandardInput;

    /// <summary>Starts a program.</summary>
    /// <param name="file">Path, or a name in PATH.</param>
    /// <param name="arguments">Its arguments, unquoted.</param>
    /// <param name="options">Environment, folder and limits.</param>
    /// <exception cref="System.ComponentModel.Win32Exception">There is no such program.</exception>
    public static ChildProcess Start(
        string file, IEnumerable<string> arguments, ChildProcessOptions? options = null)
    {
        options ??= new ChildProcessOptions();
        // setsid makes it the leader of a group that can be signalled whole, and then becomes it: the id stays.
        var start = new ProcessStartInfo("setsid", [file, .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = options.WorkingDirectory ?? "",
        };
        foreach (var (name, value) in options.Environment) start.Environment[name] = value;
        var process = Process.Start(start)!;
        Reaper.Watch(process.Id);
        return new ChildProcess(process, Path.GetFileName(file), options);
    }

    /// <summary>Starts the streamscoring program of this build.</summary>
    /// <param name="arguments">Its command and options.</param>
    /// <param name="options">Environment, folder and limits.</param>
    /// <exception cref="FileNotFoundException">It is not built.</exception>
    internal static ChildProcess StartProgram(IEnumerable<string> arguments, ChildProcessOptions? options = null) =>
        Start("dotnet", [ProgramFile.Find(), .. arguments], options);

    /// <summary>Sends a signal to the program and its children; nothing happens when it has ended.</summary>
    public void Signal(ProcessSignal signal)
    {
        if (_process.HasExited) return;
        // Right after its start the group is not made yet; then the program is the only one to signal.
        if (Kill(-_process.Id, (int)signal) != 0) _ = Kill(_process.Id, (int)signal);
    }

    /// <summary>Waits for a line on standard output.</summary>
    /// <param name="matches">Tells the line; earlier lines count too.</param>
    /// <param name="timeout">Default 30 seconds.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="TimeoutException">No such line in time; the message has what the program wrote.</exception>
    /// <exception cref="InvalidOperationException">The output ended without it.</exception>
    public Task<string> WaitForOutputAsync(
        Func<string, bool> matches, TimeSpan? timeout = null, CancellationToken cancellationToken = default) =>
        WaitForLineAsync(_output, "standard output", matches, timeout, cancellationToken);

    /// <summary>As <see cref="WaitForOutputAsync"/>, on standard error.</summary>
    public Task<string> WaitForErrorAsync(
        Func<string, bool> matches, TimeSpan? timeout = null, CancellationToken cancellationToken = default) =>
        WaitForLineAsync(_errors, "standard error", matches, timeout, cancellationToken);

    /// <summary>Waits for its end and the end of its output.</summary>
    /// <param name="timeout">Default 30 seconds.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The exit code; 128 + signal when a signal ended it.</returns>
    /// <exception cref="TimeoutException">It still runs; the message has what it wrote.</exception>
    public async Task<int> WaitForExitAsync(TimeSpan? timeout = null, CancellationToken cancellationToken = default)
    {
        var limit = timeout ?? TimeSpan.FromSeconds(30);
        try
        {
            await _process.WaitForExitAsync(cancellationToken).WaitAsync(limit, cancellationToken);
        }
        catch (TimeoutException)
        {
            throw new TimeoutException($"{_name} still runs after {limit}.\n{Written()}");
        }
        Reaper.Forget(Id);
        return _process.ExitCode;
    }

    /// <summary>Kills it and its children.</summary>
    public async ValueTask DisposeAsync()
    {
        // The group may outlive its leader, so it is signalled even when the leader has ended.
        _ = Kill(-_process.Id, (int)ProcessSignal.Kill);
        await _process.WaitForExitAsync();
        Reaper.Forget(Id);
        _process.Dispose();
        _transcript?.Dispose();
    }

    private async Task<string> WaitForLineAsync(
        LineLog log, string stream, Func<string, bool> matches, TimeSpan? timeout, CancellationToken cancellationToken)
    {
        var limit = timeout ?? TimeSpan.FromSeconds(30);
        try
        {
            return await log.FirstAsync(matches, cancellationToken).WaitAsync(limit, cancellationToken)
                ?? throw new InvalidOperationException($"{_name} ended its {stream} without the awaited line.\n{Written()}");
        }
        catch (TimeoutException)
        {
            throw new TimeoutException($"{_name} did not write the awaited line within {limit}.\n{Written()}");
        }
    }

    private void Note(string? line)
    {
        if (line is not null) _transcript?.WriteLine($"{TimeProvider.System.GetUtcNow():HH:mm:ss.fff} {line}");
    }

    private string Written() =>
        $"Output:\n{string.Join('\n', Output.TakeLast(40))}\nErrors:\n{string.Join('\n', Errors.TakeLast(40))}";

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int processId, int signal);
}
