using StreamScoring.Processors;
using StreamScoring.Processors.Models;

namespace StreamScoring.App.Hosting;

/// <summary>Everything that is wrong with a model.</summary>
internal static class ModelCheck
{
    /// <summary>Compares the files with their hashes and runs the self-test.</summary>
    /// <returns>A sentence for each problem; empty where all is well.</returns>
    internal static IReadOnlyList<string> Problems(ModelCatalog catalog, string name)
    {
        try
        {
            return ModelVerifier.Verify(catalog.Load(name), Commands.NodeKinds.Registry, new ModelProcessorOptions());
        }
        catch (ModelException exception)
        {
            return exception.Problems.Count > 0 ? exception.Problems : [exception.Message];
        }
    }
}
