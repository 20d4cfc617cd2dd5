using System.Globalization;
using System.Text;
using Confluent.Kafka;
using StreamScoring.Testing.Brokers;
using StreamScoring.Testing.Records;
using Xunit;

namespace StreamScoring.Testing.Assertions;

/// <summary>What a test of a running stream asks of the topics it wrote.</summary>
public static class KafkaAssert
{
    private const int Shown = 5;

    /// <summary>
    /// Each key is there once, and no other: nothing lost, nothing written twice. Ask it after the stream has stopped.
    /// </summary>
    /// <param name="broker">Where the topic is.</param>
    /// <param name="topic">A topic whose keys are UTF-8.</param>
    /// <param name="keys">The keys that were sent, each once.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The records, in order within each partition.</returns>
    public static IReadOnlyList<ConsumeResult<byte[], byte[]>> EachOnce(
        IKafkaBroker broker, string topic, IEnumerable<string> keys, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(keys);
        var records = KafkaRecords.ConsumeAll(broker, [topic], null, cancellationToken);
        var left = keys.ToHashSet(StringComparer.Ordinal);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        List<string> twice = [], strange = [];
        foreach (var key in records.Select(KeyOf))
        {
            if (left.Remove(key)) seen.Add(key);
            else (seen.Contains(key) ? twice : strange).Add(key);
        }
        Assert.True(
            left.Count + twice.Count + strange.Count == 0,
            $"Topic {topic} on {broker.Name}: {Some(left, "missing")}, {Some(twice, "there more than once")}, {Some(strange, "never sent")}.");
        return records;
    }

    /// <summary>The records of each key carry rising numbers.</summary>
    /// <param name="records">Records of one topic, in order within each partition.</param>
    /// <param name="number">A record's number.</param>
    public static void InOrderForEachKey(IEnumerable<ConsumeResult<byte[], byte[]>> records, Func<ConsumeResult<byte[], byte[]>, long> number)
    {
        ArgumentNullException.ThrowIfNull(records);
        ArgumentNullException.ThrowIfNull(number);
        var last = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var record in records)
        {
            var (key, current) = (KeyOf(record), number(record));
            Assert.True(
                !last.TryGetValue(key, out var before) || before < current,
                string.Create(CultureInfo.InvariantCulture, $"{record.Topic}-{record.Partition.Value}@{record.Offset.Value}, key {key}: {current} comes after {before}."));
            last[key] = current;
        }
    }

    private static string KeyOf(ConsumeResult<byte[], byte[]> record) => record.Message.Key is { } key ? Encoding.UTF8.GetString(key) : "(none)";

    private static string Some(IReadOnlyCollection<string> keys, string what) =>
        string.Create(CultureInfo.InvariantCulture, $"{keys.Count} {what}{(keys.Count == 0 ? "" : $" ({string.Join(", ", keys.Take(Shown))}{(keys.Count > Shown ? ", …" : "")})")}");
}
