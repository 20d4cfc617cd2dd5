using System.CommandLine;
using System.CommandLine.Invocation;
using Microsoft.Extensions.Logging;
using StreamScoring.App.Configuration;
using StreamScoring.App.Hosting;
using StreamScoring.App.Kafka;

namespace StreamScoring.App.Commands;

/// <summary>One command: what it is called, which settings its options stand for, and what it does.</summary>
internal abstract class CommandHandler
{
    /// <summary>The command as the parser knows it.</summary>
    internal abstract Command Command { get; }

    /// <summary>Command lines shown under "Examples" by <c>--help</c>.</summary>
    internal abstract IReadOnlyList<string> Examples { get; }

    /// <summary>What <c>--help</c> says beyond the command's one-line description; empty for nothing.</summary>
    internal virtual string Details => "";

    /// <summary>Log level where nothing else was asked for.</summary>
    internal virtual LogLevel DefaultLogLevel => LogLevel.Warning;

    /// <summary>Configuration keys set by options that were given.</summary>
    internal virtual IEnumerable<KeyValuePair<string, string?>> Overrides(ParseResult parsed) => [];

    /// <summary>Adds what is wrong with the options that configuration validation cannot see.</summary>
    internal virtual void Check(ParseResult parsed, AppOptions options, List<string> problems)
    {
    }

    /// <summary>Does it.</summary>
    /// <returns>An exit code.</returns>
    internal abstract Task<int> ExecuteAsync(CommandContext context);
}

/// <summary>What a command works with.</summary>
internal sealed record CommandContext(
    ParseResult Parsed, AppOptions Options, ILoggerFactory Logs, LogRelay LogRelay, StopSignals Signals, TimeProvider Time)
{
    /// <summary>Set when the user asks to stop.</summary>
    internal CancellationToken Stopping => Signals.Stopping;

    /// <summary>For people: progress, warnings, summaries.</summary>
    internal TextWriter Error { get; } = Console.Error;

    /// <summary>Clients of the Kafka that the configuration names.</summary>
    internal KafkaClients ConnectKafka() => new(Options.Kafka, Options.Kafka.BootstrapServers, Logs);
}

/// <summary>Marks a command as one that <see cref="CommandLine"/> runs through its handler.</summary>
internal sealed class HandlerAction : AsynchronousCommandLineAction
{
    public override Task<int> InvokeAsync(ParseResult parseResult, CancellationToken cancellationToken = default) =>
        throw new InvalidOperationException("Commands run through their handler.");
}
