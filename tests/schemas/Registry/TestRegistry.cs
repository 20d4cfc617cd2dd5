using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;
using StreamScoring.Schemas.Avro;
using StreamScoring.Schemas.Avro.Resolution;

namespace StreamScoring.Schemas.Tests.Registry;

/// <summary>
/// A Schema Registry over real HTTP on loopback: the part of Confluent's REST API that clients use, backward
/// compatibility included.
/// </summary>
internal sealed class TestRegistry : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, List<int>> _subjects = [];
    private readonly List<(string Text, JsonArray References, Guid Guid)> _schemas = [];
    private readonly WebApplication _app;
    private readonly TaskCompletionSource _hungUp = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _answering = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource? _hanging;

    private TestRegistry(WebApplication app) => _app = app;

    /// <summary>Where it listens.</summary>
    public Uri Url { get; private set; } = null!;

    /// <summary>Requests so far.</summary>
    public int Requests { get; private set; }

    /// <summary>Whether it gives schemas GUIDs, as newer registries do.</summary>
    public bool GivesGuids { get; set; } = true;

    /// <summary>Status that every request gets instead of an answer, while it is set.</summary>
    public HttpStatusCode? Failing { get; set; }

    /// <summary>Text that every request gets, with status 200, instead of an answer, while it is set.</summary>
    public string? Babbling { get; set; }

    /// <summary>Completes when a request that was left without an answer is given up by its client.</summary>
    public Task HungUp => _hungUp.Task;

    /// <summary>Value of the Authorization header without which there is no answer.</summary>
    public string? Authorization { get; set; }

    public static async Task<TestRegistry> StartAsync(X509Certificate2? certificate = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen =>
        {
            listen.Protocols = HttpProtocols.Http1;
            if (certificate is not null) listen.UseHttps(certificate);
        }));
        var app = builder.Build();
        var registry = new TestRegistry(app);
        app.Run(registry.HandleAsync);
        await app.StartAsync();
        registry.Url = new Uri(app.Urls.Single());
        return registry;
    }

    /// <summary>A certificate for loopback that is its own authority.</summary>
    public static X509Certificate2 NewCertificate()
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=test registry", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        var now = TimeProvider.System.GetUtcNow();
        return request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
    }

    /// <summary>Registers a schema with references, as another client would have.</summary>
    public int Add(string subject, string schema, params JsonNode[] references)
    {
        lock (_lock) return Register(subject, schema, new JsonArray(references));
    }

    /// <summary>From now on requests get no answer.</summary>
    /// <returns>Completes with the first of them.</returns>
    public Task Hang() => (_hanging ??= new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    /// <summary>Answers what <see cref="Hang"/> has left without an answer, and everything after it.</summary>
    public void Answer()
    {
        _hanging = null;
        _answering.TrySetResult();
    }

    public ValueTask DisposeAsync()
    {
        Answer();
        return _app.DisposeAsync();
    }

    private async Task HandleAsync(HttpContext context)
    {
        using var body = new StreamReader(context.Request.Body);
        var text = await body.ReadToEndAsync();
        if (_hanging is { } hanging)
        {
            context.RequestAborted.Register(() => _hungUp.TrySetResult());
            hanging.TrySetResult();
            await Task.WhenAny(_hungUp.Task, _answering.Task);
        }
        if (Babbling is { } babble)
        {
            await context.Response.WriteAsync(babble);
            return;
        }
        var (status, answer) = Answer(context, text.Length > 0 ? JsonNode.Parse(text) : null);
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/vnd.schemaregistry.v1+json";
        await context.Response.WriteAsync(answer.ToJsonString());
    }

    private (int Status, JsonNode Answer) Answer(HttpContext context, JsonNode? body)
    {
        lock (_lock)
        {
            Requests++;
            if (Failing is { } failing) return ((int)failing, new JsonObject());
            if (Authorization is not null && context.Request.Headers.Authorization != Authorization) return Error(401, 401, "Unauthorized");
            var path = context.Request.Path.Value!.Split('/', StringSplitOptions.RemoveEmptyEntries).Select(Uri.UnescapeDataString).ToArray();
            return (context.Request.Method, path) switch
            {
                ("GET", ["schemas", "ids", var id]) => Schema(int.Parse(id, CultureInfo.InvariantCulture) - 1, null),
                ("GET", ["schemas", "guids", var guid]) => Schema(_schemas.FindIndex(s => s.Guid == Guid.Parse(guid)), null),
                ("GET", ["subjects", var subject, "versions", var version]) => Version(subject, version),
                ("POST", ["subjects", var subject, "versions"]) => Registered(subject, body!),
                ("POST", ["subjects", var subject]) => Find(subject, body!),
                ("POST", ["compatibility", "subjects", var subject, "versions", "latest"]) => Compatibility(subject, body!),
                _ => Error(404, 404, "HTTP 404 Not Found"),
            };
        }
    }

    private (int, JsonNode) Registered(string subject, JsonNode body)
    {
        var text = body["schema"]!.GetValue<string>();
        var breaks = Breaks(subject, text);
        if (breaks.Length > 0) return Error(409, 409, "Schema being registered is incompatible with an earlier schema");
        return (200, new JsonObject { ["id"] = Register(subject, text, []) });
    }

    private int Register(string subject, string text, JsonArray references)
    {
        var id = _schemas.FindIndex(schema => schema.Text == text) + 1;
        if (id == 0)
        {
            var guid = new Guid(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, 16));
            _schemas.Add((text, references, guid));
            id = _schemas.Count;
        }
        if (!_subjects.TryGetValue(subject, out var versions)) _subjects.Add(subject, versions = []);
        if (!versions.Contains(id)) versions.Add(id);
        return id;
    }

    private (int, JsonNode) Find(string subject, JsonNode body)
    {
        if (!_subjects.TryGetValue(subject, out var versions)) return Error(404, 40401, $"Subject '{subject}' not found.");
        var id = _schemas.FindIndex(schema => schema.Text == body["schema"]!.GetValue<string>()) + 1;
        return versions.Contains(id) ? Schema(id - 1, subject) : Error(404, 40403, "Schema not found");
    }

    private (int, JsonNode) Version(string subject, string version)
    {
        if (!_subjects.TryGetValue(subject, out var versions)) return Error(404, 40401, $"Subject '{subject}' not found.");
        var index = version == "latest" ? versions.Count : int.Parse(version, CultureInfo.InvariantCulture);
        return index <= versions.Count ? Schema(versions[index - 1] - 1, subject) : Error(404, 40402, $"Version {version} not found.");
    }

    private (int, JsonNode) Schema(int index, string? subject)
    {
        if (index < 0 || index >= _schemas.Count) return Error(404, 40403, "Schema not found");
        var (text, references, guid) = _schemas[index];
        var answer = new JsonObject { ["schema"] = text, ["id"] = index + 1 };
        if (GivesGuids) answer["guid"] = guid.ToString("D");
        if (references.Count > 0) answer["references"] = references.DeepClone();
        if (subject is not null)
        {
            answer["subject"] = subject;
            answer["version"] = _subjects[subject].IndexOf(index + 1) + 1;
        }
        return (200, answer);
    }

    private (int, JsonNode) Compatibility(string subject, JsonNode body)
    {
        if (!_subjects.ContainsKey(subject)) return Error(404, 40401, $"Subject '{subject}' not found.");
        var breaks = Breaks(subject, body["schema"]!.GetValue<string>());
        return (200, new JsonObject { ["is_compatible"] = breaks.Length == 0, ["messages"] = new JsonArray([.. breaks.Select(b => (JsonNode)b)]) });
    }

    /// <summary>BACKWARD, a registry's default: who has the new schema reads the latest one's data.</summary>
    private string[] Breaks(string subject, string text)
    {
        if (!_subjects.TryGetValue(subject, out var versions)) return [];
        var latest = AvroSchema.Parse(_schemas[versions[^1] - 1].Text);
        return [.. AvroResolver.Create(latest, AvroSchema.Parse(text)).Problems.Select(problem => problem.ToString())];
    }

    private static (int, JsonNode) Error(int status, int code, string message) =>
        (status, new JsonObject { ["error_code"] = code, ["message"] = message });
}
