using System.Globalization;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using StreamScoring.Topology.Kafka.Internal;
using StreamScoring.Topology.Replies;

namespace StreamScoring.Topology.Kafka.Replies;

/// <summary>
/// Looks at topics with the admin client, which unlike a producer creates none by asking. Tells what would otherwise fail
/// a produce request, and with it a transaction: the topic's existence, our right to write it (KIP-430), its leaders,
/// its in-sync replicas and its largest batch.
/// </summary>
internal sealed class ReplyTopicProbe(KafkaStreamOptions options) : IDisposable
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    private readonly IAdminClient _admin = new AdminClientBuilder(ClientConfigs.Admin(options.BootstrapServers, options.Properties))
        .SetErrorHandler(static (_, _) => { })
        .SetLogHandler(static (_, _) => { })
        .Build();

    // One batch may hold several answers: a topic that takes less than a batch would refuse them all.
    private readonly long _batchBytes = TopicLimits.BatchBytesOf(options);

    /// <summary>Settings of topics; those that may not be read are unknown.</summary>
    internal async Task<Dictionary<string, ReplyTopicLimits>> ReadLimitsAsync(IReadOnlyCollection<string> topics)
    {
        var limits = new Dictionary<string, ReplyTopicLimits>(StringComparer.Ordinal);
        var resources = topics.Select(static topic => new ConfigResource { Type = ResourceType.Topic, Name = topic });
        try
        {
            foreach (var result in await _admin.DescribeConfigsAsync(resources, new DescribeConfigsOptions { RequestTimeout = Timeout }).ConfigureAwait(false))
                limits[result.ConfigResource.Name] = LimitsOf(result.Entries);
        }
        catch (DescribeConfigsException exception)
        {
            foreach (var result in exception.Results)
            {
                if (!result.Error.IsError) limits[result.ConfigResource.Name] = LimitsOf(result.Entries);
            }
        }
        catch (KafkaException)
        {
            // An old or embedded broker: what a produce request would say is found out when it says it.
        }
        return limits;
    }

    /// <summary>Describes topics.</summary>
    /// <exception cref="KafkaException">No broker answered.</exception>
    internal async Task<IReadOnlyList<TopicDescription>> LookAsync(IReadOnlyCollection<string> topics)
    {
        var request = new DescribeTopicsOptions { IncludeAuthorizedOperations = true, RequestTimeout = Timeout };
        try
        {
            return (await _admin.DescribeTopicsAsync(TopicCollection.OfTopicNames(topics), request).ConfigureAwait(false)).TopicDescriptions;
        }
        catch (DescribeTopicsException exception)
        {
            return exception.Results.TopicDescriptions;
        }
    }

    public void Dispose() => _admin.Dispose();

    /// <summary>What a description and the topic's limits come to.</summary>
    internal ReplyTopicState StateOf(TopicDescription topic, ReplyTopicLimits limits)
    {
        switch (topic.Error?.Code ?? ErrorCode.NoError)
        {
            case ErrorCode.NoError:
                break;
            case ErrorCode.TopicAuthorizationFailed:
                return new ReplyTopicState(ReplyRefusals.Forbidden, 0);
            case ErrorCode.UnknownTopicOrPart or ErrorCode.TopicException:
                return new ReplyTopicState(ReplyRefusals.NoSuchTopic, 0);
            default:
                return new ReplyTopicState(ReplyRefusals.Unavailable, 0);
        }
        if (topic.IsInternal) return new ReplyTopicState(ReplyRefusals.NotAllowed, 0);
        // Brokers that cannot tell give none.
        if (topic.AuthorizedOperations is { Count: > 0 } may && !may.Contains(AclOperation.Write) && !may.Contains(AclOperation.All))
            return new ReplyTopicState(ReplyRefusals.Forbidden, 0);
        if (limits.MaxMessageBytes < _batchBytes) return new ReplyTopicState(ReplyRefusals.SmallTopic, 0);
        foreach (var partition in topic.Partitions)
        {
            if (partition.Leader is null || partition.Leader.Id < 0 || partition.ISR.Count < (limits.MinInSyncReplicas ?? 1))
                return new ReplyTopicState(ReplyRefusals.Unavailable, 0);
        }
        return new ReplyTopicState(null, topic.Partitions.Count);
    }

    private static ReplyTopicLimits LimitsOf(Dictionary<string, ConfigEntryResult> entries) =>
        new(Number(entries, "max.message.bytes"), Number(entries, "min.insync.replicas"));

    private static int? Number(Dictionary<string, ConfigEntryResult> entries, string name) =>
        entries.TryGetValue(name, out var entry) && int.TryParse(entry.Value, CultureInfo.InvariantCulture, out var number) ? number : null;
}
