using System.Collections.Concurrent;
using System.Globalization;
using Confluent.Kafka;
using Confluent.Kafka.Admin;

namespace StreamScoring.Topology.Kafka.Internal;

/// <summary>
/// The largest record that each output topic takes (<c>max.message.bytes</c>), as far as known: a broker that refuses one fails
/// the transaction with everything in it. Asked for when a broker has refused one, which is rare; not at the start, as brokers
/// that cannot tell make one wait. Topics that this user may not ask about (DescribeConfigs) stay unknown. Any thread.
/// </summary>
internal sealed class TopicLimits(KafkaStreamOptions options)
{
    private const int DefaultBatchBytes = 1_000_000;
    private const long DefaultRecordBytes = 1_000_000;
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<string, long> _known = new(StringComparer.Ordinal);
    private readonly long _client = LargestOf(options);
    private long _smallest = LargestOf(options);

    /// <summary>The largest record, in bytes, that every topic takes as far as known.</summary>
    internal long Smallest => Volatile.Read(ref _smallest);

    /// <summary>The largest record that the producer takes.</summary>
    internal static long LargestOf(KafkaStreamOptions options) =>
        options.Properties.TryGetValue("message.max.bytes", out var text) && long.TryParse(text, CultureInfo.InvariantCulture, out var bytes)
            ? bytes
            : DefaultRecordBytes;

    /// <summary>Bytes that the producer puts into one batch where no topic takes less.</summary>
    internal static long BatchBytesOf(KafkaStreamOptions options) => Math.Min(
        LargestOf(options),
        options.Properties.TryGetValue("batch.size", out var text) && int.TryParse(text, CultureInfo.InvariantCulture, out var size) ? size : DefaultBatchBytes);

    /// <summary>The largest record that a topic takes, as far as known.</summary>
    internal long LargestIn(string topic) => _known.TryGetValue(topic, out var bytes) && bytes < _client ? bytes : _client;

    /// <summary>Asks the brokers. Without an answer everything stays as it was.</summary>
    /// <returns>True where a topic takes another size than was known.</returns>
    /// <exception cref="OperationCanceledException">A stop came first.</exception>
    internal bool Read(IEnumerable<string> topics, CancellationToken stop)
    {
        var resources = topics.Distinct(StringComparer.Ordinal)
            .Select(static topic => new ConfigResource { Type = ResourceType.Topic, Name = topic }).ToList();
        if (resources.Count == 0) return false;
        using var admin = new AdminClientBuilder(ClientConfigs.Admin(options.BootstrapServers, options.Properties))
            .SetErrorHandler(static (_, _) => { })
            .SetLogHandler(static (_, _) => { })
            .Build();
        var asked = admin.DescribeConfigsAsync(resources, new DescribeConfigsOptions { RequestTimeout = Timeout });
        try
        {
            asked.Wait(stop);
            return Learn(asked.Result.Select(static result => (result.ConfigResource.Name, result.Entries)));
        }
        catch (AggregateException exception) when (exception.InnerException is DescribeConfigsException some)
        {
            return Learn(some.Results.Where(static result => !result.Error.IsError).Select(static result => (result.ConfigResource.Name, result.Entries)));
        }
        catch (AggregateException exception) when (exception.InnerException is KafkaException)
        {
            // No broker there yet, or one that cannot tell: what it refuses is found out when it does.
            return false;
        }
    }

    private bool Learn(IEnumerable<(string Topic, Dictionary<string, ConfigEntryResult> Entries)> topics)
    {
        var isNew = false;
        foreach (var (topic, entries) in topics)
        {
            if (!entries.TryGetValue("max.message.bytes", out var entry) || !long.TryParse(entry.Value, CultureInfo.InvariantCulture, out var bytes)) continue;
            isNew |= LargestIn(topic) != Math.Min(bytes, _client);
            _known[topic] = bytes;
        }
        Volatile.Write(ref _smallest, _known.Values.Append(_client).Min());
        return isNew;
    }
}

/// <summary>A topic turned out to take smaller records than was known: the worker is replaced, and the next one heeds it.</summary>
internal sealed class TopicLimitException(string message) : Exception(message);

/// <summary>What is said of records that a broker does not take.</summary>
internal static class TooLarge
{
    internal static string Learnt(IEnumerable<string> topics, TopicLimits limits) =>
        "A broker refused a record as too large: " + string.Join(", ", topics.Order(StringComparer.Ordinal).Select(
            topic => string.Create(CultureInfo.InvariantCulture, $"topic '{topic}' takes {limits.LargestIn(topic)} bytes"))) +
        ". Read again from the last commit, larger ones become dead letters.";

    internal static string Unknown(IEnumerable<string> topics) =>
        $"A broker refuses a record as too large for one of the topics {string.Join(", ", topics.Order(StringComparer.Ordinal))}, and what they take " +
        "is not known here: let this user ask (DescribeConfigs, docs/security.md), or set message.max.bytes in Kafka:Properties to " +
        "the smallest max.message.bytes among them. Larger records then become dead letters. Nothing of it was committed.";
}
