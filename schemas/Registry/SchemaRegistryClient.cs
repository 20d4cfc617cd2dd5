using System.Buffers;
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

    private readonly SchemaRegistryOptions _options;
    private readonly RegistryTransport _transport;
    private readonly SchemaLookups _lookups;

    /// <summary>A client. Nothing is sent yet.</summary>
    /// <exception cref="ArgumentException">The settings are wrong; the message says everything that is.</exception>
    public SchemaRegistryClient(SchemaRegistryOptions options, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        var mistakes = options.Validate();
        if (mistakes.Count > 0) throw new ArgumentException(string.Join(" ", mistakes), nameof(options));
        _options = options;
        _transport = new RegistryTransport(options, time ?? TimeProvider.System);
        _lookups = new SchemaLookups(FetchAsync, options, time ?? TimeProvider.System);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _lookups.Dispose();
        _transport.Dispose();
    }

    /// <inheritdoc/>
    public AvroSchema GetSchema(int id, CancellationToken cancellationToken = default) => _lookups.Get(PathOf(id), cancellationToken);

    /// <inheritdoc/>
    public AvroSchema GetSchema(Guid guid, CancellationToken cancellationToken = default) =>
        _lookups.Get("/schemas/guids/" + guid.ToString("D"), cancellationToken);

    /// <summary>The schema of an id.</summary>
    /// <exception cref="SchemaRegistryException">The id is unknown, or the registry cannot be reached.</exception>
    public Task<AvroSchema> GetSchemaAsync(int id, CancellationToken cancellationToken = default) =>
        _lookups.GetAsync(PathOf(id), cancellationToken);

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
        var writer = await FindWriterAsync(_options.SubjectNames.ForValue(topic, schema), schema, cancellationToken);
        return _options.SchemaIdInHeader ? writer with { SchemaIdHeader = await HeaderOfAsync(writer.Id, cancellationToken) } : writer;
    }

    private async Task<RegisteredSchema> FindWriterAsync(string subject, AvroSchema schema, CancellationToken cancellationToken)
    {
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

    private async Task<byte[]> HeaderOfAsync(int id, CancellationToken cancellationToken)
    {
        var answer = await _transport.SendAsync(HttpMethod.Get, PathOf(id), null, cancellationToken);
        return answer.TryGetProperty("guid", out var text) && text.TryGetGuid(out var guid)
            ? ConfluentFraming.HeaderOf(guid)
            : ConfluentFraming.HeaderOf(id);
    }

    /// <summary>Asks for a schema on behalf of data that wait for it: what may pass is transient.</summary>
    private async Task<AvroSchema> FetchAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            return await ParseAsync(await _transport.SendAsync(HttpMethod.Get, path, null, cancellationToken), 0, cancellationToken);
        }
        catch (SchemaRegistryException exception) when (exception.IsUnauthorized)
        {
            // Credentials expire and are rotated, rights are granted late: no reason to give data up.
            throw new SchemaRegistryException(exception.Code, exception.Message, isTransient: true, exception.ErrorCode, exception) { IsUnauthorized = true };
        }
        catch (Exception exception) when (exception is KeyNotFoundException or InvalidOperationException or FormatException or ArgumentException)
        {
            throw new SchemaRegistryException("registry-unavailable",
                $"What answers at the schema registry's address is none: its answer for {path} holds no schema.", isTransient: true, innerException: exception);
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

    private static string PathOf(int id) => "/schemas/ids/" + id.ToString(CultureInfo.InvariantCulture);

    private static string Escape(string subject) => Uri.EscapeDataString(subject);

    private static SchemaRegistryException Refused(string code, string message) => new(code, message, isTransient: false);

    private static SchemaRegistryException Broken(string subject, string how, IEnumerable<object> reasons) =>
        Refused("registry-incompatible", $"The schema of subject '{subject}' {how}:\n  " + string.Join("\n  ", reasons));
}

/// <summary>A schema and the id under which a registry knows it.</summary>
/// <param name="Id">The id that Confluent framing carries.</param>
/// <param name="Schema">The schema that the data are written with.</param>
public sealed record RegisteredSchema(int Id, AvroSchema Schema)
{
    /// <summary>
    /// Value of header <see cref="ConfluentFraming.ValueSchemaIdHeader"/> of what is written; null where the id comes before
    /// the data.
    /// </summary>
    public byte[]? SchemaIdHeader { get; init; }
}
