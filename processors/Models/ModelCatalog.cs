namespace StreamScoring.Processors.Models;

/// <summary>The models under one root, a folder each.</summary>
/// <param name="root">The root, e.g. <c>models</c>.</param>
public sealed class ModelCatalog(string root)
{
    /// <summary>The root.</summary>
    public string Root { get; } = root;

    /// <summary>Every folder that looks like a model's, by name, with its manifest or with what is wrong with it.</summary>
    /// <exception cref="ModelException">The root is not there.</exception>
    public IReadOnlyList<ModelListing> List()
    {
        if (!Directory.Exists(Root)) throw new ModelException(ModelError.Missing, Root, "the folder of all models is not there.");
        var listings = new List<ModelListing>();
        foreach (var path in Directory.EnumerateDirectories(Root).Order(StringComparer.Ordinal))
        {
            var isModel = File.Exists(Path.Combine(path, ModelManifestReader.FileName))
                || File.Exists(Path.Combine(path, ModelFolder.GraphFileName));
            if (!isModel) continue;
            var name = Path.GetFileName(path);
            try
            {
                listings.Add(new ModelListing(name, ModelFolder.Load(path), null));
            }
            catch (ModelException exception)
            {
                listings.Add(new ModelListing(name, null, exception));
            }
        }
        return listings;
    }

    /// <summary>Loads a model by its folder's name, or by a path.</summary>
    /// <exception cref="ModelException">It is not there or wrong; the message names the ones that are there.</exception>
    public ModelFolder Load(string name)
    {
        var path = Path.Combine(Root, name);
        if (Directory.Exists(path)) return ModelFolder.Load(path);
        var known = Directory.Exists(Root)
            ? string.Join(", ", Directory.EnumerateDirectories(Root).Select(Path.GetFileName).Order(StringComparer.Ordinal))
            : "";
        throw new ModelException(ModelError.Missing, path, known.Length > 0
            ? $"there is no such model; {Root} has {known}."
            : $"there is no such model; {Root} has none.");
    }
}

/// <summary>A folder under the root of all models.</summary>
/// <param name="Name">Its name, by which a node refers to it.</param>
/// <param name="Folder">The model, where it can be used.</param>
/// <param name="Problem">What is wrong, where it cannot.</param>
public sealed record ModelListing(string Name, ModelFolder? Folder, ModelException? Problem);
