using Microsoft.Extensions.Logging;
using StreamScoring.Topology.Execution;
using StreamScoring.Topology.Handlers;
using StreamScoring.Topology.Testing;
using static StreamScoring.Topology.Tests.TestTopologies;

namespace StreamScoring.Topology.Tests.Execution;

public sealed class ExecutionLogTests
{
    [Fact]
    public void A_flood_of_bad_records_is_counted_and_not_written_out()
    {
        using var log = new ListLog();
        using var driver = Drive(
            s => s.MapValues(v => $"{int.Parse(v)}", "parse"),
            new TopologyTestDriverOptions { Executors = new ExecutorOptions { DeadLetterTopic = "dlq", LoggerFactory = log } });
        driver.Input().PipeValueList(Enumerable.Range(0, 1000).Select(_ => "x"));
        Assert.Equal(10, log.Lines.Count);
        Assert.Equal("Record in-0@0 goes to the dead-letter topic: node 'parse' failed on it.", log.Lines[0]);
        driver.AdvanceWallClockTime(TimeSpan.FromSeconds(10));
        driver.Input().PipeInput("k", "y");
        Assert.Equal(
            ["990 more records ended like this and were not logged one by one.", "Record in-0@1000 goes to the dead-letter topic: node 'parse' failed on it."],
            log.Lines[10..]);
    }

    [Fact]
    public void A_dropped_record_is_logged()
    {
        using var log = new ListLog();
        using var driver = Drive(
            s => s.MapValues(v => $"{int.Parse(v)}", "parse"),
            new TopologyTestDriverOptions
            {
                Executors = new ExecutorOptions { ProcessingExceptionHandler = FixedResponseHandler.Continue, LoggerFactory = log },
            });
        driver.Input().PipeInput("k", "x");
        Assert.Equal(["Record in-0@0 is dropped as the exception handler decided: node 'parse' failed on it."], log.Lines);
    }

    private sealed class ListLog : ILoggerFactory, ILogger
    {
        public List<string> Lines { get; } = [];

        public void AddProvider(ILoggerProvider provider)
        {
        }

        public ILogger CreateLogger(string categoryName) => this;

        public void Dispose()
        {
        }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Lines.Add(formatter(state, exception));
    }
}
