using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using StreamScoring.App.Commands;
using StreamScoring.Schemas;
using StreamScoring.Schemas.Registry;

namespace StreamScoring.App.Articles;

/// <summary>How this process reads articles and writes each topic: with a Schema Registry where one is configured.</summary>
internal sealed class ArticleSerdes : IDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    private readonly Dictionary<string, ArticleSerde> _writers = new(StringComparer.Ordinal);
    private readonly SchemaRegistryClient? _registry;
    private readonly TimeProvider _time;

    /// <summary>Nothing is sent yet.</summary>
    /// <param name="registry">The registry; null: none.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="CommandException">The registry's settings cannot work.</exception>
    internal ArticleSerdes(SchemaRegistryOptions? registry, TimeProvider time)
    {
        _time = time;
        if (registry is null) return;
        try
        {
            _registry = new SchemaRegistryClient(registry, time);
        }
        catch (Exception exception) when (exception is CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw new CommandException($"SchemaRegistry:CaCertificatePath: '{registry.CaCertificatePath}' cannot be read: {exception.Message}", exception);
        }
        Reader = new ArticleSerde(new ArticleSerdeOptions { Registry = _registry });
    }

    /// <summary>Reads every wire form; writes Avro in single-object encoding.</summary>
    internal ArticleSerde Reader { get; } = ArticleSerde.Default;

    /// <summary>What the prepared topics are written with; empty where there is no registry.</summary>
    internal IReadOnlyDictionary<string, ArticleSerde> Writers => _writers;

    /// <summary>Finds or registers the schemas that topics are written with.</summary>
    /// <param name="topics">Topics that get Avro.</param>
    /// <param name="patience">How long to wait for a registry that does not answer.</param>
    /// <param name="logger">Told once that it is waited for.</param>
    /// <param name="stopping">Ends the wait.</param>
    /// <exception cref="CommandException">A topic cannot be written; says why, field by field where the schema is at fault.</exception>
    internal async Task PrepareAsync(IEnumerable<string> topics, TimeSpan patience, ILogger logger, CancellationToken stopping)
    {
        if (_registry is null) return;
        var startedAt = _time.GetTimestamp();
        var isLogged = false;
        foreach (var topic in topics)
        {
            while (!_writers.ContainsKey(topic))
            {
                try
                {
                    var writer = await _registry.PrepareWriterAsync(topic, ArticleSchemas.Current, stopping);
                    _writers.Add(topic, new ArticleSerde(new ArticleSerdeOptions { Registry = _registry, Writer = writer }));
                }
                catch (SchemaRegistryException exception) when (exception.IsTransient && _time.GetElapsedTime(startedAt) < patience)
                {
                    if (!isLogged) AppLog.WaitingForRegistry(logger, exception.Message);
                    isLogged = true;
                    await Task.Delay(Pause, _time, stopping);
                }
                catch (SchemaRegistryException exception)
                {
                    throw new CommandException($"Topic {topic} cannot be written with the Schema Registry. {exception.Message}", exception);
                }
                catch (Exception exception) when (exception is KeyNotFoundException or InvalidOperationException or FormatException)
                {
                    throw new CommandException($"Topic {topic}: what answers at SchemaRegistry:Url does not speak a Schema Registry's REST API.", exception);
                }
            }
        }
    }

    /// <summary>What a topic is written with.</summary>
    internal ArticleSerde WriterOf(string topic) => _writers.GetValueOrDefault(topic, Reader);

    public void Dispose() => _registry?.Dispose();
}
