using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Microsoft.Extensions.Logging;
using StreamScoring.App.Commands;

namespace StreamScoring.App.Kafka;

/// <summary>Looks before a client leaps: is there a Kafka, does it have the topics?</summary>
internal static class TopicCheck
{
    private static readonly TimeSpan Attempt = TimeSpan.FromSeconds(5);

    /// <summary>Asks the cluster for its topics without creating any.</summary>
    /// <param name="clients">How to connect.</param>
    /// <param name="topics">Topics that must be there.</param>
    /// <param name="patience">How long to go on asking where nobody answers.</param>
    /// <param name="logger">Hears of each failed try.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Those of <paramref name="topics"/> that are missing, and the cluster's partition counts.</returns>
    /// <exception cref="CommandException">Nobody answered in time.</exception>
    internal static async Task<TopicFindings> LookAsync(
        KafkaClients clients, IReadOnlyCollection<string> topics, TimeSpan patience, ILogger logger, TimeProvider time,
        CancellationToken cancellationToken)
    {
        using var admin = clients.Admin();
        var started = time.GetTimestamp();
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var left = patience - time.GetElapsedTime(started);
            try
            {
                var wait = left < Attempt ? left : Attempt;
                var metadata = await Task.Run(() => admin.GetMetadata(wait > TimeSpan.Zero ? wait : TimeSpan.FromMilliseconds(1)), CancellationToken.None)
                    .WaitAsync(cancellationToken);
                var partitions = metadata.Topics.Where(topic => !topic.Error.IsError || topic.Error.Code == ErrorCode.LeaderNotAvailable)
                    .ToDictionary(topic => topic.Topic, topic => topic.Partitions.Count, StringComparer.Ordinal);
                var missing = topics.Where(topic => !partitions.ContainsKey(topic)).Distinct().ToArray();
                return new TopicFindings(partitions, missing);
            }
            catch (KafkaException exception)
            {
                var reason = clients.LastError ?? exception.Error.Reason;
                if (time.GetElapsedTime(started) >= patience)
                {
                    throw new CommandException(
                        $"No Kafka answers at {clients.BootstrapServers} ({reason}). Is it running, and is the address right?", exception);
                }
                AppLog.WaitingForKafka(logger, clients.BootstrapServers, reason);
                await Task.Delay(TimeSpan.FromMilliseconds(500), time, cancellationToken);
            }
        }
    }

    /// <summary>The cluster's id; its address where it tells none, as the embedded broker does.</summary>
    internal static async Task<string> ClusterIdAsync(KafkaClients clients)
    {
        using var admin = clients.Admin();
        try
        {
            var cluster = await admin.DescribeClusterAsync(new DescribeClusterOptions { RequestTimeout = Attempt });
            return cluster.ClusterId is { Length: > 0 } id ? id : clients.BootstrapServers;
        }
        catch (KafkaException)
        {
            return clients.BootstrapServers;
        }
    }

    /// <summary>The sentence for topics that are not there.</summary>
    internal static string Explain(IReadOnlyList<string> missing, string bootstrapServers)
    {
        var command = string.Join(" && ", missing.Select(topic =>
            $"kafka-topics.sh --bootstrap-server {bootstrapServers} --create --topic {topic} --partitions 4"));
        return $"{(missing.Count == 1 ? "There is no topic" : "There are no topics")} {string.Join(", ", missing)} at {bootstrapServers}. "
            + $"Create {(missing.Count == 1 ? "it" : "them")} with --create-topics 4 on `stream`, or: {command}";
    }
}

/// <summary>What a cluster has.</summary>
/// <param name="Partitions">Partition count of each topic.</param>
/// <param name="Missing">Topics asked for that it has not.</param>
internal sealed record TopicFindings(IReadOnlyDictionary<string, int> Partitions, IReadOnlyList<string> Missing);
