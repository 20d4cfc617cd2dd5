using System.Diagnostics;

namespace StreamScoring.Testing.Internal;

/// <summary>
/// A shell that outlives this process to clean up after it: when the pipe to it closes, because this process ended
/// in whatever way, it kills the process groups and removes the folders that are still on its list.
/// </summary>
/// <remarks>
/// Linux' parent-death signal will not do: it fires when the thread that started the child ends, and thread-pool
/// threads come and go.
/// </remarks>
internal static class Reaper
{
    private const string Script = """
        trap '' INT TERM HUP
        declare -A left
        while IFS= read -r line; do
          case $line in
            +*) left[${line:1}]=1 ;;
            -*) unset "left[${line:1}]" ;;
          esac
        done
        for item in "${!left[@]}"; do [[ $item == /* ]] || kill -KILL -- "-$item" 2>/dev/null; done
        for item in "${!left[@]}"; do [[ $item != /* ]] || rm -rf -- "$item"; done
        """;

    private static readonly Lock Gate = new();
    private static Process? _shell;

    /// <summary>A folder to remove.</summary>
    internal static void Watch(string folder) => Send('+', folder);

    /// <summary>A process group to kill.</summary>
    internal static void Watch(int processGroup) => Send('+', Invariant(processGroup));

    /// <summary>The folder is gone.</summary>
    internal static void Forget(string folder) => Send('-', folder);

    /// <summary>The process group has ended; its number may soon be another's.</summary>
    internal static void Forget(int processGroup) => Send('-', Invariant(processGroup));

    private static string Invariant(int number) => number.ToString(System.Globalization.CultureInfo.InvariantCulture);

    private static void Send(char operation, string item)
    {
        lock (Gate)
        {
            _shell ??= Process.Start(new ProcessStartInfo("setsid", ["bash", "-c", Script])
            {
                RedirectStandardInput = true,
            })!;
            _shell.StandardInput.Write($"{operation}{item}\n");
            _shell.StandardInput.Flush();
        }
    }
}
