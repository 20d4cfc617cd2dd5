using System.Text;
using Spectre.Console;
using StreamScoring.App.Hosting;

namespace StreamScoring.App.View;

/// <summary>
/// Draws frames on the terminal's alternate screen, four a second. Each frame is written in place and in one piece:
/// nothing flickers, a resized window is right with the next frame, and the terminal is as before when the view ends.
/// </summary>
internal sealed class LiveView(Func<ViewState> state, LogRelay logs, TimeProvider time)
{
    private const string Enter = "\e[?1049h\e[?25l";
    private const string Leave = "\e[?25h\e[?1049l";
    private const string Home = "\e[H";
    private const string ClearRest = "\e[K";
    private const string ClearBelow = "\e[J";
    private static readonly TimeSpan FrameTime = TimeSpan.FromMilliseconds(250);

    /// <summary>True where standard output is a terminal that can be drawn on.</summary>
    internal static bool IsPossible =>
        !Console.IsOutputRedirected && Environment.GetEnvironmentVariable("TERM") is not (null or "" or "dumb");

    /// <summary>Draws until cancelled. Log lines for standard error are held back meanwhile.</summary>
    internal async Task RunAsync(CancellationToken cancellationToken)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.Yes, Interactive = InteractionSupport.No });
        var output = Console.Out;
        logs.Hold();
        output.Write(Enter);
        try
        {
            while (!cancellationToken.IsCancellationRequested)
            {
                output.Write(Frame(console, state()));
                output.Flush();
                await Task.Delay(FrameTime, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
        catch (IOException)
        {
            // The terminal is gone; the stream goes on until it is told to stop.
        }
        finally
        {
            output.Write(Leave);
            output.Flush();
            logs.Release();
        }
    }

    private static string Frame(IAnsiConsole console, ViewState state)
    {
        var (width, height) = Size();
        console.Profile.Width = width;
        console.Profile.Height = height;
        var text = console.ToAnsi(new Screen(state, height)).ReplaceLineEndings("\n").TrimEnd('\n');
        return new StringBuilder(text.Length + 256)
            .Append(Home)
            .Append(text).Replace("\n", ClearRest + "\r\n")
            .Append(ClearRest).Append(ClearBelow)
            .ToString();
    }

    private static (int Width, int Height) Size()
    {
        try
        {
            return (Math.Max(20, Console.WindowWidth), Math.Max(8, Console.WindowHeight));
        }
        catch (IOException)
        {
            return (80, 24);
        }
    }
}
