using System.Text;
using Confluent.Kafka;
using StreamScoring.App.Articles;
using StreamScoring.App.Commands;
using StreamScoring.Schemas;
using StreamScoring.Schemas.Avro;
using StreamScoring.Topology.Kafka.Internal;

namespace StreamScoring.App.Kafka;

/// <summary>How <see cref="ArticleSender"/> sends.</summary>
internal sealed record ArticleSenderOptions
{
    /// <summary>Topic.</summary>
    public required string Topic { get; init; }

    /// <summary>Plain JSON instead of Avro.</summary>
    public bool WritesJson { get; init; }

    /// <summary>Writes the articles.</summary>
    public required ArticleSerde Serde { get; init; }

    /// <summary>Topic for replies, or null for none.</summary>
    public string? ReplyTopic { get; init; }

    /// <summary>Records a second, or null for no limit.</summary>
    public double? PerSecond { get; init; }

    /// <summary>Records sent and not yet acknowledged, at most. Default 20,000.</summary>
    public int MaxInFlight { get; init; } = 20_000;
}

/// <summary>Turns lines into records, sends them in order, counts what became of them and names every bad line.</summary>
internal sealed class ArticleSender(KafkaClients clients, ArticleSenderOptions options, Action<string> report, TimeProvider time) : IDisposable
{
    private const int MaxErrorsShown = 100;
    private static readonly TimeSpan Backpressure = TimeSpan.FromMilliseconds(5);

    private readonly IProducer<byte[]?, byte[]?> _producer = clients.Producer("produce");
    private readonly byte[]? _replyTopic = options.ReplyTopic is { } topic ? Encoding.UTF8.GetBytes(topic) : null;
    private volatile Error? _refusal;
    private long _startedAt;
    private long _sent;
    private long _delivered;
    private long _failed;
    private long _errorsShown;

    /// <summary>Records acknowledged.</summary>
    internal long Delivered => Interlocked.Read(ref _delivered);

    /// <summary>Records that Kafka did not take.</summary>
    internal long Failed => Interlocked.Read(ref _failed);

    /// <summary>Lines that are no articles.</summary>
    internal long Rejected { get; private set; }

    /// <summary>What was refused for one record is refused for all.</summary>
    /// <exception cref="CommandException">That is so.</exception>
    internal void ThrowIfRefused()
    {
        if (_refusal is not { } error) return;
        var refused = clients.FindUnwritable([options.Topic]);
        throw new CommandException(
            refused.Count > 0 ? AccessRefusal.ToWrite(clients.BootstrapServers, refused) : $"Kafka takes no records from this client: {error.Reason}",
            new KafkaException(error));
    }

    /// <summary>Sends one line; waits where too much is under way, or for its turn under a rate.</summary>
    internal async ValueTask SendAsync(Line line, CancellationToken cancellationToken)
    {
        if (line.IsBlank) return;
        ThrowIfRefused();
        cancellationToken.ThrowIfCancellationRequested();
        if (!RecordCodec.TryParseLine(line, out var article, out var error))
        {
            Rejected++;
            Report(line.Number, error);
            return;
        }

        var format = options.WritesJson ? ArticleFormat.Json : ArticleFormat.Avro;
        byte[] value;
        try
        {
            value = options.Serde.Encode(article, format);
        }
        catch (CodecException exception)
        {
            // The topic's latest schema may have no place for what an article may hold.
            Rejected++;
            Report(line.Number, exception.Message);
            return;
        }

        await WaitForTurnAsync(cancellationToken);
        var message = new Message<byte[]?, byte[]?>
        {
            Key = Encoding.UTF8.GetBytes(article.Id),
            Value = value,
            Headers = Headers(options.Serde.SchemaIdHeader(format)),
        };
        while (!TryProduce(message, line.Number)) await Task.Delay(Backpressure, time, cancellationToken);
        _sent++;
    }

    /// <summary>Waits for the acknowledgements.</summary>
    internal Task FlushAsync(TimeSpan budget) => Task.Run(() =>
    {
        if (budget != Timeout.InfiniteTimeSpan)
        {
            _producer.Flush(budget);
            return;
        }
        // Ends by itself: the producer gives each record up after its delivery timeout.
        while (_producer.Flush(TimeSpan.FromSeconds(1)) > 0)
        {
        }
    });

    public void Dispose() => _producer.Dispose();

    private Headers? Headers(byte[]? schemaId)
    {
        if (_replyTopic is null && schemaId is null) return null;
        var headers = new Headers();
        if (schemaId is not null) headers.Add(ConfluentFraming.ValueSchemaIdHeader, schemaId);
        if (_replyTopic is not null)
        {
            headers.Add("kafka_replyTopic", _replyTopic);
            headers.Add("kafka_correlationId", Guid.NewGuid().ToByteArray(bigEndian: true));
        }
        return headers;
    }

    private async ValueTask WaitForTurnAsync(CancellationToken cancellationToken)
    {
        if (_startedAt == 0) _startedAt = time.GetTimestamp();
        if (options.PerSecond is { } perSecond)
        {
            var early = TimeSpan.FromSeconds(_sent / perSecond) - time.GetElapsedTime(_startedAt);
            if (early > TimeSpan.FromMilliseconds(1)) await Task.Delay(early, time, cancellationToken);
        }
        while (_sent - Delivered - Failed >= options.MaxInFlight) await Task.Delay(Backpressure, time, cancellationToken);
    }

    private bool TryProduce(Message<byte[]?, byte[]?> message, long lineNumber)
    {
        try
        {
            _producer.Produce(options.Topic, message, report =>
            {
                if (report.Error.IsError)
                {
                    Interlocked.Increment(ref _failed);
                    if (AccessRefusal.MayBeToWrite(report.Error.Code)) _refusal = report.Error;
                    else Report(lineNumber, "not delivered: " + report.Error.Reason);
                }
                else
                {
                    Interlocked.Increment(ref _delivered);
                }
            });
            return true;
        }
        catch (ProduceException<byte[]?, byte[]?> exception) when (exception.Error.Code == ErrorCode.Local_QueueFull)
        {
            return false;
        }
        catch (ProduceException<byte[]?, byte[]?> exception)
        {
            Interlocked.Increment(ref _failed);
            if (AccessRefusal.MayBeToWrite(exception.Error.Code)) _refusal = exception.Error;
            else Report(lineNumber, exception.Error.Code == ErrorCode.MsgSizeTooLarge
                ? $"its record of {message.Value!.Length:N0} bytes is larger than message.max.bytes: raise it in Kafka:Properties and on the broker"
                : "not sent: " + exception.Error.Reason);
            return true;
        }
    }

    private void Report(long lineNumber, string error)
    {
        var shown = Interlocked.Increment(ref _errorsShown);
        if (shown <= MaxErrorsShown) report($"line {lineNumber}: {View.TextCleaner.Line(error)}");
        else if (shown == MaxErrorsShown + 1) report("(further lines with errors are counted only)");
    }
}
