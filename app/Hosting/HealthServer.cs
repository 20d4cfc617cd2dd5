using System.Globalization;
using System.Net;
using System.Text;
using Microsoft.Extensions.Logging;
using StreamScoring.App.Commands;
using StreamScoring.App.Configuration;
using StreamScoring.Topology.Kafka;

namespace StreamScoring.App.Hosting;

/// <summary>
/// <c>/livez</c> and <c>/readyz</c>, as a Kubernetes probe asks for them: 200 or 503, and the reason in words. Nothing
/// else is told, and nothing can be changed.
/// </summary>
internal sealed class HealthServer : IDisposable
{
    private readonly HttpListener _listener = new();
    private readonly ILogger _logger;
    private volatile Func<KafkaStreamHealth> _health = static () => new KafkaStreamHealth(true, false, "starting: the models and Kafka are not there yet");

    private HealthServer(ILogger logger) => _logger = logger;

    /// <summary>Listens; null where no port is set.</summary>
    /// <exception cref="CommandException">The port cannot be had.</exception>
    internal static HealthServer? Start(HealthSettings settings, ILogger logger)
    {
        if (settings.Port == 0) return null;
        var server = new HealthServer(logger);
        // A probe names the address it asks for: one that stands for all must match any name.
        var host = settings.Host is "0.0.0.0" or "::" or "[::]" ? "*" : settings.Host.Contains(':') && settings.Host[0] != '[' ? $"[{settings.Host}]" : settings.Host;
        var address = string.Create(CultureInfo.InvariantCulture, $"http://{host}:{settings.Port}/");
        try
        {
            server._listener.Prefixes.Add(address);
            server._listener.Start();
        }
        catch (HttpListenerException exception)
        {
            server.Dispose();
            throw new CommandException(
                $"Health checks cannot listen at {address}: {exception.Message}. Set Health:Port and Health:Host to a free port and an address of this machine.", exception);
        }
        AppLog.HealthStarts(logger, address);
        _ = server.ServeAsync();
        return server;
    }

    /// <summary>From now on, this stream is asked.</summary>
    internal void Watch(KafkaStream stream) => _health = stream.GetHealth;

    public void Dispose() => ((IDisposable)_listener).Dispose();

    private async Task ServeAsync()
    {
        while (true)
        {
            HttpListenerContext context;
            try
            {
                context = await _listener.GetContextAsync();
            }
            catch (Exception exception) when (exception is HttpListenerException or ObjectDisposedException or InvalidOperationException)
            {
                if (!_listener.IsListening) return;
                continue;
            }
            try
            {
                Answer(context);
            }
            catch (Exception exception) when (exception is HttpListenerException or ObjectDisposedException or InvalidOperationException or IOException)
            {
                AppLog.HealthAnswerFailed(_logger, exception.Message);
            }
        }
    }

    private void Answer(HttpListenerContext context)
    {
        var (status, text) = Respond(context.Request.HttpMethod, context.Request.Url?.AbsolutePath ?? "");
        var body = Encoding.UTF8.GetBytes(text + "\n");
        var response = context.Response;
        response.StatusCode = (int)status;
        response.ContentType = "text/plain; charset=utf-8";
        response.Headers["Cache-Control"] = "no-store";
        response.KeepAlive = false;
        response.ContentLength64 = body.Length;
        // Not to a HEAD: it gets the length alone.
        if (context.Request.HttpMethod == "HEAD") response.Close();
        else response.Close(body, willBlock: false);
    }

    private (HttpStatusCode Status, string Text) Respond(string method, string path)
    {
        if (path is not ("/livez" or "/readyz")) return (HttpStatusCode.NotFound, "ask for /livez or /readyz");
        if (method is not ("GET" or "HEAD")) return (HttpStatusCode.MethodNotAllowed, "ask with GET");
        var health = _health();
        var isGood = path == "/livez" ? health.IsLive : health.IsReady;
        return isGood ? (HttpStatusCode.OK, "ok") : (HttpStatusCode.ServiceUnavailable, health.Reason);
    }
}
