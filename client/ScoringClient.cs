using System.Text;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using StreamScoring.Schemas;

namespace StreamScoring.Client;

/// <summary>
/// Asks a stream to score articles and awaits each answer: request and reply through Kafka, with Spring's headers. One
/// producer and one consumer for the process, thousands of calls in flight. Safe for any number of threads: make one and
/// keep it.
/// </summary>
/// <example><code>
/// await using var client = await ScoringClient.ConnectAsync(new ScoringClientOptions
/// {
///     BootstrapServers = "localhost:9092", ReplyTopic = "replies.desk",
/// });
/// var enriched = await client.ScoreAsync(article, TimeSpan.FromSeconds(10));
/// </code></example>
public sealed class ScoringClient : IAsyncDisposable, IDisposable
{
    /// <summary>Name of the client's <c>Meter</c>.</summary>
    public const string TelemetryName = ClientTelemetry.Name;

    private readonly ScoringClientOptions _options;
    private readonly TimeProvider _time;
    private readonly ClientTelemetry _telemetry;
    private readonly PendingCalls _calls = new();
    private readonly ByteBudget _budget;
    private readonly IProducer<byte[]?, byte[]?> _producer;
    private readonly ReplyConsumer _consumer;
    private readonly byte[] _replyTopic;
    private readonly byte[] _replyPartition;
    private int _isClosed;

    private ScoringClient(
        ScoringClientOptions options, IProducer<byte[]?, byte[]?> producer, IConsumer<byte[]?, byte[]?> consumer, int replyPartition,
        ILogger logger, TimeProvider time)
    {
        _options = options;
        _time = time;
        _telemetry = new ClientTelemetry(() => _calls.Count);
        _budget = new ByteBudget(options.MaxInFlight, options.MaxInFlightBytes);
        _producer = producer;
        _replyTopic = Encoding.UTF8.GetBytes(options.ReplyTopic);
        _replyPartition = RequestHeaders.BigEndian(replyPartition);
        _consumer = new ReplyConsumer(consumer, Answered, logger);
    }

    /// <summary>Calls sent and not yet answered.</summary>
    public int InFlight => _calls.Count;

    /// <summary>Connects, and finds the end of the reply topic: answers to everything asked from now on are read.</summary>
    /// <param name="options">Validated here.</param>
    /// <param name="logger">Where connection troubles are logged. Default: nowhere.</param>
    /// <param name="time">The clock for deadlines. Default: the system's.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ArgumentException">The options have mistakes; the message names them all.</exception>
    /// <exception cref="KafkaException">No broker answered, or there is no such reply topic or partition.</exception>
    public static async Task<ScoringClient> ConnectAsync(
        ScoringClientOptions options, ILogger<ScoringClient>? logger = null, TimeProvider? time = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        var connecting = Task.Run(() => Connect(options, logger, time), CancellationToken.None);
        try
        {
            return await connecting.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // Its calls to Kafka end by themselves; nobody will use what comes of them.
            _ = connecting.ContinueWith(
                static async task =>
                {
                    if (task.Exception is null) await (await task.ConfigureAwait(false)).DisposeAsync().ConfigureAwait(false);
                },
                TaskScheduler.Default);
            throw;
        }
    }

    /// <summary>As <see cref="ConnectAsync"/>, on the calling thread.</summary>
    internal static ScoringClient Connect(ScoringClientOptions options, ILogger<ScoringClient>? logger, TimeProvider? time)
    {
        var mistakes = options.Validate();
        if (mistakes.Count > 0) throw new ArgumentException(string.Join(Environment.NewLine, mistakes), nameof(options));
        var log = (ILogger?)logger ?? NullLogger.Instance;
        var producer = new ProducerBuilder<byte[]?, byte[]?>(ClientConfigs.Producer(options))
            .SetErrorHandler((_, error) => ClientLog.Kafka(log, error.Code, error.Reason)).SetLogHandler(static (_, _) => { }).Build();
        IConsumer<byte[]?, byte[]?>? consumer = null;
        try
        {
            consumer = new ConsumerBuilder<byte[]?, byte[]?>(ClientConfigs.Consumer(options))
                .SetErrorHandler((_, error) => ClientLog.Kafka(log, error.Code, error.Reason)).SetLogHandler(static (_, _) => { }).Build();
            var start = ReplyConsumer.FindStart(consumer, options);
            consumer.Assign(start);
            return new ScoringClient(options, producer, consumer, start.Partition.Value, log, time ?? TimeProvider.System);
        }
        catch
        {
            producer.Dispose();
            consumer?.Dispose();
            throw;
        }
    }

    /// <summary>Sends an article and awaits its enriched record.</summary>
    /// <param name="article">The article; not changed.</param>
    /// <param name="timeout">How long the answer is of use, from now; more than 0, at most 24 days.</param>
    /// <param name="cancellationToken">Ends the wait; the article may still be scored.</param>
    /// <exception cref="ScoringException">There is no enriched record; says why, and whether a retry can help.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public Task<Article> ScoreAsync(Article article, TimeSpan timeout, CancellationToken cancellationToken = default) =>
        ScoreAsync(article, _time.GetUtcNow() + timeout, cancellationToken);

    /// <summary>Sends an article and awaits its enriched record.</summary>
    /// <param name="article">The article; not changed.</param>
    /// <param name="deadline">
    /// Until when the answer is of use. The stream is told, by its own clock, and scores nothing past it.
    /// </param>
    /// <param name="cancellationToken">Ends the wait; the article may still be scored.</param>
    /// <exception cref="ScoringException">There is no enriched record; says why, and whether a retry can help.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public async Task<Article> ScoreAsync(Article article, DateTimeOffset deadline, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(article);
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _isClosed) != 0, this);
        var startedAt = _time.GetTimestamp();
        var outcome = "answered";
        try
        {
            return await CallAsync(article, deadline, cancellationToken).ConfigureAwait(false);
        }
        catch (ScoringException exception)
        {
            outcome = exception.Error.ToString();
            throw;
        }
        catch (OperationCanceledException)
        {
            outcome = "Cancelled";
            throw;
        }
        finally
        {
            _telemetry.Called(_time.GetElapsedTime(startedAt), outcome);
        }
    }

    /// <summary>
    /// Takes no more calls, waits for those in flight until their deadlines, no longer than
    /// <see cref="ScoringClientOptions.DrainTimeout"/>, and fails the rest with <see cref="ScoringError.ClientClosed"/>.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isClosed, 1) != 0) return;
        var startedAt = _time.GetTimestamp();
        while (_calls.Count > 0 && _time.GetElapsedTime(startedAt) < _options.DrainTimeout)
            await Task.Delay(TimeSpan.FromMilliseconds(20), _time).ConfigureAwait(false);
        await _consumer.DisposeAsync().ConfigureAwait(false);
        _calls.FailAll(static () => new ScoringException(ScoringError.ClientClosed, "The client was disposed before an answer came."));
        _producer.Dispose();
        _telemetry.Dispose();
    }

    /// <summary>As <see cref="DisposeAsync"/>, waiting on the calling thread.</summary>
    public void Dispose() => DisposeAsync().AsTask().GetAwaiter().GetResult();

    private async Task<Article> CallAsync(Article article, DateTimeOffset deadline, CancellationToken cancellationToken)
    {
        var value = _options.Serde.Encode(article, _options.Format);
        using var inTime = new CancellationTokenSource(Remaining(deadline), _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(inTime.Token, cancellationToken);
        try
        {
            await _budget.EnterAsync(value.Length, either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new ScoringException(ScoringError.TimedOut,
                $"{_options.MaxInFlight} calls were in flight, or {_options.MaxInFlightBytes} bytes of them, until the deadline passed: the article was not sent.");
        }
        var (number, answer) = _calls.Add();
        try
        {
            Send(number, article, value, deadline);
            return await answer.WaitAsync(either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new ScoringException(ScoringError.TimedOut, "No answer came before the deadline. The article may still be scored.");
        }
        finally
        {
            _calls.Take(number);
            _budget.Leave(value.Length);
        }
    }

    /// <exception cref="ScoringException">The deadline lies in the past.</exception>
    private TimeSpan Remaining(DateTimeOffset deadline)
    {
        var remaining = deadline - _time.GetUtcNow();
        if (remaining <= TimeSpan.Zero) throw new ScoringException(ScoringError.TimedOut, "The deadline had passed before the article was sent.");
        var longest = TimeSpan.FromDays(24);
        return remaining < longest ? remaining : longest;
    }

    private void Send(long number, Article article, byte[] value, DateTimeOffset deadline)
    {
        var message = new Message<byte[]?, byte[]?>
        {
            Key = article.Id.Length > 0 ? Encoding.UTF8.GetBytes(article.Id) : null,
            Value = value,
            Headers = RequestHeaders.Write(_replyTopic, _replyPartition, _calls.CorrelationIdOf(number), deadline),
        };
        try
        {
            _producer.Produce(_options.RequestTopic, message, report =>
            {
                if (report.Error.IsError) NotSent(number, report.Error);
            });
        }
        catch (ProduceException<byte[]?, byte[]?> exception)
        {
            NotSent(number, exception.Error);
        }
    }

    private void NotSent(long number, Error error) => _calls.Take(number)?.TrySetException(
        new ScoringException(ScoringError.NotSent, $"Kafka did not take the article: {error.Reason} ({error.Code})."));

    /// <summary>On the consumer's thread.</summary>
    private void Answered(Message<byte[]?, byte[]?> message)
    {
        if (message.Headers is null || !message.Headers.TryGetLastBytes(RequestHeaders.CorrelationId, out var id) || id is null) return;
        if (!_calls.IsOurs(id, out var number)) return;
        if (_calls.Take(number) is not { } call)
        {
            _telemetry.Unawaited();
            return;
        }
        if (AnswerReader.TryGetError(message.Headers, out var code))
        {
            call.TrySetException(AnswerReader.ReadError(code, message.Value));
            return;
        }
        try
        {
            call.TrySetResult(AnswerReader.ReadArticle(_options.Serde, message));
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            call.TrySetException(new ScoringException(ScoringError.UnreadableAnswer, $"The answer is no article: {exception.Message}", exception));
        }
    }
}
