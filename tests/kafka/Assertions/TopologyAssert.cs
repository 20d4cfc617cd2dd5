using System.Globalization;
using StreamScoring.Topology;
using StreamScoring.Topology.Serialization;
using StreamScoring.Topology.Testing;
using Xunit;

namespace StreamScoring.Testing.Assertions;

/// <summary>What a test of a topology asks again and again.</summary>
public static class TopologyAssert
{
    private const int Seeds = 8;

    /// <summary>The topic holds these keys and values, in this order, and nothing else. Reads them.</summary>
    public static void Holds<TKey, TValue>(TestOutputTopic<TKey, TValue> topic, params (TKey Key, TValue Value)[] expected)
    {
        ArgumentNullException.ThrowIfNull(topic);
        Assert.Equal(expected, topic.ReadKeyValueList().Select(static record => (record.Key, record.Value)));
    }

    /// <summary>Nothing was dead-lettered or skipped.</summary>
    public static void NothingFailed(TopologyTestDriver driver)
    {
        ArgumentNullException.ThrowIfNull(driver);
        Assert.True(
            driver is { DeadLetters: 0, Skipped: 0 },
            string.Create(CultureInfo.InvariantCulture, $"{driver.DeadLetters} records were dead-lettered and {driver.Skipped} skipped, none was expected."));
    }

    /// <summary>
    /// What comes out is the same however the input is cut into batches: runs the test under one record at a time, batches of
    /// 2, 7 and 64, and random cuts. Each key's records have to come out with the same values in the same order.
    /// </summary>
    /// <param name="topology">Makes the topology; once for each run.</param>
    /// <param name="pipe">Pipes the input; it has to be the same each time. <see cref="TopologyTestDriver.Hold"/> makes records wait for each other.</param>
    /// <param name="outputTopics">Topics to compare.</param>
    public static void IsIndependentOfBatching(
        Func<StreamTopology> topology, Action<TopologyTestDriver> pipe, params IReadOnlyList<string> outputTopics)
    {
        ArgumentNullException.ThrowIfNull(topology);
        ArgumentNullException.ThrowIfNull(pipe);
        ArgumentNullException.ThrowIfNull(outputTopics);
        var expected = Run(topology, pipe, outputTopics, TestBatching.OneByOne);
        TestBatching[] cuts = [TestBatching.Fixed(2), TestBatching.Fixed(7), TestBatching.Fixed(64), .. Enumerable.Range(1, Seeds).Select(static seed => TestBatching.Random(seed))];
        foreach (var cut in cuts)
        {
            var actual = Run(topology, pipe, outputTopics, cut);
            var name = cut.Seed is { } seed ? $"random batches, seed {seed}" : $"batches of {cut.MaxRecords}";
            foreach (var (place, values) in expected)
            {
                Assert.True(
                    actual.TryGetValue(place, out var found) && found.SequenceEqual(values, StringComparer.Ordinal),
                    $"With {name}, topic {place.Topic} holds other records of key {place.Key} than one by one.\nOne by one: {string.Join(", ", values)}\nNow:        {string.Join(", ", found ?? [])}");
            }
            Assert.True(actual.Count == expected.Count, $"With {name} there are records of keys that there are none of one by one.");
        }
    }

    private static Dictionary<(string Topic, string Key), List<string>> Run(
        Func<StreamTopology> topology, Action<TopologyTestDriver> pipe, IReadOnlyList<string> outputTopics, TestBatching batching)
    {
        using var driver = new TopologyTestDriver(topology(), new TopologyTestDriverOptions { Batching = batching });
        using (driver.Hold()) pipe(driver);
        var records = new Dictionary<(string, string), List<string>>();
        foreach (var topic in outputTopics)
        {
            foreach (var record in driver.CreateOutputTopic(topic, Serdes.ByteArray, Serdes.ByteArray).ReadRecordList())
            {
                var key = (topic, record.Key is null ? "(none)" : Convert.ToHexString(record.Key));
                if (!records.TryGetValue(key, out var values)) records.Add(key, values = []);
                values.Add(record.Value is null ? "(null)" : Convert.ToHexString(record.Value));
            }
        }
        return records;
    }
}
