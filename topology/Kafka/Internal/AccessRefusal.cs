using System.Globalization;
using Confluent.Kafka;
using Confluent.Kafka.Admin;

namespace StreamScoring.Topology.Kafka.Internal;

/// <summary>
/// What a broker refuses this user, in words that name the missing right and how to grant it. Waiting does not help: only
/// somebody who grants it does, so that the stream stops instead of polling for ever.
/// </summary>
internal static class AccessRefusal
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    /// <summary>True where an ACL is missing.</summary>
    internal static bool Is(ErrorCode code) => code is
        ErrorCode.TopicAuthorizationFailed or ErrorCode.GroupAuthorizationFailed or
        ErrorCode.TransactionalIdAuthorizationFailed or ErrorCode.ClusterAuthorizationFailed;

    /// <summary>True where the broker does not take the password, token or certificate, or we do not take its certificate.</summary>
    internal static bool IsOfCredentials(Error error) => error.Code switch
    {
        ErrorCode.SaslAuthenticationFailed or ErrorCode.Local_Ssl => true,
        // Who gives out the tokens may be away for a while: the client asks again.
        ErrorCode.Local_Authentication => !error.Reason.Contains("acquire SASL OAUTHBEARER token", StringComparison.Ordinal),
        _ => false,
    };

    internal static string ToRead(string bootstrapServers, IEnumerable<string> topics) => Explain(bootstrapServers, "Read", "topic", topics);

    internal static string ToWrite(string bootstrapServers, IEnumerable<string> topics) => Explain(bootstrapServers, "Write", "topic", topics);

    internal static string ToJoin(string bootstrapServers, string group) => Explain(bootstrapServers, "Read", "group", [group]);

    internal static string ToUse(string bootstrapServers, string transactionalId) =>
        Explain(bootstrapServers, "Write", "transactional-id", [transactionalId]);

    /// <summary>Which settings to look at; never a value.</summary>
    internal static string OfCredentials(string bootstrapServers, IReadOnlyDictionary<string, string> properties, Error error)
    {
        var settings = properties.Keys
            .Where(static name => name.StartsWith("sasl.", StringComparison.Ordinal) || name.StartsWith("ssl.", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal).Select(static name => "Kafka:Properties:" + name).ToList();
        return $"Kafka at {bootstrapServers} and this client do not accept each other: {error.Reason.TrimEnd('.')}. Check " +
            (settings.Count > 0 ? string.Join(", ", settings) : "Kafka:Properties:security.protocol and the sasl.* or ssl.* properties it needs") + ".";
    }

    /// <summary>
    /// True where a record may not have been taken for want of a right. A user who may write no topic at all is refused the
    /// idempotent producer's id, and librdkafka then empties its queue.
    /// </summary>
    internal static bool MayBeToWrite(ErrorCode code) => code is
        ErrorCode.TopicAuthorizationFailed or ErrorCode.ClusterAuthorizationFailed or ErrorCode.Local_PurgeQueue or
        ErrorCode.Local_PurgeInflight or ErrorCode.Local_Fatal;

    /// <summary>Those of some topics that may not be written; empty also where nobody can tell.</summary>
    internal static IReadOnlyList<string> FindUnwritable(
        string bootstrapServers, IReadOnlyDictionary<string, string> properties, IReadOnlyCollection<string> topics)
    {
        using var admin = new AdminClientBuilder(ClientConfigs.Admin(bootstrapServers, properties))
            .SetErrorHandler(static (_, _) => { })
            .SetLogHandler(static (_, _) => { })
            .Build();
        List<TopicDescription> described;
        try
        {
            described = admin.DescribeTopicsAsync(
                TopicCollection.OfTopicNames(topics),
                new DescribeTopicsOptions { IncludeAuthorizedOperations = true, RequestTimeout = Timeout }).GetAwaiter().GetResult().TopicDescriptions;
        }
        catch (DescribeTopicsException exception)
        {
            described = exception.Results.TopicDescriptions;
        }
        catch (KafkaException)
        {
            return [];
        }
        return [.. described.Where(static topic => IsUnwritable(topic)).Select(static topic => topic.Name)];
    }

    private static bool IsUnwritable(TopicDescription topic) =>
        topic.Error?.Code == ErrorCode.TopicAuthorizationFailed
        || (topic.AuthorizedOperations is { Count: > 0 } may && !may.Contains(AclOperation.Write) && !may.Contains(AclOperation.All));

    private static string Explain(string bootstrapServers, string operation, string resource, IEnumerable<string> names)
    {
        var list = names.ToList();
        var options = string.Join(' ', list.Select(name => $"--{resource} {name}"));
        return string.Create(
            CultureInfo.InvariantCulture,
            $"Kafka refuses this user {operation} on {resource} {string.Join(", ", list)}. Grant it, e.g. kafka-acls.sh --bootstrap-server " +
            $"{bootstrapServers} --add --allow-principal User:NAME --operation {operation} {options}; docs/security.md lists all that is needed.");
    }
}
