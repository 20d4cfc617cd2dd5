using System.Buffers;
using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using StreamScoring.Schemas.Avro;
using StreamScoring.Schemas.Avro.Resolution;

namespace StreamScoring.Schemas.Registry;

/// <summary>
/// A Schema Registry after Confluent's REST API. Ids that were asked for once are known for good and answer without the
/// network; unknown ones are remembered for a while. Safe for any number of threads.
/// </summary>
public sealed class SchemaRegistryClient : ISchemaSource, IDisposable
{
    private const int MaxReferenceDepth = 16;
    private const int MaxUnknown = 10_000;

    /// <summary>Those who waited while a request failed for good get its error instead of a wait of their own.</summary>
    private static readonly TimeSpan UnavailableLifetime = TimeSpan.FromSeconds(1);

    private readonly SchemaRegistryOptions _options;
    private readonly TimeProvider _time;
    private readonly RegistryTransport _transport;
    private readonly SemaphoreSlim _fetching = new(1);
    private readonly ConcurrentDictionary<string, AvroSchema> _schemas = new();
    private readonly ConcurrentDictionary<string, Failure> _unknown = new();
    private Failure? _unavailable;

    /// <summary>A client. Nothing is sent yet.</summary>
    /// <exception cref="ArgumentException">The settings are wrong; the message says everything that is.</exception>
    public SchemaRegistryClient(SchemaRegistryOptions options, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        var mistakes = options.Validate();
        if (mistakes.Count > 0) throw new ArgumentException(string.Join(" ", mistakes), nameof(options));
        _options = options;
        _time = time ?? TimeProvider.System;
        _transport = new RegistryTransport(options, _time);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _transport.Dispose();
        _fetching.Dispose();
    }

    /// <inheritdoc/>
    public AvroSchema GetSchema(int id) => Get("/schemas/ids/" + id.ToString(CultureInfo.InvariantCulture));

    /// <inheritdoc/>
    public AvroSchema GetSchema(Guid guid) => Get("/schemas/guids/" + guid.ToString("D"));

    /// <summary>The schema of an id.</summary>
    /// <exception cref="SchemaRegistryException">The id is unknown, or the registry cannot be reached.</exception>
    public Task<AvroSchema> GetSchemaAsync(int id, CancellationToken cancellationToken = default) =>
        GetAsync("/schemas/ids/" + id.ToString(CultureInfo.InvariantCulture), cancellationToken);

    /// <summary>Registers a schema under a subject, or finds it there.</summary>
    /// <returns>Its id.</returns>
    /// <exception cref="SchemaRegistryException">The registry refuses it, or cannot be reached.</exception>
    public async Task<int> RegisterAsync(string subject, AvroSchema schema, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(schema);
        var answer = await _transport.SendAsync(HttpMethod.Post, $"/subjects/{Escape(subject)}/versions", BodyOf(schema), cancellationToken);
        return answer.GetProperty("id").GetInt32();
    }

    /// <summary>The id of a schema under a subject, or null where it is not registered there.</summary>
    /// <exception cref="SchemaRegistryException">The registry cannot be reached.</exception>
    public async Task<int?> FindAsync(string subject, AvroSchema schema, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(schema);
        try
        {
            var answer = await _transport.SendAsync(HttpMethod.Post, $"/subjects/{Escape(subject)}", BodyOf(schema), cancellationToken);
            return answer.GetProperty("id").GetInt32();
        }
        catch (SchemaRegistryException e) when (e.IsNotFound)
        {
            return null;
        }
    }

    /// <summary>The latest schema of a subject, or null where there is no such subject.</summary>
    /// <exception cref="SchemaRegistryException">The registry cannot be reached.</exception>
    public async Task<RegisteredSchema?> FindLatestAsync(string subject, CancellationToken cancellationToken = default)
    {
        try
        {
            var answer = await _transport.SendAsync(HttpMethod.Get, $"/subjects/{Escape(subject)}/versions/latest", null, cancellationToken);
            return new RegisteredSchema(answer.GetProperty("id").GetInt32(), await ParseAsync(answer, 0, cancellationToken));
        }
        catch (SchemaRegistryException e) when (e.IsNotFound)
        {
            return null;
        }
    }

    /// <summary>What of a schema breaks the compatibility that a subject asks for; empty: nothing, or a new subject.</summary>
    /// <exception cref="SchemaRegistryException">The registry cannot be reached.</exception>
    public async Task<IReadOnlyList<string>> CheckCompatibilityAsync(string subject, AvroSchema schema, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(schema);
        try
        {
            var answer = await _transport.SendAsync(HttpMethod.Post,
                $"/compatibility/subjects/{Escape(subject)}/versions/latest?verbose=true", BodyOf(schema), cancellationToken);
            if (answer.GetProperty("is_compatible").GetBoolean()) return [];
            var messages = answer.TryGetProperty("messages", out var list) && list.ValueKind == JsonValueKind.Array
                ? list.EnumerateArray().Select(message => message.ToString()).ToArray()
                : [];
            return messages.Length > 0 ? messages : ["the registry gives no reason"];
        }
        catch (SchemaRegistryException e) when (e.IsNotFound)
        {
            return [];
        }
    }

    /// <summary>
    /// Finds what to write a topic's values with, as the settings ask: the latest schema of its subject, or ours, which
    /// is registered where it is not yet.
    /// </summary>
    /// <param name="topic">The topic.</param>
    /// <param name="schema">Our schema.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="SchemaRegistryException">
    /// Our schema breaks the subject's compatibility, or cannot be written as its latest one (the message lists what
    /// breaks); or it is not registered and may not be; or the registry cannot be reached.
    /// </exception>
    public async Task<RegisteredSchema> PrepareWriterAsync(string topic, AvroSchema schema, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(schema);
        var subject = _options.SubjectNames.ForValue(topic, schema);
        if (_options.UseLatestVersion)
        {
            var latest = await FindLatestAsync(subject, cancellationToken)
                ?? throw Refused("registry-no-subject", $"Subject '{subject}' does not exist, so that it has no latest schema to write with.");
            var problems = AvroResolver.Create(schema, latest.Schema).Problems;
            return problems.Any(problem => problem.Always) ? throw Broken(subject, "cannot be written as its latest one", problems) : latest;
        }
        if (!_options.AutoRegister)
        {
            var id = await FindAsync(subject, schema, cancellationToken) ?? throw Refused("registry-not-registered",
                $"The schema is not registered under subject '{subject}'; register it, or allow AutoRegister.");
            return new RegisteredSchema(id, schema);
        }
        var breaks = await CheckCompatibilityAsync(subject, schema, cancellationToken);
        if (breaks.Count > 0) throw Broken(subject, "breaks its compatibility", breaks);
        return new RegisteredSchema(await RegisterAsync(subject, schema, cancellationToken), schema);
    }

    private AvroSchema Get(string path)
    {
        if (_schemas.TryGetValue(path, out var known)) return known;
        // Whoever decodes has no way to wait but to stand still; a pool thread keeps its context out of it.
        return Task.Run(() => GetAsync(path, CancellationToken.None)).GetAwaiter().GetResult();
    }

    private async Task<AvroSchema> GetAsync(string path, CancellationToken cancellationToken)
    {
        if (_schemas.TryGetValue(path, out var known)) return known;
        await _fetching.WaitAsync(cancellationToken);
        try
        {
            if (_schemas.TryGetValue(path, out known)) return known;
            if (_unknown.TryGetValue(path, out var unknown))
            {
                if (_time.GetUtcNow() < unknown.Until) throw unknown.Error.Again();
                _unknown.TryRemove(path, out _);
            }
            if (_unavailable is { } unavailable && _time.GetUtcNow() < unavailable.Until) throw unavailable.Error.Again();
            return _schemas[path] = await FetchAsync(path, cancellationToken);
        }
        finally
        {
            _fetching.Release();
        }
    }

    private async Task<AvroSchema> FetchAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            return await ParseAsync(await _transport.SendAsync(HttpMethod.Get, path, null, cancellationToken), 0, cancellationToken);
        }
        catch (SchemaRegistryException e) when (e.IsTransient)
        {
            _unavailable = new Failure(_time.GetUtcNow() + UnavailableLifetime, e);
            throw;
        }
        catch (SchemaRegistryException e) when (e.IsNotFound)
        {
            if (_unknown.Count >= MaxUnknown) _unknown.Clear();
            _unknown[path] = new Failure(_time.GetUtcNow() + _options.UnknownIdLifetime, e);
            throw;
        }
    }

    private async Task<AvroSchema> ParseAsync(JsonElement answer, int depth, CancellationToken cancellationToken)
    {
        if (answer.TryGetProperty("schemaType", out var type) && type.GetString() is { } name && name != "AVRO")
        {
            throw Refused("registry-not-avro", $"The registered schema is of type {name}; only AVRO is read.");
        }
        var references = new List<AvroSchema>();
        if (answer.TryGetProperty("references", out var list) && list.ValueKind == JsonValueKind.Array)
        {
            if (depth >= MaxReferenceDepth) throw Refused("registry-references", $"Schema references go deeper than {MaxReferenceDepth} levels.");
            foreach (var reference in list.EnumerateArray())
            {
                var path = string.Create(CultureInfo.InvariantCulture,
                    $"/subjects/{Escape(reference.GetProperty("subject").GetString()!)}/versions/{reference.GetProperty("version").GetInt32()}");
                var referenced = await _transport.SendAsync(HttpMethod.Get, path, null, cancellationToken);
                references.Add(await ParseAsync(referenced, depth + 1, cancellationToken));
            }
        }
        try
        {
            return AvroSchema.Parse(answer.GetProperty("schema").GetString()!, references);
        }
        catch (AvroSchemaException e)
        {
            throw new SchemaRegistryException("registry-invalid-schema", "The registered schema is invalid: " + e.Message, isTransient: false, innerException: e);
        }
    }

    private static byte[] BodyOf(AvroSchema schema)
    {
        var body = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(body))
        {
            json.WriteStartObject();
            json.WriteString("schema", schema.Json);
            json.WriteString("schemaType", "AVRO");
            json.WriteEndObject();
        }
        return body.WrittenSpan.ToArray();
    }

    private static string Escape(string subject) => Uri.EscapeDataString(subject);

    private static SchemaRegistryException Refused(string code, string message) => new(code, message, isTransient: false);

    private static SchemaRegistryException Broken(string subject, string how, IEnumerable<object> reasons) =>
        Refused("registry-incompatible", $"The schema of subject '{subject}' {how}:\n  " + string.Join("\n  ", reasons));

    /// <summary>An error that stands until then.</summary>
    private sealed record Failure(DateTimeOffset Until, SchemaRegistryException Error);
}

/// <summary>A schema and the id under which a registry knows it.</summary>
/// <param name="Id">The id that Confluent framing carries.</param>
/// <param name="Schema">The schema that the data are written with.</param>
public sealed record RegisteredSchema(int Id, AvroSchema Schema);
