namespace StreamScoring.Processors.Models;

/// <summary>What is wrong with a model.</summary>
public enum ModelError
{
    /// <summary>The folder or one of its files is not there.</summary>
    Missing,

    /// <summary><c>model.json</c>, <c>config.json</c> or a tokenizer file cannot be understood.</summary>
    BadManifest,

    /// <summary>A file is not the one that <c>model.json</c> names: its SHA-256 differs.</summary>
    HashMismatch,

    /// <summary>ONNX Runtime cannot load <c>model.onnx</c>: cut short, or not an ONNX graph.</summary>
    BadGraph,

    /// <summary>The graph's inputs or outputs are not those that the task needs.</summary>
    WrongShape,

    /// <summary>The model is for another task than the node's kind.</summary>
    WrongTask,

    /// <summary>The model, or the machine it shall run on, needs something that this build does not have.</summary>
    Unsupported,

    /// <summary>The self-test gave another answer than <c>model.json</c> expects.</summary>
    SelfTestFailed,
}

/// <summary>A model cannot be used. Trying again does not help; the message says what to do.</summary>
public sealed class ModelException : Exception
{
    /// <summary>A model in <paramref name="path"/> that cannot be used.</summary>
    public ModelException(ModelError code, string path, string message, Exception? innerException = null)
        : base($"Model '{path}': {message}", innerException)
    {
        Code = code;
        ModelPath = path;
    }

    /// <summary>A model with several mistakes.</summary>
    public ModelException(ModelError code, string path, IReadOnlyList<string> problems)
        : this(code, path, string.Join(" ", problems))
    {
        Problems = problems;
    }

    /// <summary>What is wrong.</summary>
    public ModelError Code { get; }

    /// <summary>The model's folder.</summary>
    public string ModelPath { get; }

    /// <summary>Every mistake that was found, a sentence each; empty where there is only the message.</summary>
    public IReadOnlyList<string> Problems { get; } = [];
}
