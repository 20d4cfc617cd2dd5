using System.Collections.Concurrent;
using StreamScoring.Schemas.Avro.Resolution;

namespace StreamScoring.Schemas.Avro;

/// <summary>
/// Reads a generated record from data of any writer whose schema can be found. Data of the record's own schema take the
/// generated codec; for any other schema the way from it to the record's is worked out once and kept.
/// </summary>
/// <typeparam name="T">The record.</typeparam>
public sealed class AvroDecoder<T>
    where T : class, IAvroRecord<T>, new()
{
    private readonly AvroSchemaStore _schemas;
    private readonly ISchemaSource? _registry;
    private readonly AvroLimits _limits;
    private readonly ConcurrentDictionary<ulong, AvroResolver> _byFingerprint = new();
    private readonly ConcurrentDictionary<int, AvroResolver> _byId = new();
    private readonly ConcurrentDictionary<Guid, AvroResolver> _byGuid = new();

    /// <summary>A decoder.</summary>
    /// <param name="schemas">Schemas for single-object encoding; the record's own is known anyway.</param>
    /// <param name="registry">Schemas for Confluent framing; null: none.</param>
    /// <param name="limits">Null: <see cref="AvroLimits.Default"/>.</param>
    public AvroDecoder(AvroSchemaStore schemas, ISchemaSource? registry = null, AvroLimits? limits = null)
    {
        ArgumentNullException.ThrowIfNull(schemas);
        _schemas = schemas;
        _registry = registry;
        _limits = limits ?? AvroLimits.Default;
    }

    /// <summary>Reads single-object encoding.</summary>
    /// <param name="message">All of it.</param>
    /// <param name="into">Filled and returned where not null.</param>
    /// <exception cref="AvroException">The writer's schema is not known, or the data are not of it.</exception>
    public T DecodeSingleObject(ReadOnlySpan<byte> message, T? into = null)
    {
        if (!AvroCodec.TryReadFingerprint(message, out var fingerprint))
        {
            throw new AvroException(AvroError.Truncated, "the header of single-object encoding (C3 01, fingerprint) is cut short", message.Length);
        }
        const int header = AvroCodec.SingleObjectHeaderBytes;
        if (fingerprint == T.AvroFingerprint) return AvroCodec.Decode(message, header, into, _limits);
        if (!_byFingerprint.TryGetValue(fingerprint, out var resolver))
        {
            var writer = _schemas.Find(fingerprint) ?? throw new AvroException(AvroError.UnknownSchema,
                $"the writer's schema has fingerprint {fingerprint:x16} and is not known: add its .avsc to the known schemas");
            resolver = _byFingerprint.GetOrAdd(fingerprint, AvroResolver.Create(writer, T.AvroSchema));
        }
        return Resolve(message, header, resolver, into);
    }

    /// <summary>Reads Confluent framing.</summary>
    /// <param name="message">All of it.</param>
    /// <param name="into">Filled and returned where not null.</param>
    /// <param name="cancellationToken">Ends the wait for a schema.</param>
    /// <exception cref="AvroException">The data are not of the writer's schema, or cannot be read as this record.</exception>
    /// <exception cref="CodecException">The registry does not know the id, or cannot be reached.</exception>
    public T DecodeConfluent(ReadOnlySpan<byte> message, T? into = null, CancellationToken cancellationToken = default)
    {
        if (!ConfluentFraming.TryReadId(message, out var id))
        {
            throw new AvroException(AvroError.Truncated, "the header of Confluent framing (00, schema id) is cut short", message.Length);
        }
        if (!_byId.TryGetValue(id, out var resolver))
        {
            if (_registry is null) throw new AvroException(AvroError.UnknownSchema, $"schema id {id} needs a schema registry, and none is configured");
            resolver = _byId.GetOrAdd(id, AvroResolver.Create(_registry.GetSchema(id, cancellationToken), T.AvroSchema));
        }
        return Resolve(message, ConfluentFraming.HeaderBytes, resolver, into);
    }

    /// <summary>Reads data whose schema a header names.</summary>
    /// <param name="datum">The value: all of it.</param>
    /// <param name="schemaIdHeader">Value of header <see cref="ConfluentFraming.ValueSchemaIdHeader"/>.</param>
    /// <param name="into">Filled and returned where not null.</param>
    /// <param name="cancellationToken">Ends the wait for a schema.</param>
    /// <exception cref="AvroException">The header or the data are malformed, or the data cannot be read as this record.</exception>
    /// <exception cref="CodecException">The registry does not know the id, or cannot be reached.</exception>
    public T DecodeWithHeader(
        ReadOnlySpan<byte> datum, ReadOnlySpan<byte> schemaIdHeader, T? into = null, CancellationToken cancellationToken = default)
    {
        if (_registry is null) throw new AvroException(AvroError.UnknownSchema, "a header names the schema, which needs a schema registry, and none is configured");
        AvroResolver? resolver;
        if (ConfluentFraming.TryReadGuid(schemaIdHeader, out var guid))
        {
            if (!_byGuid.TryGetValue(guid, out resolver))
            {
                resolver = _byGuid.GetOrAdd(guid, AvroResolver.Create(_registry.GetSchema(guid, cancellationToken), T.AvroSchema));
            }
        }
        else if (ConfluentFraming.TryReadId(schemaIdHeader, out var id))
        {
            if (!_byId.TryGetValue(id, out resolver))
            {
                resolver = _byId.GetOrAdd(id, AvroResolver.Create(_registry.GetSchema(id, cancellationToken), T.AvroSchema));
            }
        }
        else
        {
            throw new AvroException(AvroError.Malformed, $"header {ConfluentFraming.ValueSchemaIdHeader} holds neither 01 and a GUID nor 00 and an id");
        }
        return Resolve(datum, headerBytes: 0, resolver, into);
    }

    /// <summary>Reads bare data of a writer's schema.</summary>
    /// <param name="datum">All of it.</param>
    /// <param name="writer">Schema it was written with.</param>
    /// <param name="into">Filled and returned where not null.</param>
    /// <exception cref="AvroException">The data are not of the writer's schema, or cannot be read as this record.</exception>
    public T DecodeDatum(ReadOnlySpan<byte> datum, AvroSchema writer, T? into = null)
    {
        ArgumentNullException.ThrowIfNull(writer);
        var fingerprint = writer.Fingerprint;
        if (!_byFingerprint.TryGetValue(fingerprint, out var resolver))
        {
            resolver = _byFingerprint.GetOrAdd(fingerprint, AvroResolver.Create(writer, T.AvroSchema));
        }
        return Resolve(datum, headerBytes: 0, resolver, into);
    }

    private T Resolve(ReadOnlySpan<byte> message, int headerBytes, AvroResolver resolver, T? into)
    {
        if (resolver.IsIdentity) return AvroCodec.Decode(message, headerBytes, into, _limits);
        var resolved = new AvroWriter(Math.Max(256, message.Length), _limits);
        try
        {
            resolver.Resolve(message, headerBytes, ref resolved, _limits);
            return DecodeResolved(resolved.Written, into);
        }
        finally
        {
            resolved.Dispose();
        }
    }

    private T DecodeResolved(ReadOnlySpan<byte> resolved, T? into)
    {
        try
        {
            return AvroCodec.Decode(resolved, headerBytes: 0, into, _limits);
        }
        catch (AvroException e)
        {
            // A position in the resolved data would mislead: whoever reads the error has the writer's.
            throw new AvroException(e.Error, e.Reason, -1, e.FieldPath);
        }
    }
}
