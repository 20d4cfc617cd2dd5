using Confluent.Kafka;
using Confluent.Kafka.Admin;
using StreamScoring.Topology.Kafka.Internal;

namespace StreamScoring.Topology.Kafka;

/// <summary>Looks topics up and creates them, so that a stream starts with a clear word instead of waiting for ever.</summary>
public static class KafkaTopics
{
    /// <summary>Partition counts of the topics that exist.</summary>
    /// <param name="options">Where, and with which security properties.</param>
    /// <param name="topics">Topics asked for.</param>
    /// <param name="timeout">How long to wait for a broker.</param>
    /// <returns>Topic to number of partitions; a topic that does not exist is not in it.</returns>
    /// <exception cref="KafkaStreamException">No broker answered.</exception>
    public static IReadOnlyDictionary<string, int> Describe(
        KafkaStreamOptions options, IReadOnlyCollection<string> topics, TimeSpan timeout)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(topics);
        using var admin = Connect(options);
        try
        {
            // All topics, not these: asking by name makes some brokers create them.
            var metadata = admin.GetMetadata(timeout);
            var wanted = topics.ToHashSet(StringComparer.Ordinal);
            return metadata.Topics
                .Where(topic => wanted.Contains(topic.Topic) && !topic.Error.IsError)
                .ToDictionary(topic => topic.Topic, topic => topic.Partitions.Count, StringComparer.Ordinal);
        }
        catch (KafkaException exception)
        {
            throw new KafkaStreamException(
                $"No broker answered at {options.BootstrapServers} within {timeout.TotalSeconds:0} s: {exception.Error.Reason}. " +
                "Check the address, that the broker runs, and its security settings.", canRetry: true, exception);
        }
    }

    /// <summary>Creates topics that do not exist; one that does stays as it is.</summary>
    /// <param name="options">Where, and with which security properties.</param>
    /// <param name="topics">Topics to create.</param>
    /// <param name="partitions">Partitions of each.</param>
    /// <exception cref="KafkaStreamException">A topic could not be created.</exception>
    public static async Task CreateAsync(KafkaStreamOptions options, IReadOnlyCollection<string> topics, int partitions)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(topics);
        using var admin = Connect(options);
        try
        {
            await admin.CreateTopicsAsync(topics.Select(
                topic => new TopicSpecification { Name = topic, NumPartitions = partitions })).ConfigureAwait(false);
        }
        catch (CreateTopicsException exception)
        {
            var refused = exception.Results
                .Where(result => result.Error.IsError && result.Error.Code != ErrorCode.TopicAlreadyExists)
                .Select(result => $"{result.Topic}: {result.Error.Reason.TrimEnd('.')}").ToList();
            if (refused.Count > 0)
            {
                var isForbidden = exception.Results.Exists(static result => AccessRefusal.Is(result.Error.Code));
                throw new KafkaStreamException(
                    $"Topics could not be created. {string.Join("; ", refused)}." + (isForbidden
                        ? " This user needs Create on them or on the cluster (docs/security.md); or let somebody else create them."
                        : ""), canRetry: false, exception);
            }
        }
        catch (KafkaException exception)
        {
            throw new KafkaStreamException(
                $"Topics could not be created at {options.BootstrapServers}: {exception.Error.Reason}.", canRetry: true, exception);
        }
    }

    private static IAdminClient Connect(KafkaStreamOptions options) =>
        new AdminClientBuilder(ClientConfigs.Admin(options.BootstrapServers, options.Properties))
            .SetErrorHandler(static (_, _) => { })
            .SetLogHandler(static (_, _) => { })
            .Build();
}
