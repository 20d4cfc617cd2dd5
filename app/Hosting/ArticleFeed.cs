using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;
using StreamScoring.App.Articles;
using StreamScoring.App.Configuration;
using StreamScoring.App.Kafka;
using StreamScoring.Schemas;
using StreamScoring.Schemas.Avro;

namespace StreamScoring.App.Hosting;

/// <summary>
/// An endless stream of articles from a file, round and round, each lap under new ids. Only so many may be on their way
/// through the nodes at once: the embedded broker drops what lies too long, so the feed waits for what it sent.
/// </summary>
internal sealed class ArticleFeed : IDisposable
{
    private const string Header = "streamscoring_feed";
    private static readonly TimeSpan Backpressure = TimeSpan.FromMilliseconds(20);

    private readonly FeedSettings _settings;
    private readonly string _topic;
    private readonly ArticleSerde _serde;
    private readonly Func<bool> _sinksKeepUp;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly IProducer<byte[]?, byte[]?> _producer;
    private readonly SemaphoreSlim _credits;
    private readonly ConcurrentDictionary<string, byte> _inFlight = new(StringComparer.Ordinal);

    /// <summary>A feed that is not started.</summary>
    /// <param name="settings">File and limits.</param>
    /// <param name="topic">Where the articles go.</param>
    /// <param name="serde">What they are written with.</param>
    /// <param name="clients">How to connect.</param>
    /// <param name="sinksKeepUp">False while a working sink is behind: the feed waits then.</param>
    /// <param name="logger">Where messages go.</param>
    /// <param name="time">The clock.</param>
    internal ArticleFeed(
        FeedSettings settings, string topic, ArticleSerde serde, KafkaClients clients, Func<bool> sinksKeepUp, ILogger logger,
        TimeProvider time)
    {
        (_settings, _topic, _serde, _sinksKeepUp, _logger, _time) = (settings, topic, serde, sinksKeepUp, logger, time);
        _producer = clients.Producer("feed");
        _credits = new SemaphoreSlim(settings.MaxInFlight);
    }

    /// <summary>Articles sent so far.</summary>
    internal long Sent { get; private set; }

    /// <summary>Articles that have not come out yet.</summary>
    internal int InFlight => _inFlight.Count;

    /// <summary>Notes a record that came out of the stream, or ended as a dead letter.</summary>
    internal void Finished(Headers? headers)
    {
        if (headers is null || !headers.TryGetLastBytes(Header, out var value)) return;
        if (_inFlight.TryRemove(Encoding.UTF8.GetString(value), out _)) _credits.Release();
    }

    /// <summary>Sends until cancelled.</summary>
    /// <exception cref="Commands.CommandException">The file cannot be read or holds no article.</exception>
    internal async Task RunAsync(CancellationToken cancellationToken)
    {
        var startedAt = _time.GetTimestamp();
        try
        {
            for (var lap = 1; ; lap++)
            {
                var before = Sent;
                await RunLapAsync(lap, startedAt, cancellationToken);
                if (Sent == before)
                {
                    throw new Commands.CommandException($"{_settings.File} holds no article: give Feed:File a file of JSON lines, or none.");
                }
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
        }
        await Task.Run(() => _producer.Flush(TimeSpan.FromSeconds(2)), CancellationToken.None);
    }

    public void Dispose()
    {
        _producer.Dispose();
        _credits.Dispose();
    }

    private async Task RunLapAsync(int lap, long startedAt, CancellationToken cancellationToken)
    {
        var (stream, _) = ArticleInput.Open(BundledFiles.Find(_settings.File));
        using var lines = new LineReader(stream);
        bool more;
        do
        {
            more = await lines.FillAsync(cancellationToken);
            while (lines.TryRead(out var line))
            {
                if (line.IsBlank) continue;
                if (RecordCodec.TryParseLine(line, out var article, out var error))
                {
                    if (lap > 1) article.Id = string.Create(CultureInfo.InvariantCulture, $"{article.Id}~{lap}");
                    await SendAsync(article, startedAt, cancellationToken);
                }
                else if (lap == 1)
                {
                    AppLog.FeedLineRejected(_logger, line.Number, _settings.File, error);
                }
            }
        }
        while (more);
    }

    private async Task SendAsync(Schemas.Article article, long startedAt, CancellationToken cancellationToken)
    {
        if (_settings.MaxPerSecond > 0)
        {
            var early = TimeSpan.FromSeconds(Sent / _settings.MaxPerSecond) - _time.GetElapsedTime(startedAt);
            if (early > TimeSpan.Zero) await Task.Delay(early, _time, cancellationToken);
        }
        byte[] value;
        try
        {
            value = _serde.Encode(article, ArticleFormat.Avro);
        }
        catch (CodecException exception)
        {
            // The topic's latest schema may have no place for what an article may hold.
            AppLog.FeedSendFailed(_logger, exception.Message);
            return;
        }
        await _credits.WaitAsync(cancellationToken);
        while (!_sinksKeepUp()) await Task.Delay(Backpressure, _time, cancellationToken);

        var ticket = Sent.ToString(CultureInfo.InvariantCulture);
        _inFlight[ticket] = 0;
        var message = new Message<byte[]?, byte[]?>
        {
            Key = Encoding.UTF8.GetBytes(article.Id),
            Value = value,
            Headers = [new Header(Header, Encoding.UTF8.GetBytes(ticket))],
        };
        if (_serde.SchemaIdHeader(ArticleFormat.Avro) is { } schemaId) message.Headers.Add(ConfluentFraming.ValueSchemaIdHeader, schemaId);
        try
        {
            _producer.Produce(_topic, message, report =>
            {
                if (report.Error.IsError) GiveUp(ticket, report.Error.Reason);
            });
        }
        catch (ProduceException<byte[]?, byte[]?> exception)
        {
            GiveUp(ticket, exception.Error.Reason);
        }
        Sent++;
    }

    private void GiveUp(string ticket, string reason)
    {
        AppLog.FeedSendFailed(_logger, reason);
        if (_inFlight.TryRemove(ticket, out _)) _credits.Release();
    }
}
