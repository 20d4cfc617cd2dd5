using System.Globalization;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Microsoft.Extensions.Logging;
using StreamScoring.App.Commands;

namespace StreamScoring.App.Kafka;

/// <summary>Looks before a client leaps: is there a Kafka, does it have the topics?</summary>
internal static class TopicCheck
{
    private static readonly TimeSpan Attempt = TimeSpan.FromSeconds(5);

    // The embedded broker does not answer, and has nothing to hide.
    private static readonly TimeSpan DescribeTimeout = TimeSpan.FromSeconds(2);
    /// <summary>How long a command that is over soon goes on asking where nobody answers.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(8);

    /// <summary>Asks the cluster for its topics without creating any.</summary>
    /// <param name="clients">How to connect.</param>
    /// <param name="topics">Topics that must be there.</param>
    /// <param name="patience">How long to go on asking where nobody answers.</param>
    /// <param name="logger">Hears of each failed try.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Those of <paramref name="topics"/> that are missing, and the cluster's partition counts.</returns>
    /// <exception cref="CommandException">Nobody answered in time, or this user is refused.</exception>
    internal static async Task<TopicFindings> LookAsync(
        KafkaClients clients, IReadOnlyCollection<string> topics, TimeSpan patience, ILogger logger, TimeProvider time,
        CancellationToken cancellationToken)
    {
        var admin = clients.Admin();
        try
        {
            return await LookAsync(admin, clients, topics, patience, logger, time, cancellationToken);
        }
        finally
        {
            // Disposing waits for the call that is under way: a command that is refused ends now.
            if (!clients.Refused.IsCompleted) admin.Dispose();
        }
    }

    private static async Task<TopicFindings> LookAsync(
        IAdminClient admin, KafkaClients clients, IReadOnlyCollection<string> topics, TimeSpan patience, ILogger logger, TimeProvider time,
        CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var left = patience - time.GetElapsedTime(started);
            try
            {
                var wait = left < Attempt ? left : Attempt;
                var looking = Task.Run(() => admin.GetMetadata(wait > TimeSpan.Zero ? wait : TimeSpan.FromMilliseconds(1)), CancellationToken.None);
                await Task.WhenAny(looking, clients.Refused).WaitAsync(cancellationToken);
                clients.ThrowIfRefused();
                var metadata = await looking;
                var partitions = metadata.Topics.Where(topic => !topic.Error.IsError || topic.Error.Code == ErrorCode.LeaderNotAvailable)
                    .ToDictionary(topic => topic.Topic, topic => topic.Partitions.Count, StringComparer.Ordinal);
                var missing = topics.Where(topic => !partitions.ContainsKey(topic)).Distinct().ToArray();
                return new TopicFindings(partitions, missing, missing.Length == 0 ? [] : await FindHiddenAsync(admin, missing));
            }
            catch (KafkaException exception)
            {
                clients.ThrowIfRefused();
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

    /// <summary>As <c>LookAsync</c>, for topics that have to be there; those just made are given a moment to show.</summary>
    /// <exception cref="CommandException">Nobody answered, or a topic is missing.</exception>
    internal static async Task<TopicFindings> RequireAsync(
        KafkaClients clients, IReadOnlyCollection<string> topics, ILogger logger, TimeProvider time, CancellationToken cancellationToken)
    {
        const int looks = 3;
        for (var look = 1; ; look++)
        {
            var findings = await LookAsync(clients, topics, Patience, logger, time, cancellationToken);
            if (findings.Missing.Count == 0) return findings;
            // A broker may hear of a topic a while after its controller has created it.
            // A topic that this user may not see does not come by waiting.
            if (look == looks || findings.Hidden.Count > 0) throw new CommandException(Explain(findings, clients.BootstrapServers));
            await Task.Delay(TimeSpan.FromMilliseconds(500), time, cancellationToken);
        }
    }

    /// <summary>The cluster's id; null where it has none, as the embedded broker.</summary>
    /// <exception cref="CommandException">
    /// Kafka does not tell. Never taken for "none": what is remembered under an id would be done again under another.
    /// </exception>
    internal static async Task<string?> ClusterIdAsync(KafkaClients clients)
    {
        using var admin = clients.Admin();
        var id = await LookUpAsync(
            async () => await HasAdminAsync(admin)
                ? (await admin.DescribeClusterAsync(new DescribeClusterOptions { RequestTimeout = Attempt })).ClusterId
                : "",
            "the cluster's id", clients);
        return id is { Length: > 0 } ? id : null;
    }

    /// <summary>Kafka's id of a topic, which a topic deleted and made anew does not share; null where it has none, before Kafka 2.8.</summary>
    /// <exception cref="CommandException">Kafka does not tell, as for <see cref="ClusterIdAsync"/>.</exception>
    internal static async Task<string?> TopicIdAsync(KafkaClients clients, string topic)
    {
        using var admin = clients.Admin();
        var described = await LookUpAsync(
            async () => await admin.DescribeTopicsAsync(TopicCollection.OfTopicNames([topic]), new DescribeTopicsOptions { RequestTimeout = Attempt }),
            $"the id of topic {topic}", clients);
        var id = described?.TopicDescriptions[0].TopicId;
        return id is null || (id.MostSignificantBits == 0 && id.LeastSignificantBits == 0) ? null : id.ToString();
    }

    /// <summary>Topics that this user may not see. A broker does not say whether there are any of these names.</summary>
    private static async Task<IReadOnlyList<string>> FindHiddenAsync(IAdminClient admin, string[] topics)
    {
        var options = new DescribeTopicsOptions { RequestTimeout = DescribeTimeout };
        try
        {
            await admin.DescribeTopicsAsync(TopicCollection.OfTopicNames(topics), options);
        }
        catch (DescribeTopicsException exception)
        {
            return [.. exception.Results.TopicDescriptions.Where(static topic => topic.Error?.Code == ErrorCode.TopicAuthorizationFailed).Select(static topic => topic.Name)];
        }
        catch (KafkaException)
        {
            // Then they are just missing.
        }
        return [];
    }

    /// <summary>The sentence for topics that are not there, or not to be seen.</summary>
    internal static string Explain(TopicFindings findings, string bootstrapServers)
    {
        if (findings.Hidden.Count > 0)
        {
            var names = string.Join(", ", findings.Hidden);
            return $"Kafka at {bootstrapServers} does not let this user see {(findings.Hidden.Count == 1 ? "topic" : "topics")} {names}. Grant Read "
                + $"where it is read, Write where it is written: kafka-acls.sh --bootstrap-server {bootstrapServers} --add --allow-principal "
                + $"User:NAME --operation Read {string.Join(' ', findings.Hidden.Select(static topic => "--topic " + topic))}; docs/security.md lists all that is needed.";
        }
        var missing = findings.Missing;
        var command = string.Join(" && ", missing.Select(topic =>
            $"kafka-topics.sh --bootstrap-server {bootstrapServers} --create --topic {topic} --partitions 4"));
        return $"{(missing.Count == 1 ? "There is no topic" : "There are no topics")} {string.Join(", ", missing)} at {bootstrapServers}. "
            + $"Create {(missing.Count == 1 ? "it" : "them")} with --create-topics 4 on `stream`, or: {command}";
    }

    /// <summary>
    /// False on the embedded broker. Asked by a request that goes to a broker: others wait for a controller, which the
    /// embedded one has not, and silence does not tell it from a Kafka in trouble.
    /// </summary>
    private static async Task<bool> HasAdminAsync(IAdminClient admin)
    {
        var broker = admin.GetMetadata(Attempt).OriginatingBrokerId.ToString(CultureInfo.InvariantCulture);
        try
        {
            await admin.DescribeConfigsAsync([new ConfigResource { Type = ResourceType.Broker, Name = broker }], new DescribeConfigsOptions { RequestTimeout = Attempt });
            return true;
        }
        catch (DescribeConfigsException exception) when (exception.Results[0].Error.Code is not ErrorCode.Local_UnsupportedFeature)
        {
            // It understood, and may have refused.
            return true;
        }
    }

    /// <summary>An answer, null from a broker that does not know the question.</summary>
    private static async Task<T?> LookUpAsync<T>(Func<Task<T>> ask, string what, KafkaClients clients)
        where T : class
    {
        const int maxTries = 3;
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await ask();
            }
            catch (KafkaException exception) when (exception.Error.Code is ErrorCode.Local_UnsupportedFeature or ErrorCode.UnsupportedVersion)
            {
                return null;
            }
            catch (KafkaException exception) when (attempt >= maxTries || exception.Error.Code is ErrorCode.TopicAuthorizationFailed or ErrorCode.ClusterAuthorizationFailed)
            {
                throw new CommandException($"Kafka at {clients.BootstrapServers} does not tell {what}: {exception.Error.Reason}", exception);
            }
            catch (KafkaException)
            {
                // A broker that just went away, or a controller that is not known yet.
            }
        }
    }
}

/// <summary>What a cluster has.</summary>
/// <param name="Partitions">Partition count of each topic.</param>
/// <param name="Missing">Topics asked for that it has not, or does not show.</param>
/// <param name="Hidden">Those among the missing that this user may not see.</param>
internal sealed record TopicFindings(IReadOnlyDictionary<string, int> Partitions, IReadOnlyList<string> Missing, IReadOnlyList<string> Hidden);
