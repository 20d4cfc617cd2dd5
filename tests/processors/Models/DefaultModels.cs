using StreamScoring.Processors.Models;

namespace StreamScoring.Processors.Tests.Models;

/// <summary>The models that come with the product, in models/ at the top of the repository.</summary>
internal static class DefaultModels
{
    /// <summary>Loads a model, or skips the test where it is not there.</summary>
    public static ModelFolder Load(string name)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (!File.Exists(Path.Combine(folder.FullName, "StreamScoring.slnx"))) continue;
            var path = Path.Combine(folder.FullName, "models", name);
            if (!Directory.Exists(path)) Assert.Skip($"models/{name} is not there");
            return ModelFolder.Load(path);
        }
        Assert.Skip("the tests do not run inside the repository");
        return null!;
    }
}
