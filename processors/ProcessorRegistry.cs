using StreamScoring.Processors.Identity;
using StreamScoring.Processors.Models;
using StreamScoring.Processors.Summarization;
using StreamScoring.Processors.TextClassification;
using StreamScoring.Processors.TokenClassification;

namespace StreamScoring.Processors;

/// <summary>What a node's configuration says about its processor.</summary>
/// <param name="Node">The node's name, for messages.</param>
/// <param name="Kind">Name of the kind.</param>
/// <param name="Model">The model, where the node names one.</param>
/// <param name="Options">How models are run and texts are read.</param>
public sealed record ProcessorSettings(string Node, string Kind, ModelFolder? Model, ModelProcessorOptions Options);

/// <summary>
/// The kinds of nodes, by name. A kind of one's own is a class that implements <see cref="IArticleProcessor"/> and is
/// registered here under a name, which a node's configuration then gives as its <c>Kind</c>.
/// </summary>
public sealed class ProcessorRegistry
{
    private readonly Dictionary<string, Func<ProcessorSettings, IArticleProcessor>> _factories = new(StringComparer.Ordinal);

    /// <summary>
    /// A new registry with <c>identity</c>, <c>text-classification</c>, <c>token-classification</c> and
    /// <c>extractive-summarization</c>.
    /// </summary>
    public static ProcessorRegistry CreateDefault() =>
        new ProcessorRegistry()
            .Register(IdentityProcessor.Kind, static _ => new IdentityProcessor())
            .Register(ModelTask.TextClassification, static s => new TextClassificationProcessor(ModelOf(s), s.Options))
            .Register(ModelTask.TokenClassification, static s => new TokenClassificationProcessor(ModelOf(s), s.Options))
            .Register(ModelTask.ExtractiveSummarization, static s => new ExtractiveSummarizationProcessor(ModelOf(s), s.Options));

    /// <summary>Names of all kinds, sorted.</summary>
    public IReadOnlyList<string> Kinds => [.. _factories.Keys.Order(StringComparer.Ordinal)];

    /// <summary>True where <paramref name="kind"/> is registered.</summary>
    public bool Knows(string kind) => _factories.ContainsKey(kind);

    /// <summary>Registers a kind.</summary>
    /// <param name="kind">Its name.</param>
    /// <param name="factory">Makes a processor; called once for each node.</param>
    /// <exception cref="ArgumentException">The name is empty or taken.</exception>
    public ProcessorRegistry Register(string kind, Func<ProcessorSettings, IArticleProcessor> factory)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(kind);
        ArgumentNullException.ThrowIfNull(factory);
        if (!_factories.TryAdd(kind, factory)) throw new ArgumentException($"The kind '{kind}' is registered already.", nameof(kind));
        return this;
    }

    /// <summary>Makes a node's processor.</summary>
    /// <exception cref="ArgumentException">The kind is not known; the message names those that are.</exception>
    /// <exception cref="ModelException">The model cannot be used.</exception>
    public IArticleProcessor Create(ProcessorSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        if (_factories.TryGetValue(settings.Kind, out var factory)) return factory(settings);
        throw new ArgumentException(
            $"Node '{settings.Node}': the kind '{settings.Kind}' is not known; known are {string.Join(", ", Kinds)}.",
            nameof(settings));
    }

    private static ModelFolder ModelOf(ProcessorSettings settings) =>
        settings.Model ?? throw new ArgumentException(
            $"Node '{settings.Node}' of kind {settings.Kind} needs a model; set its Model to the name of a folder under the models' root.",
            nameof(settings));
}
