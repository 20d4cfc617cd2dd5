using StreamScoring.Processors.Tokenization;

namespace StreamScoring.Processors.Models;

/// <summary>
/// A model on disk: <c>model.onnx</c>, its tokenizer's files, and <c>model.json</c> or, in a Hugging Face export,
/// <c>config.json</c>.
/// </summary>
public sealed class ModelFolder
{
    /// <summary>Name of the graph's file.</summary>
    public const string GraphFileName = "model.onnx";

    private ModelFolder(string path, ModelManifest manifest, ModelIdentity identity)
    {
        Path = path;
        Manifest = manifest;
        Identity = identity;
    }

    /// <summary>The folder.</summary>
    public string Path { get; }

    /// <summary>What is known about the model.</summary>
    public ModelManifest Manifest { get; }

    /// <summary>What the provenance says about it. The hash is that of the file on disk.</summary>
    public ModelIdentity Identity { get; }

    /// <summary>The graph.</summary>
    public string GraphPath => System.IO.Path.Combine(Path, GraphFileName);

    /// <summary>
    /// Reads what the folder says and hashes the graph; neither the graph nor the vocabulary is loaded yet. A graph that
    /// is not the one of <c>model.json</c> is refused, so that the provenance is true.
    /// </summary>
    /// <exception cref="ModelException">Something is missing, wrong or changed.</exception>
    public static ModelFolder Load(string path)
    {
        if (!Directory.Exists(path))
            throw new ModelException(ModelError.Missing, path, "the folder is not there; check the model's name and the models' root.");
        var hasManifest = File.Exists(System.IO.Path.Combine(path, ModelManifestReader.FileName));
        if (!hasManifest && !File.Exists(System.IO.Path.Combine(path, HuggingFaceConfig.FileName)))
            throw new ModelException(ModelError.Missing, path, "the folder has neither model.json nor config.json; is it a model's?");
        // Read the manifest first: its mistakes are the cheaper ones to find.
        var manifest = hasManifest ? ModelManifestReader.Read(path) : null;
        var sha256 = FileHash.Sha256(path, GraphFileName);
        if (manifest is not null && manifest.Files.TryGetValue(GraphFileName, out var expected) && expected != sha256)
            throw new ModelException(ModelError.HashMismatch, path, Differs(GraphFileName, expected, sha256));
        manifest ??= HuggingFaceConfig.Read(path, sha256);
        return new ModelFolder(path, manifest, new ModelIdentity(manifest.Name, manifest.Version, sha256));
    }

    /// <summary>Compares every file with the hash that <c>model.json</c> gives.</summary>
    /// <returns>What is wrong, a sentence each; empty where all is well.</returns>
    public IReadOnlyList<string> Verify()
    {
        var problems = new List<string>();
        if (Manifest.Files.Count == 0) problems.Add("there is no hash to compare with: model.json has no \"files\".");
        foreach (var (file, expected) in Manifest.Files)
        {
            if (!File.Exists(System.IO.Path.Combine(Path, file)))
            {
                problems.Add($"{file} is not there.");
                continue;
            }
            var actual = FileHash.Sha256(Path, file);
            if (actual != expected) problems.Add(Differs(file, expected, actual));
        }
        return problems;
    }

    /// <summary>Loads the tokenizer.</summary>
    /// <exception cref="ModelException">Its files are missing, wrong, or of a kind that is not known.</exception>
    public Tokenizer LoadTokenizer() => TokenizerFiles.Load(Path);

    /// <summary>Refuses a model of another task.</summary>
    /// <exception cref="ModelException">The task differs.</exception>
    public void Require(string task)
    {
        if (Manifest.Task == task) return;
        throw new ModelException(ModelError.WrongTask, Path,
            $"it is for {Manifest.Task}, the node is of kind {task}; name another model or change the node's kind.");
    }

    private static string Differs(string file, string expected, string actual) =>
        $"{file} has SHA-256 {actual}, model.json says {expected}: it was changed or cut short; fetch it again.";
}
