using System.Text;
using Microsoft.Extensions.Logging;
using StreamScoring.App.View;

namespace StreamScoring.App.Hosting;

/// <summary>
/// Writes the log to standard error, one line for each event. While a live view owns the terminal, lines are held back,
/// the view shows the latest, and <see cref="Release"/> writes them afterwards.
/// </summary>
internal sealed class LogRelay(TextWriter output) : ILoggerProvider
{
    private const int MaxHeld = 200;
    private readonly Lock _lock = new();
    private readonly Queue<string> _held = new();
    private bool _holding;
    private int _dropped;

    /// <summary>The latest warning or error since <see cref="Hold"/>, one line without control characters; or null.</summary>
    internal string? Latest { get; private set; }

    /// <inheritdoc/>
    public ILogger CreateLogger(string categoryName) => new Logger(this, categoryName);

    /// <summary>Holds lines back from now on.</summary>
    internal void Hold()
    {
        lock (_lock) _holding = true;
    }

    /// <summary>Writes what was held and goes on writing directly.</summary>
    internal void Release()
    {
        lock (_lock)
        {
            _holding = false;
            if (_dropped > 0) output.WriteLine($"({_dropped} earlier log lines are not shown)");
            while (_held.TryDequeue(out var line)) output.WriteLine(line);
            _dropped = 0;
            output.Flush();
        }
    }

    /// <summary>Like <see cref="Release"/>, for the way out after an error.</summary>
    internal void Flush() => Release();

    /// <inheritdoc/>
    public void Dispose() => Release();

    private void Write(LogLevel level, string category, string message, Exception? exception)
    {
        var line = new StringBuilder(160);
        line.Append(LabelOf(level)).Append(' ').Append(category).Append(": ").Append(TextCleaner.Line(message));
        // The message says what happened; the stack is for those who ask for details.
        if (exception is not null) line.Append(" | ").Append(exception.GetType().Name).Append(": ").Append(TextCleaner.Line(exception.Message));
        lock (_lock)
        {
            if (!_holding)
            {
                output.WriteLine(line);
                return;
            }
            if (level >= LogLevel.Warning) Latest = TextCleaner.Line(message);
            if (_held.Count == MaxHeld)
            {
                _held.Dequeue();
                _dropped++;
            }
            _held.Enqueue(line.ToString());
        }
    }

    private static string LabelOf(LogLevel level) => level switch
    {
        LogLevel.Trace => "trce",
        LogLevel.Debug => "dbug",
        LogLevel.Information => "info",
        LogLevel.Warning => "warn",
        LogLevel.Error => "fail",
        _ => "crit",
    };

    private sealed class Logger(LogRelay relay, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel)) relay.Write(logLevel, category, formatter(state, exception), exception);
        }
    }
}
