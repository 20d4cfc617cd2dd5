using System.Globalization;
using StreamScoring.App.Configuration;
using StreamScoring.App.Hosting;
using StreamScoring.Processors.Models;

namespace StreamScoring.App.Articles;

/// <summary>What the answers of <c>score</c> depend on besides the input.</summary>
internal static class ScoreSettings
{
    /// <summary>Each setting under its name; a model by the hash of its file.</summary>
    /// <exception cref="ModelException">A model cannot be read.</exception>
    internal static IReadOnlyDictionary<string, string> Of(AppOptions options, IReadOnlyList<NodeSettings> nodes, bool asXml)
    {
        var catalog = new ModelCatalog(BundledFiles.Find(options.Models.Root));
        var settings = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["format"] = asXml ? "xml" : "json",
            ["field naming"] = options.Codec.FieldNaming.ToString(),
            ["nodes"] = string.Join(',', nodes.Select(static node => $"{node.Name} ({node.Kind})")),
        };
        foreach (var node in nodes)
        {
            if (node.Model is { } model) settings[$"model of {node.Name}"] = catalog.Load(model).Identity.Sha256;
            if (node.MaxTokens is { } tokens) settings[$"MaxTokens of {node.Name}"] = tokens.ToString(CultureInfo.InvariantCulture);
        }
        return settings;
    }
}
