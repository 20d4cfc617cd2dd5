using System.Globalization;
using StreamScoring.App.Commands;
using StreamScoring.Schemas;
using StreamScoring.Schemas.Avro;
using StreamScoring.Topology;

namespace StreamScoring.App.Replay;

/// <summary>
/// The schemas that records were written with, by the names that records use. A capture takes them along, so that a
/// reader who does not know them, or has no registry, can resolve them all the same.
/// </summary>
internal sealed class WriterSchemas : ISchemaSource
{
    private readonly Dictionary<(ulong? Fingerprint, int? Id, Guid? Guid), AvroSchema?> _found = [];
    private readonly ISchemaSource? _registry;

    /// <param name="registry">Asked where a schema is not known otherwise; null: nobody is.</param>
    internal WriterSchemas(ISchemaSource? registry) => _registry = registry;

    /// <summary>Known fingerprints: the article's released schemas and those that were added.</summary>
    internal AvroSchemaStore Store { get; } = new([.. ArticleSchemas.Released.Select(static released => released.Value), ArticleSchemas.Current]);

    /// <summary>Every name that was asked for, with its schema where it is known.</summary>
    internal IReadOnlyList<CapturedSchema> Named =>
    [
        .. _found.Select(static entry => new CapturedSchema
        {
            Fingerprint = entry.Key.Fingerprint?.ToString("x16", CultureInfo.InvariantCulture),
            Id = entry.Key.Id,
            Guid = entry.Key.Guid,
            Schema = entry.Value?.Json,
        }),
    ];

    /// <summary>Adds a schema file of the user's.</summary>
    /// <exception cref="CommandException">It is none.</exception>
    internal void AddFile(string path)
    {
        try
        {
            Store.Add(AvroSchema.Parse(File.ReadAllText(path)));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or AvroSchemaException)
        {
            throw new CommandException($"{path} is no Avro schema that can be read: {exception.Message}", exception);
        }
    }

    /// <summary>Adds what a capture brought along.</summary>
    /// <exception cref="CommandException">A schema in it is none.</exception>
    internal void Add(IEnumerable<CapturedSchema> schemas)
    {
        foreach (var captured in schemas)
        {
            if (captured.Schema is null) continue;
            try
            {
                var schema = AvroSchema.Parse(captured.Schema);
                Store.Add(schema);
                if (captured.Id is not null || captured.Guid is not null) _found[(null, captured.Id, captured.Guid)] = schema;
            }
            catch (AvroSchemaException exception)
            {
                throw new CommandException($"The manifest holds a schema that is none: {exception.Message}", exception);
            }
        }
    }

    /// <summary>
    /// Looks for the schema that a record was written with and remembers it.
    /// </summary>
    /// <returns>Null where it is known or the record names none; else the name that nobody knows.</returns>
    internal string? Look(byte[]? value, RecordHeaders headers)
    {
        if (value is null) return null;
        if (headers.TryGetLast(ConfluentFraming.ValueSchemaIdHeader, out var header) && header is not null)
        {
            if (ConfluentFraming.TryReadGuid(header, out var guid)) return Look((null, null, guid)) is null ? $"schema {guid} of a registry" : null;
            if (ConfluentFraming.TryReadId(header, out var named)) return Look((null, named, null)) is null ? $"schema id {named} of a registry" : null;
        }
        if (AvroCodec.TryReadFingerprint(value, out var fingerprint))
        {
            return Look((fingerprint, null, null)) is null ? $"the schema of fingerprint {fingerprint:x16}" : null;
        }
        return ConfluentFraming.TryReadId(value, out var id) && Look((null, id, null)) is null ? $"schema id {id} of a registry" : null;
    }

    /// <inheritdoc/>
    public AvroSchema GetSchema(int id, CancellationToken cancellationToken) => Look((null, id, null)) ?? throw Unknown($"schema id {id}");

    /// <inheritdoc/>
    public AvroSchema GetSchema(Guid guid, CancellationToken cancellationToken) => Look((null, null, guid)) ?? throw Unknown($"schema {guid}");

    private AvroSchema? Look((ulong? Fingerprint, int? Id, Guid? Guid) name)
    {
        lock (_found)
        {
            if (_found.TryGetValue(name, out var known)) return known;
            AvroSchema? schema = null;
            try
            {
                if (name.Fingerprint is { } fingerprint) schema = Store.Find(fingerprint);
                else if (name.Id is { } id) schema = _registry?.GetSchema(id);
                else if (name.Guid is { } guid) schema = _registry?.GetSchema(guid);
            }
            catch (CodecException exception) when (!exception.IsTransient)
            {
                // The registry does not know it either.
            }
            catch (CodecException exception)
            {
                throw new CommandException(exception.Message, exception);
            }
            _found[name] = schema;
            return schema;
        }
    }

    private static AvroException Unknown(string what) =>
        new(AvroError.UnknownSchema, $"{what} is neither in the capture nor in a registry");
}
