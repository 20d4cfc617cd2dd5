using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using Microsoft.Extensions.Logging;
using StreamScoring.App.Bench;
using StreamScoring.App.Configuration;
using StreamScoring.App.Hosting;
using StreamScoring.Processors.Models;
using StreamScoring.Topology.Execution;
using StreamScoring.Topology.Kafka;

namespace StreamScoring.App.Commands;

/// <summary>From arguments to exit code.</summary>
internal static class CommandLine
{
    /// <summary>Parses, validates everything, runs one command.</summary>
    internal static async Task<int> RunAsync(string[] args)
    {
        var main = new RunCommand();
        var handlers = new Dictionary<Command, CommandHandler>();
        var root = main.Command;
        Register(main);
        foreach (CommandHandler handler in (CommandHandler[])
            [new StreamCommand(), new ProduceCommand(), new ConsumeCommand(), new ScoreCommand(), new BenchCommand(), new BenchWorker()])
        {
            root.Subcommands.Add(handler.Command);
            Register(handler);
        }
        AddGroup("topology", "Look at the topology.", new DescribeCommand());
        AddGroup("models", "Look at the models.", new ModelsListCommand(), new ModelsVerifyCommand());
        AddGroup("dlq", "Look at dead letters and send them through their node again.", new DlqListCommand(), new DlqShowCommand(), new DlqReplayCommand());
        AddGroup("replay", "Capture a stream, run it again, compare the runs.", new ReplayCaptureCommand(), new ReplayRunCommand(), new ReplayDiffCommand());
        root.Options.Add(CommonOptions.Config);
        root.Options.Add(CommonOptions.LogLevel);
        AddExamplesToHelp(root, handlers);

        // A value that begins with '@' is a value: no response files.
        var parsed = root.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
        // Help and version are the parser's own business.
        return parsed.Action is null or ParseErrorAction or HandlerAction
            ? await ExecuteAsync(parsed, handlers)
            : await parsed.InvokeAsync();

        void Register(CommandHandler handler)
        {
            handler.Command.Action = new HandlerAction();
            handlers.Add(handler.Command, handler);
        }

        void AddGroup(string name, string description, params CommandHandler[] members)
        {
            var group = new Command(name, description);
            foreach (var member in members)
            {
                group.Subcommands.Add(member.Command);
                Register(member);
            }
            root.Subcommands.Add(group);
        }
    }

    private static async Task<int> ExecuteAsync(ParseResult parsed, Dictionary<Command, CommandHandler> handlers)
    {
        var command = parsed.CommandResult.Command;
        handlers.TryGetValue(command, out var handler);
        var error = Console.Error;
        using var signals = new StopSignals();
        var level = CommonOptions.LogLevelOf(parsed);
        using var relay = new LogRelay(error);
        using var logs = LoggerFactory.Create(logging => logging
            .SetMinimumLevel(level ?? handler?.DefaultLogLevel ?? LogLevel.Warning)
            .AddProvider(relay));
        try
        {
            var options = Settings.Load(parsed, handler, logs.CreateLogger("StreamScoring.Configuration"));
            var context = new CommandContext(parsed, options, logs, relay, signals, TimeProvider.System);
            return await handler!.ExecuteAsync(context);
        }
        catch (UsageException exception)
        {
            foreach (var mistake in exception.Mistakes) await error.WriteLineAsync("streamscoring: " + mistake);
            await error.WriteLineAsync($"Try: {PathOf(command)} --help");
            return ExitCodes.Usage;
        }
        catch (OperationCanceledException) when (signals.Stopping.IsCancellationRequested)
        {
            return ExitCodes.Interrupted;
        }
        catch (CommandException exception)
        {
            relay.Flush();
            await error.WriteLineAsync("streamscoring: " + exception.Message);
            return ExitCodes.Failed;
        }
        catch (Exception exception) when (exception is ModelException or KafkaStreamException or StreamProcessingException && level is null or > LogLevel.Debug)
        {
            relay.Flush();
            await error.WriteLineAsync("streamscoring: " + exception.Message);
            return ExitCodes.Failed;
        }
        catch (Exception exception)
        {
            relay.Flush();
            await error.WriteLineAsync(level <= LogLevel.Debug
                ? $"streamscoring: {exception}"
                : $"streamscoring: {exception.Message} (--log-level debug shows where)");
            return ExitCodes.Failed;
        }
    }

    /// <summary>"./run stream" for the stream command.</summary>
    private static string PathOf(Command command)
    {
        var names = new Stack<string>();
        for (Symbol? symbol = command; symbol is Command current and not RootCommand; symbol = current.Parents.FirstOrDefault())
        {
            names.Push(current.Name);
        }
        names.Push("./run");
        return string.Join(' ', names);
    }

    private static void AddExamplesToHelp(Command root, Dictionary<Command, CommandHandler> handlers)
    {
        foreach (var option in root.Options)
        {
            if (option is HelpOption { Action: HelpAction inner } help) help.Action = new HelpWithExamples(inner, handlers);
        }
    }

    private sealed class HelpWithExamples(HelpAction inner, Dictionary<Command, CommandHandler> handlers)
        : SynchronousCommandLineAction
    {
        public override bool ClearsParseErrors => true;

        public override int Invoke(ParseResult parseResult)
        {
            inner.Invoke(parseResult);
            if (!handlers.TryGetValue(parseResult.CommandResult.Command, out var handler)) return ExitCodes.Done;
            var output = parseResult.InvocationConfiguration.Output;
            if (handler.Details.Length > 0)
            {
                output.WriteLine(handler.Details);
                output.WriteLine();
            }
            output.WriteLine("Examples:");
            foreach (var example in handler.Examples) output.WriteLine("  " + example);
            output.WriteLine();
            output.WriteLine("Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 130 interrupted.");
            return ExitCodes.Done;
        }
    }
}
