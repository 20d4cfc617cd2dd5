using System.Net;
using System.Text;

namespace StreamScoring.Topology.Tests.Kafka.Security;

/// <summary>
/// An identity provider's token endpoint (OAuth client credentials): gives every client a token of its own name, signed by
/// nobody, as the broker's handler for tests takes it.
/// </summary>
internal sealed class TokenEndpoint : IDisposable
{
    private readonly HttpListener _listener = new();

    internal TokenEndpoint()
    {
        for (var attempt = 0; ; attempt++)
        {
            var port = Random.Shared.Next(20_000, 32_000);
            Url = $"http://127.0.0.1:{port}/token";
            _listener.Prefixes.Clear();
            _listener.Prefixes.Add($"http://127.0.0.1:{port}/");
            try
            {
                _listener.Start();
                break;
            }
            catch (HttpListenerException) when (attempt < 20)
            {
                // Taken.
            }
        }
        _ = Task.Run(ServeAsync);
    }

    internal string Url { get; }

    /// <summary>The part of a client's token that says who it is.</summary>
    internal static string PayloadOf(string client)
    {
        var payload = Encoding.UTF8.GetBytes(PayloadStart(client));
        return Base64(payload.AsSpan(0, payload.Length / 3 * 3));
    }

    public void Dispose() => _listener.Close();

    private async Task ServeAsync()
    {
        while (true)
        {
            HttpListenerContext context;
            try
            {
                context = await _listener.GetContextAsync();
            }
            catch (Exception exception) when (exception is HttpListenerException or ObjectDisposedException)
            {
                return;
            }
            var basic = context.Request.Headers["Authorization"]?["Basic ".Length..] ?? "";
            var client = Encoding.UTF8.GetString(Convert.FromBase64String(basic)).Split(':')[0];
            var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
            var token = $"{Base64("""{"alg":"none"}"""u8)}.{Base64(Encoding.UTF8.GetBytes($$"""{{PayloadStart(client)}}"iat":{{now}},"exp":{{now + 3600}}}"""))}.";
            var answer = Encoding.UTF8.GetBytes($$"""{"access_token":"{{token}}","token_type":"Bearer","expires_in":3600}""");
            context.Response.ContentType = "application/json";
            await context.Response.OutputStream.WriteAsync(answer);
            context.Response.Close();
        }
    }

    private static string PayloadStart(string client) => $"{{\"sub\":\"{client}\",";

    private static string Base64(ReadOnlySpan<byte> bytes) =>
        Convert.ToBase64String(bytes).TrimEnd('=').Replace('+', '-').Replace('/', '_');
}
