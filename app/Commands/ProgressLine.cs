using System.Globalization;
using StreamScoring.App.Articles;

namespace StreamScoring.App.Commands;

/// <summary>One line on standard error, rewritten twice a second while a terminal is there to see it.</summary>
internal sealed class ProgressLine : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);

    private readonly CommandContext _context;
    private readonly long? _lengthBytes;
    private readonly LineReader _lines;
    private readonly Func<string> _text;
    private readonly ITimer? _timer;
    private readonly Lock _lock = new();
    private bool _shown;
    private bool _ended;

    internal ProgressLine(CommandContext context, long? lengthBytes, LineReader lines, Func<string> text)
    {
        (_context, _lengthBytes, _lines, _text) = (context, lengthBytes, lines, text);
        if (!Console.IsErrorRedirected) _timer = context.Time.CreateTimer(_ => Show(), null, Interval, Interval);
    }

    /// <summary>Writes a line of its own above the progress.</summary>
    internal void Report(string line)
    {
        lock (_lock)
        {
            if (_shown) _context.Error.Write("\r\e[K");
            _context.Error.WriteLine(line);
            _shown = false;
        }
    }

    /// <summary>Takes the line away.</summary>
    internal void End()
    {
        lock (_lock)
        {
            if (_ended) return;
            _ended = true;
            if (_shown) _context.Error.Write("\r\e[K");
        }
    }

    public void Dispose()
    {
        End();
        _timer?.Dispose();
    }

    private void Show()
    {
        lock (_lock)
        {
            if (_ended) return;
            var share = _lengthBytes is { } length
                ? string.Create(CultureInfo.InvariantCulture, $"{Math.Min(1, (double)_lines.BytesRead / length):P0} read, ")
                : "";
            _context.Error.Write($"\r\e[K{share}{_text()}");
            _shown = true;
        }
    }
}
