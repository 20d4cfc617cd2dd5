using System.Collections.Concurrent;

namespace StreamScoring.Schemas.Avro;

/// <summary>Writers' schemas by fingerprint. Safe for any number of threads; schemas may be added while others read.</summary>
public sealed class AvroSchemaStore
{
    private readonly ConcurrentDictionary<ulong, AvroSchema> _schemas = new();

    /// <summary>A store with these schemas.</summary>
    public AvroSchemaStore(params IEnumerable<AvroSchema> schemas)
    {
        ArgumentNullException.ThrowIfNull(schemas);
        foreach (var schema in schemas) Add(schema);
    }

    /// <summary>Schemas in the store.</summary>
    public int Count => _schemas.Count;

    /// <summary>Adds a schema; one of the same fingerprint is replaced.</summary>
    public void Add(AvroSchema schema)
    {
        ArgumentNullException.ThrowIfNull(schema);
        _schemas[schema.Fingerprint] = schema;
    }

    /// <summary>The schema of a fingerprint, or null.</summary>
    public AvroSchema? Find(ulong fingerprint) => _schemas.GetValueOrDefault(fingerprint);
}

/// <summary>Where schemas come from that data name by an id: a Schema Registry.</summary>
public interface ISchemaSource
{
    /// <summary>The schema of an id. May wait for a network, but not for long; ids already known answer at once.</summary>
    /// <param name="id">The id.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="CodecException">
    /// The id is unknown, or (<see cref="CodecException.IsTransient"/>) the registry cannot be reached now.
    /// </exception>
    AvroSchema GetSchema(int id, CancellationToken cancellationToken = default);

    /// <summary>The schema of a globally unique id, as newer Confluent clients put it into a header.</summary>
    /// <param name="guid">The id.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="CodecException">As for <see cref="GetSchema(int, CancellationToken)"/>.</exception>
    AvroSchema GetSchema(Guid guid, CancellationToken cancellationToken = default);
}
