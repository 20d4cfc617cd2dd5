using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using StreamScoring.App.Commands;
using StreamScoring.App.Configuration;
using StreamScoring.Schemas;
using StreamScoring.Schemas.Avro;
using StreamScoring.Schemas.Registry;

namespace StreamScoring.App.Articles;

/// <summary>How this process reads articles and writes each topic: with a Schema Registry where one is configured.</summary>
internal sealed class ArticleSerdes : IDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    private readonly Dictionary<string, ArticleSerde> _writers = new(StringComparer.Ordinal);
    private readonly SchemaRegistryClient? _registry;
    private readonly ArticleSerdeOptions _options;
    private readonly TimeProvider _time;

    /// <summary>Nothing is sent yet.</summary>
    /// <param name="registry">The registry; null: none.</param>
    /// <param name="codec">Spelling and limits.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="CommandException">The registry's settings cannot work.</exception>
    internal ArticleSerdes(SchemaRegistryOptions? registry, CodecSettings codec, TimeProvider time)
    {
        _time = time;
        try
        {
            if (registry is not null) _registry = new SchemaRegistryClient(registry, time);
        }
        catch (Exception exception) when (exception is CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw new CommandException($"SchemaRegistry:CaCertificatePath: '{registry!.CaCertificatePath}' cannot be read: {exception.Message}", exception);
        }
        _options = new ArticleSerdeOptions { Registry = _registry, JsonNaming = codec.FieldNaming, Limits = codec.Limits };
        Reader = new ArticleSerde(_options);
    }

    /// <summary>Reads with the schemas of a store and of a source; writes single-object encoding.</summary>
    internal ArticleSerdes(AvroSchemaStore schemas, ISchemaSource source, CodecSettings codec, TimeProvider time)
    {
        _time = time;
        _options = new ArticleSerdeOptions { Schemas = schemas, Registry = source, JsonNaming = codec.FieldNaming, Limits = codec.Limits };
        Reader = new ArticleSerde(_options);
    }

    /// <summary>Reads every wire form; writes Avro in single-object encoding.</summary>
    internal ArticleSerde Reader { get; }

    /// <summary>Where schemas of Confluent framing come from; null where there is no registry.</summary>
    internal ISchemaSource? Registry => _registry;

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
                    _writers.Add(topic, new ArticleSerde(_options with { Writer = writer }));
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
