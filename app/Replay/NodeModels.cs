using StreamScoring.App.Configuration;
using StreamScoring.App.Hosting;
using StreamScoring.Processors.Models;

namespace StreamScoring.App.Replay;

/// <summary>The nodes of a configuration with the hashes of their models.</summary>
internal static class NodeModels
{
    /// <summary>Each node; one whose model cannot be read goes without version and hash.</summary>
    internal static IReadOnlyList<CapturedNode> Of(AppOptions options, IReadOnlyList<NodeSettings> nodes)
    {
        var catalog = new ModelCatalog(BundledFiles.Find(options.Models.Root));
        return [.. nodes.Select(node => Describe(node, catalog))];
    }

    private static CapturedNode Describe(NodeSettings node, ModelCatalog catalog)
    {
        ModelFolder? model = null;
        try
        {
            model = node.Model is { } name ? catalog.Load(name) : null;
        }
        catch (ModelException)
        {
            // A capture needs no model: whoever runs it brings one.
        }
        return new CapturedNode
        {
            Name = node.Name,
            Kind = node.Kind,
            Input = node.Input,
            Output = node.Output,
            Model = node.Model,
            Version = model?.Identity.Version,
            Sha256 = model?.Identity.Sha256,
        };
    }
}
