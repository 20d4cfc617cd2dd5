using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Polly;
using Polly.Retry;

namespace StreamScoring.Schemas.Registry;

/// <summary>
/// Requests to a registry: each URL in turn, the one that answered last first; when all fail, again after a growing
/// pause. What the registry refuses (4xx) is not asked twice.
/// </summary>
internal sealed class RegistryTransport : IDisposable
{
    private const int MaxResponseBytes = 16 << 20;
    private const string MediaType = "application/vnd.schemaregistry.v1+json";

    private readonly HttpClient _http;
    private readonly IReadOnlyList<Uri> _urls;
    private readonly ResiliencePipeline _retries;
    private int _preferred;

    public RegistryTransport(SchemaRegistryOptions options, TimeProvider time)
    {
        _urls = options.Urls;
        _http = new HttpClient(Handler(options)) { Timeout = options.Timeout, MaxResponseContentBufferSize = MaxResponseBytes };
        _http.DefaultRequestHeaders.Accept.ParseAdd(MediaType);
        _http.DefaultRequestHeaders.Accept.ParseAdd("application/json");
        if (options.Username is { } user)
        {
            var credentials = Convert.ToBase64String(Encoding.UTF8.GetBytes(user + ":" + options.Password));
            _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Basic", credentials);
        }
        else if (options.BearerToken is { } token)
        {
            _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }
        _retries = options.Retries == 0 ? ResiliencePipeline.Empty : new ResiliencePipelineBuilder { TimeProvider = time }
            .AddRetry(new RetryStrategyOptions
            {
                ShouldHandle = new PredicateBuilder().Handle<SchemaRegistryException>(e => e.IsTransient),
                MaxRetryAttempts = options.Retries,
                Delay = options.RetryDelay,
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
            }).Build();
    }

    public void Dispose() => _http.Dispose();

    /// <summary>The answer's JSON.</summary>
    /// <exception cref="SchemaRegistryException">No URL answers, or the registry refuses.</exception>
    public async Task<JsonElement> SendAsync(HttpMethod method, string path, byte[]? body, CancellationToken cancellationToken) =>
        await _retries.ExecuteAsync(async cancel => await SendToAnyAsync(method, path, body, cancel), cancellationToken);

    private async Task<JsonElement> SendToAnyAsync(HttpMethod method, string path, byte[]? body, CancellationToken cancellationToken)
    {
        var failures = new List<string>();
        Exception? last = null;
        var first = Volatile.Read(ref _preferred);
        for (var i = 0; i < _urls.Count; i++)
        {
            var index = (first + i) % _urls.Count;
            try
            {
                var answer = await SendToAsync(_urls[index], method, path, body, cancellationToken);
                Volatile.Write(ref _preferred, index);
                return answer;
            }
            catch (Exception e) when (e is HttpRequestException or IOException or JsonException
                || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
            {
                last = e;
                failures.Add($"{_urls[index].GetLeftPart(UriPartial.Path)}: {(e is OperationCanceledException ? "no answer in time" : e.Message)}");
            }
        }
        throw new SchemaRegistryException("registry-unavailable",
            "The schema registry cannot be reached: " + string.Join("; ", failures), isTransient: true, innerException: last);
    }

    private async Task<JsonElement> SendToAsync(Uri url, HttpMethod method, string path, byte[]? body, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, new Uri(url.AbsoluteUri.TrimEnd('/') + path));
        if (body is not null)
        {
            request.Content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue(MediaType) } };
        }
        using var response = await _http.SendAsync(request, cancellationToken);
        var text = await response.Content.ReadAsByteArrayAsync(cancellationToken);
        if (response.IsSuccessStatusCode)
        {
            using var json = JsonDocument.Parse(text);
            return json.RootElement.Clone();
        }
        if (response.StatusCode is HttpStatusCode.TooManyRequests or HttpStatusCode.RequestTimeout || (int)response.StatusCode >= 500)
        {
            throw new HttpRequestException($"status {(int)response.StatusCode}", null, response.StatusCode);
        }
        var refusal = Refusal(url, path, response.StatusCode, text, out var isOfRegistry);
        // A wrong address, or whoever stands in for the registry while it is away: it has not said that it knows nothing.
        return isOfRegistry || response.StatusCode != HttpStatusCode.NotFound
            ? throw refusal
            : throw new HttpRequestException("status 404 and no error code of a schema registry: is this its base URL?", null, response.StatusCode);
    }

    private static SchemaRegistryException Refusal(Uri url, string path, HttpStatusCode status, byte[] text, out bool isOfRegistry)
    {
        int? errorCode = null;
        var reason = "";
        try
        {
            using var json = JsonDocument.Parse(text);
            if (json.RootElement.TryGetProperty("error_code", out var number) && number.TryGetInt32(out var value)) errorCode = value;
            if (json.RootElement.TryGetProperty("message", out var message)) reason = message.ToString();
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            reason = Encoding.UTF8.GetString(text.AsSpan(0, Math.Min(text.Length, 200)));
        }
        isOfRegistry = errorCode is not null;
        var isUnauthorized = status is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden;
        var hint = isUnauthorized ? " Check user and password, or the token." : "";
        return new SchemaRegistryException("registry-refused", string.Create(CultureInfo.InvariantCulture,
            $"The schema registry at {url.GetLeftPart(UriPartial.Authority)} refuses {path}: status {(int)status}, {reason}.{hint}"),
            isTransient: false, errorCode ?? (int)status) { IsUnauthorized = isUnauthorized };
    }

    private static SocketsHttpHandler Handler(SchemaRegistryOptions options)
    {
        var handler = new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.FromMinutes(5), ConnectTimeout = options.Timeout };
        if (options.CaCertificatePath is not { } path) return handler;
        var authorities = new X509Certificate2Collection();
        authorities.ImportFromPemFile(path);
        handler.SslOptions.CertificateChainPolicy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
        };
        handler.SslOptions.CertificateChainPolicy.CustomTrustStore.AddRange(authorities);
        handler.SslOptions.CertificateRevocationCheckMode = X509RevocationMode.NoCheck;
        return handler;
    }
}
