using System.CommandLine;
using System.Text.Json;
using StreamScoring.App.Articles;
using StreamScoring.App.Hosting;
using StreamScoring.Processors.Models;

namespace StreamScoring.App.Commands;

/// <summary><c>models list</c>: what is under the models' root.</summary>
internal sealed class ModelsListCommand : CommandHandler
{
    private static readonly string[] Formats = ["text", "json"];

    private readonly Option<string?> _models = CommonOptions.Models();
    private readonly Option<string?> _format = new("--format") { Description = "text (default) or json", HelpName = "text|json" };

    internal ModelsListCommand() => Command = new Command("list", "List the models with version, task, licence and size.") { _models, _format };

    internal override Command Command { get; }

    internal override IReadOnlyList<string> Examples { get; } = ["./run models list", "./run models list --models my-models --format json"];

    internal override IEnumerable<KeyValuePair<string, string?>> Overrides(ParseResult parsed) => CommonOptions.Set(parsed, _models, "Models:Root");

    internal override void Check(ParseResult parsed, Configuration.AppOptions options, List<string> problems) =>
        CommandChecks.OneOf(parsed, _format, Formats, problems);

    internal override Task<int> ExecuteAsync(CommandContext context)
    {
        var models = new ModelCatalog(BundledFiles.Find(context.Options.Models.Root)).List();
        if (string.Equals(CommonOptions.ValueOf(context.Parsed, _format), "json", StringComparison.OrdinalIgnoreCase)) WriteJson(models);
        else WriteText(models);
        var broken = models.Where(model => model.Problem is not null).ToArray();
        foreach (var model in broken) context.Error.WriteLine("streamscoring: " + model.Problem!.Message);
        return Task.FromResult(broken.Length > 0 ? ExitCodes.Failed : ExitCodes.Done);
    }

    private static void WriteText(IReadOnlyList<ModelListing> models)
    {
        List<string[]> rows = [["NAME", "VERSION", "TASK", "LABELS", "SIZE", "LICENCE"]];
        foreach (var model in models)
        {
            rows.Add(model.Folder is { Manifest: var manifest } folder
                ? [model.Name, manifest.Version, manifest.Task, manifest.Labels.Count > 0 ? $"{manifest.Labels.Count}" : "-", Size(folder), manifest.License ?? "-"]
                : [model.Name, "-", "cannot be used", "-", "-", "-"]);
        }
        var widths = Enumerable.Range(0, rows[0].Length).Select(column => rows.Max(row => row[column].Length)).ToArray();
        foreach (var row in rows)
        {
            Console.Out.WriteLine(string.Join("  ", row.Select((cell, column) => cell.PadRight(widths[column]))).TrimEnd());
        }
    }

    private static void WriteJson(IReadOnlyList<ModelListing> models)
    {
        using var output = StandardOutput.Open();
        foreach (var model in models)
        {
            using (var writer = new Utf8JsonWriter(output))
            {
                writer.WriteStartObject();
                writer.WriteString("name", model.Name);
                if (model.Folder is { Manifest: var manifest } folder)
                {
                    writer.WriteString("path", folder.Path);
                    writer.WriteString("version", manifest.Version);
                    writer.WriteString("task", manifest.Task);
                    writer.WriteStartArray("labels");
                    foreach (var label in manifest.Labels) writer.WriteStringValue(label);
                    writer.WriteEndArray();
                    writer.WriteNumber("max_tokens", manifest.MaxTokens);
                    writer.WriteString("sha256", folder.Identity.Sha256);
                    writer.WriteString("license", manifest.License);
                    if (manifest.Quality is { } quality)
                    {
                        writer.WritePropertyName("quality");
                        quality.WriteTo(writer);
                    }
                }
                else
                {
                    writer.WriteString("problem", model.Problem!.Message);
                }
                writer.WriteEndObject();
            }
            output.Write("\n"u8);
        }
    }

    private static string Size(ModelFolder folder)
    {
        var bytes = new DirectoryInfo(folder.Path).EnumerateFiles().Sum(file => file.Length);
        return string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{bytes / 1048576.0:0.0} MiB");
    }
}

/// <summary><c>models verify</c>: are the files the ones that model.json names, and do they answer as it says?</summary>
internal sealed class ModelsVerifyCommand : CommandHandler
{
    private readonly Option<string?> _models = CommonOptions.Models();
    private readonly Argument<string[]> _names = new("NAME") { Description = "Models to verify (default: all)", Arity = ArgumentArity.ZeroOrMore };

    internal ModelsVerifyCommand() => Command = new Command("verify", "Compare every file with its SHA-256 in model.json and run the model's self-test.") { _names, _models };

    internal override Command Command { get; }

    internal override IReadOnlyList<string> Examples { get; } = ["./run models verify", "./run models verify topic entities"];

    internal override IEnumerable<KeyValuePair<string, string?>> Overrides(ParseResult parsed) => CommonOptions.Set(parsed, _models, "Models:Root");

    internal override Task<int> ExecuteAsync(CommandContext context)
    {
        var catalog = new ModelCatalog(BundledFiles.Find(context.Options.Models.Root));
        var names = context.Parsed.GetValue(_names) is { Length: > 0 } given ? given : [.. catalog.List().Select(model => model.Name)];
        if (names.Length == 0) throw new CommandException($"{catalog.Root} holds no model.");
        var failed = 0;
        foreach (var name in names)
        {
            context.Stopping.ThrowIfCancellationRequested();
            var problems = ModelCheck.Problems(catalog, name);
            Console.Out.WriteLine(problems.Count == 0 ? $"{name}: ok" : $"{name}: failed");
            foreach (var problem in problems) context.Error.WriteLine($"{name}: {problem}");
            if (problems.Count > 0) failed++;
        }
        return Task.FromResult(failed > 0 ? ExitCodes.Failed : ExitCodes.Done);
    }
}
