using System.Diagnostics;
using System.Globalization;

namespace StreamScoring.App.Bench;

/// <summary>
/// A program that a measurement runs beside itself: in a session of its own, its output in a file, its processor time and
/// memory read from /proc. It ends with this process, however this process ends.
/// </summary>
internal sealed class ChildProgram : IAsyncDisposable
{
    // The shell waits for the end of its input, which comes with our end too; then it stops the program's session.
    private const string Supervisor = """
        trap '' INT
        log=$1; shift
        setsid "$@" </dev/null >"$log" 2>&1 &
        child=$!
        echo "$child"
        cat >/dev/null
        kill -TERM -- "-$child" 2>/dev/null
        for _ in $(seq 100); do kill -0 -- "-$child" 2>/dev/null || exit 0; sleep 0.1; done
        kill -KILL -- "-$child" 2>/dev/null
        """;

    private static readonly double TickSeconds = 1.0 / 100;

    private readonly Process _shell;
    private readonly string _log;
    private readonly int _id;

    private ChildProgram(Process shell, string name, string log, int id)
    {
        _shell = shell;
        Name = name;
        _log = log;
        _id = id;
    }

    /// <summary>What it is, for messages.</summary>
    internal string Name { get; }

    /// <summary>Processor seconds that it has used so far, its children's included.</summary>
    internal double CpuSeconds
    {
        get
        {
            var fields = StatFields();
            return fields.Length == 0 ? 0 : (Field(fields, 11) + Field(fields, 12)) * TickSeconds;
        }
    }

    /// <summary>Resident memory now, in bytes.</summary>
    internal long ResidentBytes => StatusBytes("VmRSS");

    /// <summary>Largest resident memory so far, in bytes.</summary>
    internal long PeakResidentBytes => StatusBytes("VmHWM");

    /// <summary>Whether it has ended by itself.</summary>
    internal bool HasEnded => StatFields() is not { Length: > 0 } fields || fields[0] == "Z";

    /// <summary>Starts a program.</summary>
    /// <param name="name">What it is, for messages.</param>
    /// <param name="log">File that gets its output.</param>
    /// <param name="command">Program and arguments.</param>
    /// <param name="environment">Variables set for it.</param>
    internal static async Task<ChildProgram> StartAsync(
        string name, string log, IReadOnlyList<string> command, IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo("setsid", ["bash", "-c", Supervisor, "bench", log, .. command])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        foreach (var (key, value) in environment ?? new Dictionary<string, string>()) start.Environment[key] = value;
        var shell = Process.Start(start)!;
        var id = await shell.StandardOutput.ReadLineAsync();
        return new ChildProgram(shell, name, log, int.Parse(id!, CultureInfo.InvariantCulture));
    }

    /// <summary>The end of what it wrote.</summary>
    internal string Tail()
    {
        if (!File.Exists(_log)) return "";
        using var stream = new FileStream(_log, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        stream.Seek(-Math.Min(stream.Length, 4000), SeekOrigin.End);
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    /// <summary>Throws where it has ended by itself.</summary>
    internal void ThrowIfEnded()
    {
        if (HasEnded) throw new Commands.CommandException($"{Name} ended in the middle of the measurement:\n{Tail()}");
    }

    /// <summary>Stops it: SIGTERM, and after ten seconds SIGKILL.</summary>
    public async ValueTask DisposeAsync()
    {
        _shell.StandardInput.Close();
        await _shell.WaitForExitAsync();
        _shell.Dispose();
    }

    // After the name in parentheses, which may hold blanks: state is field 0, utime 11, stime 12.
    private string[] StatFields()
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{_id}/stat");
            return stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        }
        catch (IOException)
        {
            return [];
        }
    }

    private long StatusBytes(string field) => BenchMachine.BytesIn($"/proc/{_id}/status", field);

    private static double Field(string[] fields, int index) => double.Parse(fields[index], CultureInfo.InvariantCulture);
}
