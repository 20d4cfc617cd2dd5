using System.Security.Cryptography;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace StreamScoring.Client;

/// <summary>Reads one partition of the reply topic from where it ended when the client connected, on a thread of its own.</summary>
internal sealed class ReplyConsumer : IAsyncDisposable
{
    private static readonly TimeSpan LookupTimeout = TimeSpan.FromSeconds(15);

    private readonly IConsumer<byte[]?, byte[]?> _consumer;
    private readonly Action<Message<byte[]?, byte[]?>> _answered;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal ReplyConsumer(IConsumer<byte[]?, byte[]?> consumer, Action<Message<byte[]?, byte[]?>> answered, ILogger logger)
    {
        _consumer = consumer;
        _answered = answered;
        _logger = logger;
        new Thread(Run) { IsBackground = true, Name = "streamscoring client" }.Start();
    }

    /// <summary>The partition to read and its end; fixed before anything is asked, so that no answer is missed.</summary>
    /// <exception cref="KafkaException">There is no such topic or partition, or no broker answers.</exception>
    internal static TopicPartitionOffset FindStart(IConsumer<byte[]?, byte[]?> consumer, ScoringClientOptions options)
    {
        // All topics, not this one: asking by name makes some brokers create it.
        using var admin = new DependentAdminClientBuilder(consumer.Handle).Build();
        var topic = admin.GetMetadata(LookupTimeout).Topics.Find(found => found.Topic == options.ReplyTopic && !found.Error.IsError)
            ?? throw new KafkaException(new Error(ErrorCode.UnknownTopicOrPart, $"There is no reply topic '{options.ReplyTopic}', or it may not be read."));
        var partition = options.ReplyPartition ?? RandomNumberGenerator.GetInt32(topic.Partitions.Count);
        if (partition >= topic.Partitions.Count)
        {
            throw new KafkaException(new Error(
                ErrorCode.Local_UnknownPartition, $"Reply topic '{options.ReplyTopic}' has {topic.Partitions.Count} partitions: there is no {partition}."));
        }
        var target = new TopicPartition(options.ReplyTopic, partition);
        return new TopicPartitionOffset(target, consumer.QueryWatermarkOffsets(target, LookupTimeout).High);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _stopped.Task.ConfigureAwait(false);
        _stop.Dispose();
    }

    private void Run()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                if (_consumer.Consume(_stop.Token)?.Message is { } message) _answered(message);
            }
            catch (OperationCanceledException)
            {
                break;
            }
            catch (ConsumeException exception)
            {
                // A broker that is away, a topic that was deleted: calls run into their deadlines, and it may come back.
                ClientLog.Kafka(_logger, exception.Error.Code, exception.Error.Reason);
                _stop.Token.WaitHandle.WaitOne(TimeSpan.FromMilliseconds(100));
            }
        }
        _consumer.Close();
        _consumer.Dispose();
        _stopped.SetResult();
    }
}
