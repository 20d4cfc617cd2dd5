using Confluent.Kafka;
using Microsoft.Extensions.Logging;
using StreamScoring.App.Articles;
using StreamScoring.App.Kafka;
using StreamScoring.Schemas;

namespace StreamScoring.App.Hosting;

/// <summary>
/// Reads what comes out of the stream, enriched articles and dead letters, as any client would: committed records, no
/// group. Keeps the figures that the live view shows.
/// </summary>
internal sealed class Tail
{
    private const int LatencySamples = 256;
    private const int MaxTopicLabels = 64;

    private readonly TailOptions _options;
    private readonly KafkaClients _clients;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly Lock _lock = new();
    private readonly double[] _latenciesMs = new double[LatencySamples];
    private readonly Dictionary<string, long> _topics = new(StringComparer.Ordinal);
    private int _latencyCount;
    private long _articles;
    private long _deadLetters;
    private Article? _last;

    internal Tail(TailOptions options, KafkaClients clients, ILogger logger, TimeProvider time)
    {
        (_options, _clients, _logger, _time) = (options, clients, logger, time);
    }

    /// <summary>The figures now.</summary>
    internal TailSnapshot GetSnapshot()
    {
        lock (_lock)
        {
            var counts = _topics.ToArray();
            Array.Sort(counts, static (left, right) => right.Value != left.Value
                ? right.Value.CompareTo(left.Value)
                : string.CompareOrdinal(left.Key, right.Key));
            return new TailSnapshot(_articles, _deadLetters, Median(), _last, counts);
        }
    }

    /// <summary>Reads until cancelled; every record goes to <paramref name="seen"/> on the reader's thread.</summary>
    /// <param name="partitionsOfTopics">Every topic to read, with its partitions.</param>
    /// <param name="seen">Called for each record, with its article where it is one.</param>
    /// <param name="idle">Called when nothing more is at hand.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    internal Task RunAsync(
        IReadOnlyList<KeyValuePair<string, int>> partitionsOfTopics, Action<ConsumeResult<byte[]?, byte[]?>, Article?> seen, Action idle,
        CancellationToken cancellationToken) =>
        Task.Factory.StartNew(
            () => Run(partitionsOfTopics, seen, idle, cancellationToken), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private void Run(
        IReadOnlyList<KeyValuePair<string, int>> partitionsOfTopics, Action<ConsumeResult<byte[]?, byte[]?>, Article?> seen, Action idle,
        CancellationToken cancellationToken)
    {
        var config = PartitionAssigner.Config(fromEarliest: true);
        config.FetchWaitMaxMs = 20;
        using var consumer = _clients.Consumer("view", config).Build();
        using var clock = _clients.WatchClock(consumer);
        PartitionAssigner.Assign(consumer, partitionsOfTopics, fromEarliest: true);
        var busy = false;
        while (!cancellationToken.IsCancellationRequested)
        {
            ConsumeResult<byte[]?, byte[]?>? result;
            try
            {
                result = consumer.Consume(TimeSpan.FromMilliseconds(busy ? 0 : 50));
            }
            catch (ConsumeException exception)
            {
                // The view is no reason to stop the stream.
                AppLog.ViewReadFailed(_logger, exception.Error.Code, exception.Error.Reason);
                continue;
            }
            busy = result is not null;
            if (result is null) idle();
            else if (!result.IsPartitionEOF) Take(result, seen);
        }
    }

    private void Take(ConsumeResult<byte[]?, byte[]?> result, Action<ConsumeResult<byte[]?, byte[]?>, Article?> seen)
    {
        if (result.Topic == _options.DeadLetterTopic)
        {
            lock (_lock) _deadLetters++;
            seen(result, null);
            return;
        }

        var (article, error) = Decode(result.Message);
        if (article is null) AppLog.TailRejected(_logger, result.Topic, result.Partition.Value, result.Offset.Value, error!);
        else Count(article, result.Message.Timestamp.UnixTimestampMs);
        seen(result, article);
    }

    private (Article? Article, string? Error) Decode(Message<byte[]?, byte[]?> message)
    {
        try
        {
            return RecordCodec.Decode(_options.Serde, message.Value, message.Headers);
        }
        catch (CodecException exception)
        {
            // A schema registry that is down: the view goes on without this article.
            return (null, exception.Message);
        }
    }

    private void Count(Article article, long sentAtMs)
    {
        // The record's timestamp is its source's: the stream carries it through.
        var latencyMs = Math.Max(0, _time.GetUtcNow().ToUnixTimeMilliseconds() - sentAtMs);
        lock (_lock)
        {
            _latenciesMs[_articles % LatencySamples] = latencyMs;
            _latencyCount = Math.Min(LatencySamples, _latencyCount + 1);
            _articles++;
            _last = article;
            if (article.Topic is { } topic && (_topics.Count < MaxTopicLabels || _topics.ContainsKey(topic.Label)))
            {
                _topics[topic.Label] = _topics.GetValueOrDefault(topic.Label) + 1;
            }
        }
    }

    private TimeSpan? Median()
    {
        if (_latencyCount == 0) return null;
        Span<double> sorted = stackalloc double[LatencySamples];
        _latenciesMs.AsSpan(0, _latencyCount).CopyTo(sorted);
        sorted = sorted[.._latencyCount];
        sorted.Sort();
        return TimeSpan.FromMilliseconds(sorted[_latencyCount / 2]);
    }
}

/// <summary>What a tail reads.</summary>
internal sealed record TailOptions
{
    /// <summary>Topic whose records count as dead letters.</summary>
    public required string DeadLetterTopic { get; init; }

    /// <summary>Reads the articles.</summary>
    public required ArticleSerde Serde { get; init; }
}

/// <summary>Figures of a tail at one moment.</summary>
internal sealed record TailSnapshot(
    long Articles, long DeadLetters, TimeSpan? MedianLatency, Article? Last, IReadOnlyList<KeyValuePair<string, long>> TopicCounts);
